import { readPullSecret, type PullSecret } from "../../../src/domain/pull-secret.ts";
import { formatDockerConfig, withCredential } from "../../../src/domain/docker-config.ts";
import { SecretText } from "../../../src/domain/secret-text.ts";
import { sha256, type Key, type MadeKey, type State } from "../../../src/domain/state.ts";
import type { Identity } from "../../../src/engine/identity.ts";
import type { Step } from "../../../src/engine/step.ts";
import type { Seen } from "../../../src/engine/world.ts";

export const loginServer = "myregistry.azurecr.io";
export const now = new Date("2030-06-01T00:00:00Z");
const day = 86_400_000;
const at = (days: number) => new Date(now.getTime() + days * day).toISOString();

/** A key with the password `password of NAME`, made a day ago for 180 days unless it says otherwise. */
export function key(name: string, more: Partial<Key> = {}): MadeKey {
  return {
    name,
    namedAt: at(-1),
    id: `id of ${name}`,
    madeAt: at(-1),
    expiresAt: at(179),
    sha256: sha256(`password of ${name}`),
    ...more,
  };
}

export const over = at(-0.5);
export const later = at(1);

/** A target's secret, with the passwords of these keys; undefined if there is none. */
function secret(namespace: string, [plain, overlap]: readonly string[]): PullSecret {
  const credential = (name: string) => ({ username: "app", password: new SecretText(`password of ${name}`) });
  const config = withCredential(
    { auths: {} },
    loginServer,
    credential(plain ?? ""),
    overlap === undefined ? undefined : credential(overlap),
  );
  return readPullSecret({
    namespace,
    name: "acr-secret",
    uid: namespace,
    resourceVersion: "1",
    type: "kubernetes.io/dockerconfigjson",
    immutable: false,
    labels: { "acr-pull/managed": "true" },
    annotations: { "acr-pull/expires-at": at(179) },
    data: { ".dockerconfigjson": formatDockerConfig(config) },
    ownerReferences: [],
    managers: [],
    finalizers: [],
    deleting: false,
  });
}

const identityStep = (action: Step["action"], kind: Step["kind"], name: string): Step => ({
  action,
  kind,
  name,
  run: () => Promise.resolve(),
});

/** An identity that lacks nothing, unless it says otherwise. */
export function identity(more: Partial<Identity> = {}): Identity {
  return {
    record: { kind: "service-principal", id: "object", userName: "app", displayName: "app" },
    keys: [],
    mostKeys: Number.POSITIVE_INFINITY,
    proof: { times: 3, spreadMs: 0 },
    toMake: () => [],
    toGrant: () => [],
    toRevoke: () => [],
    regrant: () => Promise.resolve(),
    toRemove: () => [identityStep("remove", "role", "AcrPull"), identityStep("remove", "application", "app")],
    listKeys: () => Promise.resolve([]),
    makeKey: () => Promise.reject(new Error("not here")),
    removeKey: () => Promise.reject(new Error("not here")),
    ...more,
  };
}

/** What was seen of an installation: its keys, and the passwords that each target holds, the plain one first. */
export function seen(
  keys: readonly Key[],
  holding: Readonly<Record<string, readonly string[]>>,
  more: Partial<Seen> & { readonly stateMore?: Partial<State> } = {},
): Seen {
  const { stateMore, ...rest } = more;
  const targets = Object.keys(holding).map((namespace) => ({
    namespace,
    secret: "acr-secret",
    serviceAccounts: [],
  }));
  const state: State = {
    version: 1,
    seed: "s".repeat(43),
    uid: "uid",
    registry: { id: "/registry", loginServer },
    identity: { kind: "service-principal", id: "object", userName: "app", displayName: "app" },
    role: { name: "acrpull", repositories: [] },
    keys,
    targets,
    ...stateMore,
  };
  const held = new Set(Object.values(holding).flat());
  return {
    registry: { id: "/registry", name: "myregistry", loginServer },
    state,
    isNew: false,
    replaces: undefined,
    documents: undefined,
    place: { name: "acr-pull/acr-pull.myregistry.azurecr.io", namespace: "acr-pull", exists: true },
    identity: identity(),
    context: "kind",
    now,
    namespaces: new Map(
      targets.map(({ namespace }) => [namespace, { name: namespace, uid: namespace, terminating: false }]),
    ),
    closed: new Set(),
    secrets: new Map(
      Object.entries(holding).map(([namespace, names]) => [
        `${namespace}/acr-secret`,
        names.length === 0 ? undefined : secret(namespace, names),
      ]),
    ),
    accounts: new Map(),
    passwords: new Map(
      [...held].map((name) => [sha256(`password of ${name}`), new SecretText(`password of ${name}`)]),
    ),
    refused: new Set(),
    given: undefined,
    ...rest,
  };
}

/** A plan as lines: action, kind, name. */
export function linesOf(steps: readonly Step[]): string[] {
  return steps.map(({ action, kind, name, refusal }) =>
    [action, kind, kind === "state" ? "" : name, refusal?.code ?? ""].filter((part) => part !== "").join(" "),
  );
}
