import fc from "fast-check";
import { expect } from "vitest";
import { ActionableError } from "../../src/domain/errors.ts";
import { SecretText } from "../../src/domain/secret-text.ts";
import { pullRights } from "../../src/sandbox/container-registry/pull-rights.ts";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { ApplicationRecord } from "../../src/sandbox/world.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { restore, snapshotOf, type Snapshot } from "../crash/world-snapshot.ts";
import { dockerConfigOf, secretOf } from "../program.ts";
import { virtualRun, type VirtualRun } from "../virtual-time.ts";
import { setUp } from "./already-set-up.ts";
import { addSecret } from "./rotation.ts";

const dayMs = 86_400_000;
const victimId = "99999999-2222-4333-8444-555555555555";
const victimText = "Vic8Q~password-of-the-victim-0123456789";
const honest = ["awesomeapps", "kube-public"];
const bogus = "deadbeef-0000-4000-8000-000000000000";

const worldOptions: SandboxOptions = {
  applications: [
    {
      displayName: "victim",
      appId: victimId,
      owners: ["caller"],
      passwords: [{ displayName: "by hand", secretText: victimText }],
    },
  ],
  clusters: [
    {
      context: "sandbox",
      users: [
        {
          context: "narrow",
          namespace: "default",
          rules: [
            { verbs: ["get", "create", "patch"], resources: ["secrets"], namespaces: ["default"] },
            { verbs: ["get"], resources: ["namespaces"] },
          ],
        },
      ],
    },
    { context: "sandbox-staging" },
  ],
};

/** Who owns what a part of a planted mark names. */
type Whose = "ours" | "staging" | "victim" | "nobody";

/** What somebody planted in the namespace default. Each part says whose it is. */
interface Planted {
  readonly name: "acr-secret" | "planted";
  readonly host: "ours" | "other" | "foreign";
  readonly registry: "ours" | "other" | "none";
  readonly cluster: "ours" | "staging" | "nobody";
  readonly application: Whose | undefined;
  readonly key: Whose | "null";
  readonly expiresAt: string | null;
  readonly password: Whose | "like ours" | "none";
  readonly pending:
    | { readonly by: Whose; readonly sweep: readonly Whose[]; readonly ageMs: number; readonly here: boolean }
    | undefined;
  readonly retire:
    | {
        readonly key: Whose | "null";
        readonly due: boolean;
        readonly why: "compromised" | undefined;
      }
    | undefined;
  readonly immutable: boolean;
}

const whose = fc.constantFrom<Whose>("ours", "staging", "victim", "nobody");
const planteds: fc.Arbitrary<Planted> = fc.noBias(
  fc.record({
    name: fc.constantFrom("acr-secret", "planted"),
    host: fc.constantFrom("ours", "ours", "ours", "other", "foreign"),
    registry: fc.constantFrom("ours", "ours", "other", "none"),
    cluster: fc.constantFrom("ours", "ours", "ours", "staging", "nobody"),
    application: fc.constantFrom("ours", "ours", "victim", "victim", "staging", "nobody", undefined),
    key: fc.constantFrom("ours", "staging", "victim", "nobody", "null"),
    expiresAt: fc.constantFrom(null, "2020-01-01T00:00:00Z", "9999-12-30T00:00:00Z"),
    password: fc.constantFrom("ours", "victim", "victim", "staging", "nobody", "like ours", "none"),
    pending: fc.option(
      fc.record({
        by: whose,
        sweep: fc.array(whose, { maxLength: 3 }),
        ageMs: fc.constantFrom(-30_000, 0, 30_000, 3_600_000),
        here: fc.boolean(),
      }),
      { nil: undefined },
    ),
    retire: fc.option(
      fc.record({
        key: fc.constantFrom("ours", "staging", "victim", "nobody", "null"),
        due: fc.boolean(),
        why: fc.constantFrom(undefined, "compromised"),
      }),
      { nil: undefined },
    ),
    immutable: fc.oneof(
      { weight: 9, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
  }),
);

const rotating = { agreedTo: undefined, settleMs: 2_000 };
const removing = { settleMs: 2_000 };

/** Every command that relies on marks, for a cluster whose namespace default is in somebody else's hands. */
export const commands: ReadonlyArray<{
  readonly name: string;
  readonly run: (run: VirtualRun) => Promise<unknown>;
  /** Whether a person named the namespace, so it may be given a key. */
  readonly gives?: true;
  /** Whether it removes what the cluster itself has. */
  readonly removes?: true;
}> = [
  { name: "setup -n default", gives: true, run: (run) => run.setup({ namespaces: ["default"] }) },
  { name: "setup -n awesomeapps", run: (run) => run.setup({}) },
  {
    name: "setup -n default without list",
    gives: true,
    run: (run) => run.setup({ namespaces: ["default"] }, ["narrow"]),
  },
  { name: "rotate", run: (run) => run.rotate(rotating) },
  {
    name: "rotate --if-due",
    run: (run) => run.rotate({ ...rotating, ifDue: true }),
  },
  {
    name: "rotate --compromised",
    run: (run) => run.rotate({ ...rotating, intent: "compromised", namespaces: honest }),
  },
  { name: "rotate --finish", run: (run) => run.rotate({ ...rotating, intent: "finish" }) },
  { name: "status", run: (run) => run.status() },
  { name: "remove --dry-run", run: (run) => run.remove({ ...removing, dryRun: true }) },
  { name: "remove -n default", run: (run) => run.remove({ ...removing, namespaces: ["default"] }) },
  { name: "remove", removes: true, run: (run) => run.remove(removing) },
];

/** Worlds for consecutive seeds. What one of them changes is undone for the next. */
export class PlantedWorlds {
  #open: { sandbox: Sandbox; run: VirtualRun; snapshot: Snapshot; uses: number } | undefined;
  /** How many commands ran, and how many of them finished instead of refusing. */
  readonly counts = { runs: 0, finished: 0 };

  /**
   * Plants what a seed stands for, and runs every command on it.
   * @throws the failed expectation
   */
  async tryAll(seed: number): Promise<void> {
    const [planted] = fc.sample(planteds, { seed, numRuns: 1 });
    if (!planted) throw new Error("a sample of one is one");
    for (const command of commands) await this.#tryOne(planted, command);
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    open?.run.end();
    await open?.sandbox.close();
  }

  async #tryOne(planted: Planted, command: (typeof commands)[number]): Promise<void> {
    const { sandbox, run, snapshot } = await this.#world();
    restore(sandbox, snapshot);
    plant(sandbox, planted);
    const before = foreignState(sandbox);
    const held = passwordsIn(sandbox, planted.name);
    this.counts.runs += 1;
    try {
      await command.run(run);
      this.counts.finished += 1;
    } catch (error) {
      if (!(error instanceof ActionableError))
        throw new Error(`${command.name} with ${JSON.stringify(planted)}`, { cause: error });
    }
    expectOthersAsBefore(sandbox, planted, command, { before, held });
  }

  async #world() {
    if (this.#open && this.#open.uses > 600) await this.close();
    this.#open ??= await openWorld();
    this.#open.uses += 1;
    return this.#open;
  }
}

/**
 * Nothing of others changed, and the honest namespaces can pull. The planted secret was given no password unless a
 * person named its namespace or it already showed our password.
 */
function expectOthersAsBefore(
  sandbox: Sandbox,
  planted: Planted,
  command: (typeof commands)[number],
  { before, held }: { readonly before: unknown; readonly held: readonly string[] },
): void {
  const what = `${command.name} with ${JSON.stringify(planted)}`;
  expect(foreignState(sandbox), `of others, by ${what}`).toEqual(before);
  const pulling = command.removes ? [] : honest;
  for (const namespace of pulling) expect(pulls(sandbox, namespace), `${namespace}, by ${what}`).toBe(true);
  const showsOurs = planted.password === "ours" || planted.password === "like ours";
  if (command.gives || showsOurs) return;
  const living = livingTexts(sandbox);
  const texts = passwordsIn(sandbox, planted.name);
  const given = texts.filter((text) => !held.includes(text) && living.has(text));
  expect(given, `given to the planted secret, by ${what}`).toEqual([]);
}

async function openWorld() {
  const sandbox = await startSandbox(worldOptions);
  sandbox.world.committed = () => undefined;
  setUp(sandbox, { namespaces: honest, ageDays: 130 });
  setUp(sandbox, { context: "sandbox-staging", secretName: "own" });
  const run = virtualRun(sandbox);
  await run.setup({ servicePrincipal: victimId, knownPassword: new SecretText(victimText) }, [
    "sandbox-staging",
  ]);
  return { sandbox, run, snapshot: snapshotOf(sandbox), uses: 0 };
}

function applicationOf({ world }: Sandbox, which: Whose): ApplicationRecord | undefined {
  if (which === "victim") return world.applications.find(({ appId }) => appId === victimId);
  const [ours, staging] = world.applications.filter(({ uniqueName }) => uniqueName?.startsWith("acr-pull-"));
  return which === "nobody" ? undefined : which === "ours" ? ours : staging;
}

function clusterIdOf({ world }: Sandbox, index: number): string {
  const namespaces = world.clusters[index]?.objects["namespaces"] ?? [];
  return namespaces.find(({ metadata }) => metadata.name === "kube-system")?.metadata.uid ?? "";
}

function plant(sandbox: Sandbox, planted: Planted): void {
  const [mine, other] = sandbox.world.registries;
  if (!mine || !other) throw new Error("a sandbox has two registries");
  const firstKey = (which: Whose) => applicationOf(sandbox, which)?.passwords[0];
  const keyId = (which: Whose | "null") => (which === "null" ? null : (firstKey(which)?.keyId ?? bogus));
  const operation = (which: Whose) => firstKey(which)?.displayName?.split("/").at(-1) ?? bogus;
  const appIdOf = (which: Whose) => applicationOf(sandbox, which)?.appId ?? bogus;
  const host = { ours: mine.loginServer, other: other.loginServer, foreign: "evil.example" }[planted.host];
  const { application, pending, retire } = planted;
  const mark = {
    registry: { ours: registryResourceId(mine), other: registryResourceId(other), none: "none" }[
      planted.registry
    ],
    clusterId: { ours: clusterIdOf(sandbox, 0), staging: clusterIdOf(sandbox, 1), nobody: bogus }[
      planted.cluster
    ],
    role: "acrpull",
    ...(application && {
      appId: appIdOf(application),
      keyId: keyId(planted.key),
      expiresAt: planted.expiresAt,
    }),
    ...(pending && {
      pending: {
        operation: operation(pending.by),
        holder: { host: "gone", boot: "gone", pid: 1 },
        renewedAt: new Date(Date.now() - pending.ageMs).toISOString(),
        sweep: pending.sweep.map(operation),
      },
    }),
    ...(retire && {
      retire: {
        keyId: keyId(retire.key),
        after: new Date(Date.now() + (retire.due ? -dayMs : dayMs)).toISOString(),
        ...(retire.why && { why: retire.why }),
      },
    }),
  };
  const texts: Readonly<Record<Planted["password"], string | undefined>> = {
    ours: firstKey("ours")?.secretText,
    staging: firstKey("staging")?.secretText,
    victim: victimText,
    nobody: "junkjunkjunk",
    "like ours": `${firstKey("ours")?.hint}-junkjunkjunk`,
    none: undefined,
  };
  const password = texts[planted.password];
  const entry = password !== undefined && application && { username: appIdOf(application), password };
  const metadata = {
    namespace: "default",
    name: planted.name,
    labels: { "acr-pull/managed": "true", "app.kubernetes.io/managed-by": "acr-pull" },
    annotations: { "acr-pull/entries": JSON.stringify({ [host]: mark }) },
  };
  const immutable = planted.immutable ? { immutable: true } : {};
  addSecret(sandbox, metadata, { auths: entry ? { [host]: entry } : {}, ...immutable });
}

/** What no command for this cluster may change: other applications, their roles, other clusters, other namespaces. */
function foreignState(sandbox: Sandbox): unknown {
  const { world } = sandbox;
  const ours = applicationOf(sandbox, "ours")?.appId;
  const isOurs = ({ appId }: { readonly appId: string }) => appId === ours;
  const principals = new Set(world.servicePrincipals.filter(isOurs).map(({ id }) => id));
  const known = new Set(world.servicePrincipals.map(({ id }) => id));
  const [cluster, staging] = world.clusters;
  const mayChange = ["default", ...honest];
  return structuredClone({
    applications: world.applications.filter((one) => !isOurs(one) && applicationIsForeign(one)),
    roles: world.roleAssignments.filter(
      ({ principalId }) => !principals.has(principalId) && known.has(principalId),
    ),
    staging: staging?.objects,
    others: Object.values(cluster?.objects ?? {})
      .flat()
      .filter(({ metadata }) => metadata.namespace !== undefined && !mayChange.includes(metadata.namespace)),
  });
}

/** An application that existed before. Setup may make another one for this cluster if its own was hidden from it. */
function applicationIsForeign({ createdAt, appId }: ApplicationRecord): boolean {
  return appId === victimId || createdAt < Date.now() - 300 * dayMs;
}

function passwordsIn(sandbox: Sandbox, name: string): string[] {
  if (!secretOf(sandbox, "default", name)) return [];
  return Object.values(dockerConfigOf(sandbox, "default", name).auths).map(({ password }) => password);
}

function livingTexts({ world }: Sandbox): ReadonlySet<string> {
  const living = world.applications
    .filter(({ removedAt }) => removedAt === undefined)
    .flatMap(({ passwords }) => passwords)
    .filter(({ removedAt }) => removedAt === undefined);
  return new Set(living.map(({ secretText }) => secretText));
}

/** Whether a namespace's secret lets it pull from the registry. */
function pulls(sandbox: Sandbox, namespace: string): boolean {
  const { world } = sandbox;
  const [registry] = world.registries;
  const entry = registry && dockerConfigOf(sandbox, namespace).auths[registry.loginServer];
  return (
    registry !== undefined &&
    entry !== undefined &&
    pullRights(world, registry, entry.username, entry.password).kind === "admitted"
  );
}
