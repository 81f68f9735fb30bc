import { entriesFor, readDockerConfig, type KeyringEntry } from "./kubernetes/kubelet-keyring.ts";
import { MeantToGo, type Place } from "./meant-to-go.ts";
import {
  configText,
  foreignEntries,
  foreignMarks,
  isPullSecret,
  registryEntries,
  watchedMarks,
} from "./pull-secret-content.ts";
import { TruthfulPuller } from "./truthful-puller.ts";
import { isLivingKey, taggedKey, unknownKeys, type TaggedKey } from "./watched-keys.ts";
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

/** One pull secret as it was at the last check. */
interface SecretState {
  readonly uid: string;
  /** Entries of foreign hosts, by key. */
  readonly foreignEntries: Readonly<Record<string, string>>;
  readonly foreignMarks: Readonly<Record<string, string>>;
  readonly malformed: string | undefined;
  /** Its entries, each as key, user name and password. */
  readonly entries: ReadonlySet<string>;
  /** Whether the secret may be deleted with the content that it had. */
  readonly mayGo: () => boolean;
}

/**
 * What must hold after every single write of the program under test, so that a crash at any moment breaks no pull:
 *
 * - I1 every secret that could pull an image still can
 * - I3 no password that is not the program's has been removed
 * - I4 an application has at most `maxLiveKeys` living keys of one cluster
 * - I5 every entry of a registry signs in as long as it exists, however its host is spelled, because readers differ
 *   in which of several entries they take: no password is retired while a secret holds it, no retired password is
 *   written to a secret again, and the program writes no entry that does not sign in
 * - I6 every pull secret parses, and holds the hosts that its marks name, unless the marks are pending
 * - I7 foreign hosts, labels, annotations and pull secrets of service accounts are unchanged
 * - I8 no pull secret was deleted or recreated
 *
 * What a test declares as meant to go may be removed, in this order: an entry is removed from a secret before its key
 * or its role is, and a secret or link is removed only if it holds nothing of others. Everything else is still
 * watched.
 *
 * A password that merely expires is not a violation. Violations are collected, not thrown, because the write has
 * already happened. I2, no key is ever unknown, is checked by `unknownKeys` when a run has ended.
 */
export class Invariants {
  readonly violations: Violation[] = [];
  /** Two while a key is being replaced. A crash leaves one more until the next run. */
  maxLiveKeys = 2;
  /** What the program under test is meant to remove. */
  readonly meantToGo = new MeantToGo();
  readonly #world: World;
  readonly #seen = new Set<string>();
  readonly #secrets = new Map<string, SecretState>();
  readonly #accounts = new Map<string, readonly string[]>();
  /** Images that each secret could pull at some time, and the credentials in it that worked. */
  readonly #pulls = new Map<string, Set<string>>();
  readonly #working = new Map<string, Map<string, KeyringEntry>>();
  readonly #foreignKeys = new Set<string>();
  /** Passwords that signed in at the last check, and those that were removed while they still did. */
  readonly #living = new Set<string>();
  readonly #retired = new Set<string>();
  #after = "";

  constructor(world: World) {
    this.#world = world;
  }

  /** Takes the current state as correct, and checks after each write from now on. */
  watch(): void {
    for (const state of [this.#secrets, this.#accounts, this.#pulls, this.#working]) state.clear();
    for (const known of [this.#foreignKeys, this.#living, this.#retired]) known.clear();
    this.#world.committed = (what) => {
      this.#check(what);
    };
    const before = this.violations.length;
    this.#check("the start");
    // The program under test did not cause what was wrong at the start.
    this.violations.length = before;
  }

  /**
   * I2: living keys of the program that no secret holds and no mark names. There must be none after a run has ended
   * or was killed. The caller subtracts the keys that a run reports as left behind.
   */
  unknownKeys(): readonly TaggedKey[] {
    return unknownKeys(this.#world);
  }

  #check(after: string): void {
    this.#after = after;
    this.#checkKeys();
    const pulls = new TruthfulPuller(this.#world);
    const present = new Set<string>();
    for (const cluster of this.#world.clusters) {
      for (const secret of cluster.objects["secrets"] ?? []) {
        if (!isPullSecret(secret)) continue;
        const { namespace = "" } = secret.metadata;
        const name = `secret ${cluster.context} ${namespace}/${secret.metadata.name}`;
        present.add(name);
        this.#checkSecret(name, secret, { context: cluster.context, namespace }, pulls);
      }
      for (const account of cluster.objects["serviceaccounts"] ?? []) {
        const { namespace = "", name } = account.metadata;
        const place = { context: cluster.context, namespace };
        this.#checkAccount(`service account ${cluster.context} ${namespace}/${name}`, account, place);
      }
    }
    for (const [name, { mayGo, foreignEntries: foreign }] of this.#secrets) {
      if (present.has(name)) continue;
      this.#secrets.delete(name);
      if (mayGo()) {
        this.#pulls.delete(name);
        this.#working.delete(name);
      } else if (this.#pulls.get(name)?.size) this.#violated("I8", `${name}, which could pull, is gone`);
      else if (Object.keys(foreign).length > 0)
        this.#violated("I8", `${name}, which held other hosts, is gone`);
    }
  }

  #checkKeys(): void {
    const now = Date.now();
    for (const application of this.#world.applications) {
      const { appId, passwords, softDeleted, removedAt } = application;
      const gone = softDeleted || removedAt !== undefined;
      const ours = new Map<string, number>();
      for (const password of passwords) {
        const { keyId, removedAt: passwordRemovedAt, secretText } = password;
        const living = isLivingKey(application, password, now);
        const credential = credentialText(appId, secretText);
        if (living) this.#living.add(credential);
        else if (this.#living.delete(credential) && isRetired(password)) this.#retired.add(credential);
        const key = taggedKey(application, password);
        if (key) {
          if (living) ours.set(key.clusterId, (ours.get(key.clusterId) ?? 0) + 1);
        } else if (!gone && passwordRemovedAt === undefined) this.#foreignKeys.add(keyId);
        else if (this.#foreignKeys.has(keyId)) {
          this.#violated("I3", `foreign password ${keyId} of ${appId} was removed`);
        }
      }
      for (const [clusterId, count] of ours) {
        if (count > this.maxLiveKeys) {
          this.#violated("I4", `${appId} has ${count} living keys of cluster ${clusterId}`);
        }
      }
    }
  }

  #checkSecret(name: string, secret: KubernetesObject, place: Place, pulls: TruthfulPuller): void {
    const text = configText(secret);
    const entries = readDockerConfig(text);
    const known = this.#secrets.get(name);
    const { uid } = secret.metadata;
    if (known && known.uid !== uid) this.#violated("I8", `${name} was recreated`);

    if (!entries) {
      if (known?.malformed !== text) this.#violated("I6", `${name} does not parse`);
    } else {
      const marks = watchedMarks(secret);
      for (const [host, { pending }] of Object.entries(marks)) {
        if (pending === undefined && entriesFor(entries, `${host}/`).length === 0) {
          this.#violated("I6", `${name} is missing ${host}`);
        }
      }
      this.#checkEntries(name, entries, new Set(Object.keys(marks)), pulls);
      this.#checkPulls(name, entries, pulls, (image) =>
        this.meantToGo.mayLose(place, secret.metadata.name, image),
      );
    }

    const state: SecretState = {
      uid,
      foreignEntries: entries ? foreignEntries(text, pulls.loginServers) : {},
      foreignMarks: foreignMarks(secret),
      malformed: entries ? undefined : text,
      entries: new Set(entries?.map(entryText)),
      mayGo: () => this.meantToGo.mayDelete(place, secret, entries ?? [], pulls.images),
    };
    if (known && entries && known.malformed === undefined) {
      this.#compare(`${name}: host`, known.foreignEntries, state.foreignEntries);
    }
    if (known) this.#compare(name, known.foreignMarks, state.foreignMarks);
    this.#secrets.set(name, state);
  }

  /** Each entry of a registry by itself: a reader that takes one match, in no known order, may take any of them. */
  #checkEntries(
    name: string,
    entries: readonly KeyringEntry[],
    marked: ReadonlySet<string>,
    pulls: TruthfulPuller,
  ): void {
    const before = this.#secrets.get(name)?.entries;
    for (const loginServer of pulls.loginServers) {
      for (const entry of registryEntries(entries, loginServer, pulls.images)) {
        if (this.#retired.has(credentialText(entry.username, entry.password))) this.#heldRetired(name, entry);
        else if (
          marked.has(loginServer) &&
          before?.has(entryText(entry)) !== true &&
          !pulls.signsIn(loginServer, entry)
        ) {
          this.#violated("I5", `${name} was given a password under ${entry.key} that does not sign in`);
        }
      }
    }
  }

  #checkPulls(
    name: string,
    entries: readonly KeyringEntry[],
    pulls: TruthfulPuller,
    mayLose: (image: string) => boolean,
  ): void {
    const pullable = itemIn(this.#pulls, name, () => new Set<string>());
    const working = itemIn(this.#working, name, () => new Map<string, KeyringEntry>());
    const held = new Set<string>();
    for (const image of pulls.images) {
      const workedBefore = [...working].filter(([credential]) => credential.startsWith(`${image} `));
      let can = false;
      for (const entry of entriesFor(entries, image)) {
        const credential = `${image} ${entryText(entry)}`;
        held.add(credential);
        if (pulls.can(image, entry)) {
          can = true;
          working.set(credential, entry);
        } else if (working.has(credential) && !pulls.hasExpired(entry)) this.#heldRetired(name, entry);
      }
      if (can) pullable.add(image);
      else if (!pullable.has(image)) continue;
      else if (workedBefore.every(([, entry]) => pulls.hasExpired(entry))) pullable.delete(image);
      // Removed on purpose, before anything was done to its credential.
      else if (mayLose(image) && entriesFor(entries, image).length === 0) pullable.delete(image);
      else this.#violated("I1", `${name} can no longer pull ${image}`);
    }
    for (const [credential, entry] of working) {
      if (!held.has(credential) || pulls.hasExpired(entry)) working.delete(credential);
    }
  }

  #heldRetired(name: string, { key }: KeyringEntry): void {
    this.#violated("I5", `${name} holds a retired password under ${key}`);
  }

  #checkAccount(name: string, account: KubernetesObject, place: Place): void {
    const list = Array.isArray(account["imagePullSecrets"]) ? account["imagePullSecrets"] : [];
    const now = list.map((reference: { name?: string }) => reference.name ?? "");
    const before = this.#accounts.get(name) ?? [];
    const kept = now.filter((secret) => before.includes(secret));
    const due = before.filter((secret) => now.includes(secret) || !this.meantToGo.mayUnlink(place, secret));
    if (kept.join("\n") !== due.join("\n")) {
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
        this.#violated("I7", `${name} ${key} ${key in now ? "was changed" : "was removed"}`);
      }
    }
  }

  #violated(invariant: string, what: string): void {
    const seen = `${invariant} ${what}`;
    if (this.#seen.has(seen)) return;
    this.#seen.add(seen);
    this.violations.push({ invariant, what, after: this.#after });
  }
}

function isRetired({ removedAt, endDateTime }: PasswordRecord): boolean {
  return removedAt !== undefined && removedAt < Date.parse(endDateTime);
}

function credentialText(username: string, password: string): string {
  return `${username.toLowerCase()} ${password}`;
}

function entryText({ key, username, password }: KeyringEntry): string {
  return `${key} ${username} ${password}`;
}

function itemIn<T>(map: Map<string, T>, key: string, make: () => T): T {
  let item = map.get(key);
  if (item === undefined) map.set(key, (item = make()));
  return item;
}
