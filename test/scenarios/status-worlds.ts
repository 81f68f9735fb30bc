import fc from "fast-check";
import { expect } from "vitest";
import { applicationUniqueName } from "../../src/domain/ownership.ts";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { PasswordRecord } from "../../src/sandbox/world.ts";
import { virtualRun } from "../virtual-time.ts";
import { setUp } from "./already-set-up.ts";
import { ownApplication } from "./rotation.ts";

const dayMs = 86_400_000;

/** The state of one key in a world. */
interface KeyPlan {
  /** Days until its end, negative: since. Never within an hour of a whole day, so no test runs across one. */
  readonly daysLeft: number;
  /** Days from its start to its end. */
  readonly lifeDays: number;
  /** Whether the directory still lists it. */
  readonly listed: boolean;
}

/** What one secret of a world holds. Keys are given by their numbers. */
interface SecretPlan {
  readonly key: number;
  /**
   * The key that it was changed over from, and how many hours ago that key became due. Negative if it is not yet due.
   */
  readonly retire: { readonly key: number; readonly dueHours: number } | undefined;
  /** The mark of a killed run, which names the operation of a key and is this many hours old. */
  readonly killed: { readonly key: number; readonly hours: number } | undefined;
  readonly trouble:
    "none" | "emptied" | "garbled" | "other-user" | "marks" | "elsewhere" | "reconciled" | "applied";
}

/** A world as `status` may find it. */
interface WorldPlan {
  readonly keys: readonly KeyPlan[];
  readonly secrets: readonly SecretPlan[];
  readonly signedIn: boolean;
  readonly listable: boolean;
  /** Whether the namespace kube-system may be read. If not, only marks say which cluster it is. */
  readonly identified: boolean;
  readonly principal: "there" | "disabled" | "deleted";
}

const namespaces = ["awesomeapps", "default", "kube-public", "kube-system"];

/** One of the choices, each as often as its weight says. Most of a world is in order, so what is not stands out. */
function mostly<T>(...choices: ReadonlyArray<readonly [weight: number, value: T]>): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
}

const keyPlans: fc.Arbitrary<KeyPlan> = fc
  .record({
    life: mostly(
      [8, { daysLeft: 100, lifeDays: 180 }],
      [2, { daysLeft: 31, lifeDays: 180 }],
      [1, { daysLeft: 29, lifeDays: 180 }],
      [1, { daysLeft: 3, lifeDays: 180 }],
      [1, { daysLeft: -1, lifeDays: 180 }],
      [1, { daysLeft: -40, lifeDays: 180 }],
      // The last third of so short a life is 4 days.
      [3, { daysLeft: 6, lifeDays: 14 }],
      [1, { daysLeft: 3, lifeDays: 14 }],
    ),
    listed: mostly([9, true], [1, false]),
  })
  .map(({ life, listed }) => ({ ...life, listed }));

const troubles = ["emptied", "garbled", "other-user", "marks", "elsewhere", "reconciled"] as const;

// Without fast-check's bias, by which the first few runs meet small values: each seed is a run of its own.
const worlds: fc.Arbitrary<WorldPlan> = fc.noBias(
  fc.array(keyPlans, { minLength: 1, maxLength: 4 }).chain((keys) => {
    const key = fc.nat({ max: keys.length - 1 });
    const seldom = <T>(rare: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: rare });
    const secret = fc.record({
      // Most secrets hold the same key, as after any setup.
      key: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: key }),
      retire: seldom(fc.record({ key, dueHours: fc.constantFrom(-5, 1, 23, 30) })),
      killed: seldom(fc.record({ key, hours: fc.constantFrom(1, 30) })),
      trouble: fc.oneof(
        { arbitrary: fc.constant("none" as const), weight: 10 },
        { arbitrary: fc.constant("applied" as const), weight: 1 },
        { arbitrary: fc.constantFrom(...troubles), weight: 1 },
      ),
    });
    return fc.record({
      keys: fc.constant(keys),
      secrets: fc.oneof(
        { weight: 14, arbitrary: fc.array(secret, { minLength: 1, maxLength: namespaces.length }) },
        { weight: 1, arbitrary: fc.constant([]) },
      ),
      signedIn: mostly([4, true], [1, false]),
      listable: mostly([5, true], [1, false]),
      identified: mostly([5, true], [1, false]),
      principal: mostly<WorldPlan["principal"]>([10, "there"], [1, "disabled"], [1, "deleted"]),
    });
  }),
);

/** The world that a seed stands for. */
export function worldPlan(seed: number): WorldPlan {
  const [plan] = fc.sample(worlds, { seed, numRuns: 1 });
  if (!plan) throw new Error("a sample of one is one");
  return plan;
}

/**
 * Makes a world, asks for its status, and compares that with what the plan of the world says.
 * @throws the failed expectation
 */
export async function statusOfRandomWorld(seed: number): Promise<void> {
  const plan = worldPlan(seed);
  const sandbox = await startSandbox({ registries: [{ name: "myregistry" }] });
  const run = virtualRun(sandbox);
  try {
    const made = make(sandbox, plan);
    const everywhere = plan.listable ? {} : { namespaces };
    const seesNamespaces = { verbs: plan.identified ? ["get", "list"] : ["list"], resources: ["namespaces"] };
    sandbox.world.clusters[0]!.users[0]!.rules = [
      { verbs: ["list", "get"], resources: ["secrets"], ...everywhere },
      seesNamespaces,
    ];
    const expected = expectedOf(plan);
    if (expected === "unknown-cluster") {
      await expect(run.status({}, plan.signedIn)).rejects.toMatchObject({ code: "cluster.id-unknown" });
      return;
    }
    const { result, exitCode } = await run.status({}, plan.signedIn);
    expect(result.entries.map(({ namespace, state, daysLeft }) => [namespace, state, daysLeft])).toEqual(
      expected.entries,
    );
    expect(result.orphans?.map(({ keyId }) => keyId) ?? null).toEqual(
      expected.orphans?.map((number) => made[number]?.keyId) ?? null,
    );
    expect(result.pending.map(({ kind, overdue }) => [kind, overdue]).toSorted()).toEqual(
      expected.pending.toSorted(),
    );
    expect(exitCode).toBe(expected.exitCode);
    expect(sandbox.requests.mutating()).toEqual([]);
  } finally {
    run.end();
    await sandbox.close();
  }
}

/** Puts the plan into a sandbox. */
function make(sandbox: Sandbox, plan: WorldPlan): readonly PasswordRecord[] {
  const { keys, secrets } = plan;
  const registry = sandbox.world.registries[0]!;
  const { loginServer } = registry;
  // This makes the application, principal and role. Their keys and secrets are replaced by those of the plan.
  const { clusterId, appId } = setUp(sandbox);
  sandbox.world.clusters[0]!.objects["secrets"] = [];
  const application = ownApplication(sandbox);
  expect(application.uniqueName).toBe(applicationUniqueName(loginServer, clusterId));
  const now = Date.now();
  const principal = sandbox.world.servicePrincipals.findIndex((one) => one.appId === appId);
  if (plan.principal === "disabled") sandbox.world.servicePrincipals[principal]!.accountEnabled = false;
  if (plan.principal === "deleted") sandbox.world.servicePrincipals.splice(principal, 1);
  const made = keys.map(({ daysLeft, lifeDays, listed }, number): PasswordRecord => {
    const end = now + daysLeft * dayMs + dayMs / 2;
    const secretText = `k${number}~8Q~${"x".repeat(30)}`;
    return {
      keyId: `00000000-0000-4000-8000-00000000000${number}`,
      displayName: `acr-pull/${clusterId}/operation-${number}`,
      startDateTime: new Date(end - lifeDays * dayMs).toISOString(),
      endDateTime: new Date(end).toISOString(),
      hint: secretText.slice(0, 3),
      secretText,
      createdAt: now - 100 * dayMs,
      ...(listed ? {} : { removedAt: now - 50 * dayMs }),
    };
  });
  application.passwords.splice(0, application.passwords.length, ...made);
  secrets.forEach(({ key, retire, killed, trouble }, index) => {
    const hoursAgo = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
    const mark = {
      registry: registryResourceId(registry),
      clusterId: trouble === "elsewhere" ? "elsewhere" : clusterId,
      appId,
      keyId: made[key]!.keyId,
      expiresAt: made[key]!.endDateTime,
      role: "acrpull",
      ...(retire && { retire: { keyId: made[retire.key]!.keyId, after: hoursAgo(retire.dueHours) } }),
      ...(killed && {
        pending: {
          operation: `operation-${killed.key}`,
          holder: { host: "gone", boot: "gone", pid: 1 },
          renewedAt: hoursAgo(killed.hours),
        },
      }),
    };
    const entry = {
      username: trouble === "other-user" ? "somebody" : appId,
      password: made[key]!.secretText,
    };
    const auths = trouble === "emptied" ? {} : { [loginServer]: entry };
    const text = trouble === "garbled" ? "{" : JSON.stringify({ auths });
    // The API server would refuse some of this today. It stands for what was there before.
    sandbox.world.clusters[0]!.objects["secrets"]!.push(
      ...(() => {
        const object = sandbox.addObject("sandbox", {
          apiVersion: "v1",
          kind: "Secret",
          type: "kubernetes.io/dockerconfigjson",
          metadata: {
            name: "acr-secret",
            namespace: namespaces[index]!,
            labels: { "acr-pull/managed": "true" },
            annotations: {
              "acr-pull/entries": trouble === "marks" ? "{" : JSON.stringify({ [loginServer]: mark }),
              ...(trouble === "reconciled" ? { "meta.helm.sh/release-name": "x" } : {}),
              ...(trouble === "applied" ? { "argocd.argoproj.io/tracking-id": "x" } : {}),
            },
          },
          data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths: {} })).toString("base64") },
        });
        object["data"] = { ".dockerconfigjson": Buffer.from(text).toString("base64") };
        return [];
      })(),
    );
  });
  return made;
}

/** What the plan means, worked out without the program, or that nobody can say which cluster it is. */
export function expectedOf({ keys, secrets, signedIn, listable, identified, principal }: WorldPlan) {
  const readable = secrets.filter(({ trouble }) => trouble !== "marks");
  const origins = new Set(readable.map(({ trouble }) => trouble === "elsewhere"));
  if (!identified && origins.size !== 1) return "unknown-cluster";
  // If only marks say which cluster it is, those of another cluster are believed.
  const isElsewhere = identified ? true : !origins.has(true);
  const isForeign = ({ trouble }: SecretPlan) =>
    trouble !== "none" && trouble !== "applied" && (trouble !== "elsewhere" || isElsewhere);
  const here = readable.filter((secret) => secret.trouble !== "elsewhere" || !isForeign(secret));
  const replaced = new Set(here.flatMap(({ retire }) => retire?.key ?? []));
  const stateOf = (secret: SecretPlan) => {
    const { key, retire, killed } = secret;
    const { daysLeft, lifeDays, listed } = keys[key]!;
    if (isForeign(secret)) return "foreign-change";
    if (daysLeft < 0) return "expired";
    if (replaced.has(key) && !killed) return "stale-key";
    if (signedIn && (!listed || principal !== "there")) return "stale-key";
    // Only the directory knows how long a key lives in all.
    if (daysLeft < (signedIn && lifeDays === 14 ? 4 : 30)) return "expiring";
    return retire || killed ? "pending" : "ok";
  };
  const entries = secrets.map((secret, index) => [
    namespaces[index],
    stateOf(secret),
    secret.trouble === "marks" ? null : keys[secret.key]!.daysLeft,
  ]);
  const named = new Set(readable.flatMap(({ key, retire, killed }) => [key, retire?.key, killed?.key]));
  const known = listable && identified && signedIn;
  const orphans = known
    ? keys.flatMap(({ listed }, number) => (listed && !named.has(number) ? [number] : []))
    : null;
  const retirements = new Map<number, number>();
  const runs = new Map<number, number>();
  for (const { retire, killed } of readable) {
    if (retire)
      retirements.set(retire.key, Math.min(retirements.get(retire.key) ?? Infinity, retire.dueHours));
    if (killed) runs.set(killed.key, Math.min(runs.get(killed.key) ?? Infinity, killed.hours));
  }
  const pending = [
    ...[...retirements.values()].map((hours) => ["retirement", hours > 24] as const),
    ...[...runs.values()].map((hours) => ["run", hours > 24] as const),
  ];
  const inOrder =
    entries.every(([, state]) => state === "ok" || state === "pending") &&
    !(orphans ?? []).some((number) => keys[number]!.daysLeft >= 0) &&
    !pending.some(([, overdue]) => overdue);
  return { entries, orphans, pending, exitCode: inOrder ? 0 : 5 };
}
