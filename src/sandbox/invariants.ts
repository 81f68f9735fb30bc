import { entriesFor, readDockerConfig, type KeyringEntry } from "./kubernetes/kubelet-keyring.ts";
import { pullRights } from "./container-registry/pull-rights.ts";
import type { KubernetesObject, PasswordRecord, World } from "./world.ts";

/** Something that must never happen, and did. */
export interface Violation {
  /** `I1` to `I8`. */
  readonly invariant: string;
  /** What is wrong, in a sentence. */
  readonly what: string;
  /** The write after which it was seen. */
  readonly after: string;
}

/** What one pull secret was when it was last seen in order. */
interface SecretState {
  readonly uid: string;
  /** Of foreign hosts, by key. */
  readonly foreignEntries: Readonly<Record<string, string>>;
  readonly foreignMarks: Readonly<Record<string, string>>;
  readonly malformed: string | undefined;
}

const configKey = ".dockerconfigjson";

/**
 * What must hold after every single write of the program under test, so that a crash at any moment breaks no pull:
 *
 * - I1 every secret that could pull an image still can
 * - I3 no password that is not the program's has been removed
 * - I4 an application has at most `maxLiveKeys` living keys of one cluster
 * - I5 no password has been retired that a secret still holds
 * - I6 every pull secret parses, and holds the hosts that its marks speak of unless they are pending
 * - I7 foreign hosts, labels, annotations and pull secrets of service accounts are as they were
 * - I8 no pull secret was deleted or made anew
 *
 * Violations are collected, not thrown: the write has happened.
 */
export class Invariants {
  readonly violations: Violation[] = [];
  /** 2 while a key is being replaced; a crash leaves one more until the next run. */
  maxLiveKeys = 2;
  readonly #world: World;
  readonly #seen = new Set<string>();
  readonly #secrets = new Map<string, SecretState>();
  readonly #accounts = new Map<string, readonly string[]>();
  /** Images that each secret could pull at some time, and credentials in it that worked. */
  readonly #pulls = new Map<string, Set<string>>();
  readonly #working = new Map<string, Set<string>>();
  readonly #foreignKeys = new Set<string>();
  #after = "";

  constructor(world: World) {
    this.#world = world;
  }

  /** Takes what is there now as in order, and looks after each write from now on. */
  watch(): void {
    for (const state of [this.#secrets, this.#accounts, this.#pulls, this.#working]) state.clear();
    this.#foreignKeys.clear();
    this.#world.committed = (what) => {
      this.#check(what);
    };
    const before = this.violations.length;
    this.#check("the start");
    // What was wrong at the start is nobody's doing.
    this.violations.length = before;
  }

  #check(after: string): void {
    this.#after = after;
    this.#checkKeys();
    const pulls = this.#puller();
    const present = new Set<string>();
    for (const cluster of this.#world.clusters) {
      for (const secret of cluster.objects["secrets"] ?? []) {
        if (secret["type"] !== "kubernetes.io/dockerconfigjson") continue;
        const name = `secret ${cluster.context} ${secret.metadata.namespace}/${secret.metadata.name}`;
        present.add(name);
        this.#checkSecret(name, secret, pulls);
      }
      for (const account of cluster.objects["serviceaccounts"] ?? []) {
        const { namespace, name } = account.metadata;
        this.#checkAccount(`service account ${cluster.context} ${namespace}/${name}`, account);
      }
    }
    for (const name of this.#secrets.keys()) {
      if (present.has(name)) continue;
      if (this.#pulls.get(name)?.size) this.#violated("I8", `${name}, which could pull, is gone`);
      this.#secrets.delete(name);
    }
  }

  #checkKeys(): void {
    const now = Date.now();
    for (const { appId, passwords, softDeleted, removedAt } of this.#world.applications) {
      const gone = softDeleted || removedAt !== undefined;
      const lives = (password: PasswordRecord): boolean => !gone && password.removedAt === undefined;
      const ours = new Map<string, number>();
      for (const password of passwords) {
        const { keyId, displayName } = password;
        const clusterId = /^acr-pull\/(?<cluster>[^/]+)\//.exec(displayName ?? "")?.groups?.["cluster"];
        if (clusterId === undefined) {
          if (lives(password)) this.#foreignKeys.add(keyId);
          else if (this.#foreignKeys.has(keyId)) {
            this.#violated("I3", `foreign password ${keyId} of ${appId} was removed`);
          }
        } else if (lives(password) && Date.parse(password.endDateTime) > now) {
          ours.set(clusterId, (ours.get(clusterId) ?? 0) + 1);
        }
      }
      for (const [clusterId, count] of ours) {
        if (count > this.maxLiveKeys) {
          this.#violated("I4", `${appId} has ${count} living keys of cluster ${clusterId}`);
        }
      }
    }
  }

  #checkSecret(name: string, secret: KubernetesObject, pulls: Puller): void {
    const text = configText(secret);
    const entries = readDockerConfig(text);
    const known = this.#secrets.get(name);
    const { uid } = secret.metadata;
    if (known && known.uid !== uid) this.#violated("I8", `${name} was made anew`);

    if (!entries) {
      if (known?.malformed !== text) this.#violated("I6", `${name} does not parse`);
    } else {
      for (const host of markedHosts(secret)) {
        if (entriesFor(entries, `${host}/`).length === 0) this.#violated("I6", `${name} lacks ${host}`);
      }
      this.#checkPulls(name, entries, pulls);
    }

    const state: SecretState = {
      uid,
      foreignEntries: entries ? foreignEntries(text, pulls.loginServers) : {},
      foreignMarks: foreignMarks(secret),
      malformed: entries ? undefined : text,
    };
    if (known && entries && known.malformed === undefined) {
      this.#compare(`${name}: host`, known.foreignEntries, state.foreignEntries);
    }
    if (known) this.#compare(name, known.foreignMarks, state.foreignMarks);
    this.#secrets.set(name, state);
  }

  #checkPulls(name: string, entries: readonly KeyringEntry[], pulls: Puller): void {
    const pullable = setIn(this.#pulls, name);
    const working = setIn(this.#working, name);
    const held = new Set<string>();
    for (const image of pulls.images) {
      const matching = entriesFor(entries, image);
      let can = false;
      for (const entry of matching) {
        const credential = `${image} ${entry.key} ${entry.username} ${entry.password}`;
        held.add(credential);
        if (pulls.can(image, entry)) {
          can = true;
          working.add(credential);
        } else if (working.has(credential)) {
          this.#violated("I5", `${name} holds under ${entry.key} a password that was retired`);
        }
      }
      if (can) pullable.add(image);
      else if (pullable.has(image)) this.#violated("I1", `${name} can no longer pull ${image}`);
    }
    for (const credential of working) if (!held.has(credential)) working.delete(credential);
  }

  #checkAccount(name: string, account: KubernetesObject): void {
    const list = Array.isArray(account["imagePullSecrets"]) ? account["imagePullSecrets"] : [];
    const now = list.map((reference: { name?: string }) => reference.name ?? "");
    const before = this.#accounts.get(name) ?? [];
    const kept = now.filter((secret) => before.includes(secret));
    if (kept.join("\n") !== before.join("\n")) {
      this.#violated("I7", `${name}: pull secrets were ${before.join(", ")} and are ${now.join(", ")}`);
    }
    this.#accounts.set(name, now);
  }

  #compare(
    name: string,
    before: Readonly<Record<string, string>>,
    now: Readonly<Record<string, string>>,
  ): void {
    for (const [key, value] of Object.entries(before)) {
      if (now[key] !== value) {
        this.#violated("I7", `${name} ${key} ${key in now ? "was changed" : "was taken away"}`);
      }
    }
  }

  #puller(): Puller {
    const { registries } = this.#world;
    const answers = new Map<string, boolean>();
    const repositories = new Map<string, { registry: (typeof registries)[number]; repository: string }>();
    for (const registry of registries) {
      // An empty registry grants or refuses a pull as well.
      for (const { repository } of [
        ...registry.images,
        ...(registry.images.length ? [] : [{ repository: "any" }]),
      ]) {
        repositories.set(`${registry.loginServer}/${repository}`, { registry, repository });
      }
    }
    return {
      images: [...repositories.keys()],
      loginServers: registries.map(({ loginServer }) => loginServer),
      can: (image, { username, password }) => {
        const question = `${image} ${username} ${password}`;
        const known = answers.get(question);
        const target = repositories.get(image);
        if (known !== undefined || !target) return known ?? false;
        const rights = pullRights(this.#world, target.registry, username, password);
        const answer = rights.kind === "admitted" && rights.rights.allows("pull", target.repository);
        answers.set(question, answer);
        return answer;
      },
    };
  }

  #violated(invariant: string, what: string): void {
    const seen = `${invariant} ${what}`;
    if (this.#seen.has(seen)) return;
    this.#seen.add(seen);
    this.violations.push({ invariant, what, after: this.#after });
  }
}

/** Tries credentials at the registries, by the truth of the writes; lives for one look. */
interface Puller {
  /** Every repository there is, `LOGIN_SERVER/REPOSITORY`. */
  readonly images: readonly string[];
  readonly loginServers: readonly string[];
  can(image: string, credential: KeyringEntry): boolean;
}

function configText(secret: KubernetesObject): string {
  const data = secret["data"] as Record<string, string> | undefined;
  return Buffer.from(data?.[configKey] ?? "", "base64").toString();
}

/** Login servers of the secret's entries that are in place: those without a pending mark. */
function markedHosts(secret: KubernetesObject): string[] {
  try {
    const marks: unknown = JSON.parse(secret.metadata.annotations?.["acr-pull/entries"] ?? "{}");
    return Object.entries(marks as Record<string, { pending?: unknown }>)
      .filter(([, mark]) => mark.pending === undefined)
      .map(([host]) => host);
  } catch {
    return [];
  }
}

function foreignEntries(text: string, loginServers: readonly string[]): Record<string, string> {
  const { auths = {} } = JSON.parse(text) as { auths?: Record<string, unknown> | null };
  return Object.fromEntries(
    Object.entries(auths ?? {})
      .filter(([key]) => !loginServers.includes(key.replace(/^https?:\/\//, "").replace(/\/.*$/, "")))
      .map(([key, entry]) => [key, JSON.stringify(entry)]),
  );
}

function foreignMarks({ metadata }: KubernetesObject): Record<string, string> {
  const marks = [
    ...Object.entries(metadata.labels ?? {}).map(([key, value]) => [`label ${key}`, key, value] as const),
    ...Object.entries(metadata.annotations ?? {}).map(
      ([key, value]) => [`annotation ${key}`, key, value] as const,
    ),
  ];
  return Object.fromEntries(
    marks
      .filter(([, key]) => !key.startsWith("acr-pull/") && key !== "app.kubernetes.io/managed-by")
      .map(([name, , value]) => [name, value]),
  );
}

function setIn(map: Map<string, Set<string>>, key: string): Set<string> {
  let set = map.get(key);
  if (!set) map.set(key, (set = new Set()));
  return set;
}
