import fc from "fast-check";
import { expect } from "vitest";
import type { RotateInput, RotateOutcome } from "../../src/core/rotate/contract.ts";
import { hasCode } from "../../src/domain/errors.ts";
import { pullRights } from "../../src/sandbox/container-registry/pull-rights.ts";
import { entriesFor } from "../../src/sandbox/kubernetes/kubelet-keyring.ts";
import { entriesOf, isPullSecret, registryEntries } from "../../src/sandbox/pull-secret-content.ts";
import type { ReplicaView } from "../../src/sandbox/replication.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { KubernetesObject, PasswordRecord } from "../../src/sandbox/world.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { dockerConfigOf, entryOf, marksOf } from "../program.ts";
import { virtualRun, type VirtualRun } from "../virtual-time.ts";

const minute = 60_000;
/** The longest lag that was seen in Azure: https://github.com/hashicorp/vault/issues/27593 */
const longestLagMs = 15 * minute;
/** The cluster reports its time in whole seconds, and marks hold no fractions either. */
const roundingMs = 2_000;
const daily = { ifDue: true };
const everyNamespace = ["awesomeapps", "default", "kube-public"];

/** What the runs of one seed do, and when. */
export interface LagSchedule {
  readonly namespaces: number;
  readonly graceMs: number;
  readonly overlapEntry: boolean;
  /** Whether the first rotation comes right after setup, while replicas still learn of it. */
  readonly atOnce: boolean;
  /** When the daily command runs again, in milliseconds after the previous run. */
  readonly visits: readonly number[];
}

/** The schedule that a seed stands for. */
export function lagSchedule(seed: number): LagSchedule {
  const schedule = fc.record({
    namespaces: fc.integer({ min: 1, max: everyNamespace.length }),
    graceMs: fc.integer({ min: 30, max: 60 }).map((minutes) => minutes * minute),
    overlapEntry: fc.constantFrom(true, true, false),
    atOnce: fc.constantFrom(true, false, false),
    visits: fc.array(
      fc.integer({ min: 0, max: 20 }).map((minutes) => minutes * minute),
      { maxLength: 3 },
    ),
  });
  const [sample] = fc.sample(schedule, { seed, numRuns: 1 });
  if (!sample) throw new Error("a sample of one is one");
  return sample;
}

/** A sandbox whose replicas learn at random, after the setup whose key is to be rotated. */
async function laggingWorld(
  options: SandboxOptions,
  namespaces: readonly string[],
  work: (world: LaggingWorld) => Promise<void>,
): Promise<void> {
  const sandbox = await startSandbox({ registries: [{ name: "myregistry" }], ...options });
  const run = virtualRun(sandbox);
  try {
    const outcome = await run.setup({ namespaces });
    expect(outcome).toMatchObject({ kind: "finished", exitCode: 0 });
    await work(new LaggingWorld(sandbox, run));
  } finally {
    run.end();
    await sandbox.close();
  }
}

/** A sandbox during its rotation, and what was seen in it after each write. */
export class LaggingWorld {
  readonly sandbox: Sandbox;
  readonly run: VirtualRun;
  /** What happened although it never may. */
  readonly broken: string[] = [];
  /** When a secret last got another password. */
  lastChangeOver = 0;
  /** Whether every replica must let every secret pull at any time. Two entries bridge what replicas learn late. */
  everyReplica = false;
  readonly #held = new Map<string, string>();

  constructor(sandbox: Sandbox, run: VirtualRun) {
    this.sandbox = sandbox;
    this.run = run;
    sandbox.invariants.watch();
    const { world } = sandbox;
    const { committed } = world;
    this.#look();
    world.committed = (what) => {
      committed(what);
      this.#look();
    };
  }

  get keys(): readonly PasswordRecord[] {
    const { world } = this.sandbox;
    return world.applications
      .filter(({ appId }) => appId !== world.caller.appId)
      .flatMap(({ passwords }) => passwords);
  }

  get livingKeys(): readonly PasswordRecord[] {
    return this.keys.filter(({ removedAt }) => removedAt === undefined);
  }

  /** Whether some replica of the registry still accepts the password. */
  stillTaken({ secretText }: PasswordRecord): boolean {
    return this.#views.some((view) => this.#admits(this.#appId, secretText, view));
  }

  get #views(): readonly ReplicaView[] {
    return this.sandbox.world.replication.all();
  }

  get #appId(): string {
    return entryOf(this.sandbox)?.username ?? "";
  }

  #admits(username: string, password: string, view: ReplicaView): boolean {
    const { world } = this.sandbox;
    const registry = world.registries[0]!;
    return pullRights(world, registry, username, password, view).kind === "admitted";
  }

  #look(): void {
    const { world } = this.sandbox;
    const secrets = (world.clusters[0]!.objects["secrets"] ?? []).filter(isPullSecret);
    for (const secret of secrets) this.#lookAt(secret);
  }

  #lookAt(secret: KubernetesObject): void {
    const { loginServer } = this.sandbox.world.registries[0]!;
    const image = `${loginServer}/my-awesome-app`;
    const { namespace = "", name } = secret.metadata;
    const entries = entriesOf(secret);
    const tried = entriesFor(entries, image);
    const views = this.#views;
    // A kubelet tries all matching entries, and may meet any replica.
    const broken = views.filter(
      (view) => !tried.some(({ username, password }) => this.#admits(username, password, view)),
    );
    if (this.everyReplica && tried.length > 0 && broken.length > 0) {
      this.broken.push(
        `${namespace}/${name} can pull by ${views.length - broken.length} of ${views.length} replicas`,
      );
    }
    // A reader that tries only one entry may take any of them. Its replica may not know the password yet, but the
    // password is never a retired one.
    const retired = new Set(
      this.keys.filter(({ removedAt }) => removedAt).map(({ secretText }) => secretText),
    );
    for (const { key, password } of registryEntries(entries, loginServer, [image])) {
      if (retired.has(password))
        this.broken.push(`${namespace}/${name} holds a retired password under ${key}`);
    }
    const held = tried[0]?.password ?? "";
    const before = this.#held.get(`${namespace}/${name}`);
    if (before !== undefined && before !== held) this.lastChangeOver = Date.now();
    this.#held.set(`${namespace}/${name}`, held);
  }
}

/** Runs `rotate` once. Afterwards nothing may be broken, and no key may be unknown. */
async function rotated(
  { run, broken, sandbox }: LaggingWorld,
  input: Partial<RotateInput>,
): Promise<Extract<RotateOutcome, { kind: "finished" }>> {
  const outcome = await run.rotate(input);
  if (outcome.kind !== "finished") throw new Error(`the run ended as ${outcome.kind}`);
  expect([...broken, ...sandbox.violations]).toEqual([]);
  expect(sandbox.invariants.unknownKeys()).toEqual([]);
  return outcome;
}

/**
 * The first rotation after setup. If no part of the directory that was asked knows the application yet, the run may
 * be refused, provided that it wrote nothing. It is then repeated once all parts know.
 */
async function rotatedAtLast(world: LaggingWorld, input: Partial<RotateInput>) {
  const { run, sandbox } = world;
  const before = sandbox.requests.mutating().length;
  try {
    return await rotated(world, input);
  } catch (error) {
    if (!hasCode(error, "service-principal.not-found")) throw error;
    expect(sandbox.requests.mutating()).toHaveLength(before);
    run.advance(longestLagMs);
    return rotated(world, input);
  }
}

/**
 * One rotation while five replicas learn of each write 0 to 15 virtual minutes late. The daily command runs in
 * between.
 * @throws the failed expectation
 */
export async function rotateWhileReplicasLag(seed: number): Promise<void> {
  const schedule = lagSchedule(seed);
  const { graceMs, overlapEntry, visits, atOnce } = schedule;
  const namespaces = everyNamespace.slice(0, schedule.namespaces);
  const replicationLag = atOnce ? longestLagMs : 0;
  const options = { replicas: 5, replication: "random", replicationLag, seed: `lag ${seed}` } as const;
  await laggingWorld(options, namespaces, async (world) => {
    const { run, sandbox } = world;
    if (!atOnce) run.advance(longestLagMs);
    sandbox.world.replication.lagMs = longestLagMs;
    world.everyReplica = overlapEntry && !atOnce;
    const [old] = world.livingKeys;
    const first = await rotatedAtLast(world, { graceMs, overlapEntry });
    expect(first).toMatchObject({
      exitCode: 0,
      result: { rotations: [{ state: "pending", replaced: old?.keyId, retired: false }] },
    });
    for (const pause of visits) {
      run.advance(pause);
      // The daily command, far from any expiry: it finishes what is due and begins nothing.
      expect(await rotated(world, daily)).toMatchObject({ exitCode: 0 });
    }
    const [{ retireAfter } = { retireAfter: null }] = first.result.rotations;
    run.advance(Math.max(0, Date.parse(retireAfter ?? "") - Date.now()) + minute);
    expect(await rotated(world, { intent: "finish" })).toMatchObject({ exitCode: 0 });
    expect(old?.removedAt, "the old key is removed, and not before the grace").toBeGreaterThanOrEqual(
      world.lastChangeOver + graceMs - roundingMs,
    );
    expectOneKey(world, namespaces);
  });
}

/**
 * A retirement while the removed password still signs in for 0 to 10 virtual minutes, which differ by replica. Each
 * run waits only some minutes for the refusal.
 * @throws the failed expectation
 */
export async function retireWhileTheRemovedLives(seed: number, replicas: number): Promise<void> {
  const [timeoutMs = 0] = fc.sample(
    fc.integer({ min: 1, max: 12 }).map((minutes) => minutes * minute),
    { seed, numRuns: 1 },
  );
  const options = { replicas, replication: "random", seed: `removed ${seed}` } as const;
  await laggingWorld(options, ["awesomeapps"], async (world) => {
    const { run, sandbox } = world;
    run.advance(longestLagMs);
    sandbox.world.replication.lagMs = 10 * minute;
    const [old] = world.livingKeys;
    expect(await rotated(world, { graceMs: 30 * minute })).toMatchObject({ exitCode: 0 });
    run.advance(31 * minute);
    for (let runs = 1; ; runs += 1) {
      const { result, exitCode, error } = await rotated(world, { intent: "finish", timeoutMs });
      if (!old?.removedAt) throw new Error("the old key was not removed");
      const [{ retired } = { retired: undefined }] = result.rotations;
      // With one replica, the run knows at once. One of several may be met late.
      if (retired === true || replicas === 1) expect(retired).toBe(!world.stillTaken(old));
      expect(result.rotations).toMatchObject([
        retired ? { state: "rotated" } : { retired: false, retireBlocked: "not-yet-refused" },
      ]);
      expect({ exitCode, code: error?.code }).toEqual(
        retired ? { exitCode: 0, code: undefined } : { exitCode: 4, code: "rotate.not-yet-refused" },
      );
      expect("retire" in markOf(sandbox), "a mark remembers the key until it is refused").toBe(!retired);
      if (retired) break;
      expect(runs, "runs until it is refused").toBeLessThan(12);
    }
    expectOneKey(world, ["awesomeapps"]);
  });
}

function markOf(sandbox: Sandbox): object {
  const [mark] = Object.values(marksOf(sandbox)) as object[];
  return mark ?? {};
}

function expectOneKey({ livingKeys, sandbox }: LaggingWorld, namespaces: readonly string[]): void {
  expect(livingKeys).toHaveLength(1);
  for (const namespace of namespaces) {
    expect(Object.values(dockerConfigOf(sandbox, namespace).auths)).toMatchObject([
      { password: livingKeys[0]?.secretText },
    ]);
  }
}
