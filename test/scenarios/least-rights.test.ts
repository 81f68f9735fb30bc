import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ActionableError } from "../../src/domain/errors.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { AccessRule } from "../../src/sandbox/world.ts";
import { restore, snapshotOf, type Snapshot } from "../crash/world-snapshot.ts";
import { livePasswords } from "../program.ts";
import { virtualRun, type VirtualRun } from "../virtual-time.ts";
import { changedOver, setUp } from "./already-set-up.ts";

const many = Array.from({ length: 20 }, (_, index) => `team-${index}`);
const namespaces = ["awesomeapps", ...many];

/** The least rights of all commands according to the docs, each as a rule of its own. */
const rights = {
  "get secrets": { verbs: ["get"], resources: ["secrets"], namespaces },
  "create secrets": { verbs: ["create"], resources: ["secrets"], namespaces },
  "patch secrets": { verbs: ["patch"], resources: ["secrets"], namespaces },
  "delete secrets": { verbs: ["delete"], resources: ["secrets"], namespaces },
  "list secrets": { verbs: ["list"], resources: ["secrets"] },
  "get namespaces": { verbs: ["get"], resources: ["namespaces"] },
  "get serviceaccounts": { verbs: ["get"], resources: ["serviceaccounts"], namespaces },
  "patch serviceaccounts": { verbs: ["patch"], resources: ["serviceaccounts"], namespaces },
  "list serviceaccounts": { verbs: ["list"], resources: ["serviceaccounts"], namespaces },
  "list pods": { verbs: ["list"], resources: ["pods"], namespaces },
} satisfies Record<string, AccessRule>;
type Right = keyof typeof rights;

/**
 * One use of the program: what it starts from, what it does, and its exit code without each right. With all of them
 * it exits with 0.
 */
interface Use {
  readonly from: keyof typeof starts;
  readonly run: (
    run: VirtualRun,
    dryRun: boolean,
  ) => Promise<{ readonly kind: string; readonly exitCode?: number }>;
  readonly without: Partial<Record<Right, number>>;
}

const nothing = () => {};
const starts = {
  nothing,
  aKey: (sandbox: Sandbox) => void setUp(sandbox),
  manyDeadKeys: (sandbox: Sandbox) => void setUp(sandbox, { namespaces: many.slice(1), ageDays: 400 }),
  aKeyInGrace: (sandbox: Sandbox) => void changedOver(sandbox),
  aKeyToRetire: (sandbox: Sandbox) => void changedOver(sandbox, { due: true }),
  aLinkedSecret: async () => void (await run.setup({ serviceAccounts: ["default"] })),
};

const uses: Readonly<Record<string, Use>> = {
  setup: {
    from: "nothing",
    run: (run, dryRun) => run.setup({ dryRun }),
    without: { "get secrets": 3, "create secrets": 3, "patch secrets": 3, "get namespaces": 2 },
  },
  "setup in twenty namespaces": {
    from: "manyDeadKeys",
    run: (run, dryRun) => run.setup({ namespaces: many, dryRun }),
    without: { "get secrets": 3, "patch secrets": 3 },
  },
  "setup --service-account": {
    from: "aKey",
    run: (run, dryRun) => run.setup({ serviceAccounts: ["default"], dryRun }),
    without: { "get secrets": 3, "get serviceaccounts": 3, "patch serviceaccounts": 3 },
  },
  rotate: {
    from: "aKey",
    run: (run, dryRun) => run.rotate({ dryRun }),
    without: { "get secrets": 3, "patch secrets": 2, "list secrets": 3 },
  },
  "rotate -n": {
    from: "aKey",
    run: (run, dryRun) => run.rotate({ namespaces: ["awesomeapps"], dryRun }),
    without: { "get secrets": 3, "patch secrets": 2 },
  },
  "rotate --compromised": {
    from: "aKey",
    run: (run, dryRun) => run.rotate({ intent: "compromised", settleMs: 0, dryRun }),
    without: { "get secrets": 3, "patch secrets": 2, "list secrets": 3 },
  },
  "rotate --finish": {
    from: "aKeyToRetire",
    run: (run, dryRun) => run.rotate({ intent: "finish", settleMs: 0, dryRun }),
    without: { "get secrets": 3, "patch secrets": 3, "list secrets": 3 },
  },
  remove: {
    from: "aLinkedSecret",
    run: (run, dryRun) => run.remove({ settleMs: 0, dryRun }),
    without: {
      "patch secrets": 3,
      "delete secrets": 3,
      "list secrets": 3,
      "get namespaces": 2,
      "get serviceaccounts": 3,
      "patch serviceaccounts": 3,
      "list serviceaccounts": 3,
      "list pods": 3,
    },
  },
};

let sandbox: Sandbox;
let run: VirtualRun;
const snapshots = new Map<string, Snapshot>();
beforeAll(async () => {
  sandbox = await startSandbox({
    clusters: [{ context: "sandbox", namespaces: ["kube-system", "default", ...namespaces] }],
  });
  run = virtualRun(sandbox);
  const bare = snapshotOf(sandbox);
  for (const [name, prepare] of Object.entries(starts)) {
    restore(sandbox, bare);
    await prepare(sandbox);
    snapshots.set(name, snapshotOf(sandbox));
  }
});
afterAll(async () => {
  run.end();
  await sandbox.close();
});

const everything: AccessRule = { verbs: ["*"], resources: ["*"] };

/** How a run ends whose user is missing a right, and what it made. */
async function withoutRight({ from, run: use }: Use, missing: Right | undefined, dryRun: boolean) {
  restore(sandbox, snapshots.get(from)!);
  const user = sandbox.world.clusters[0]!.users[0]!;
  const kept = (Object.keys(rights) as Right[]).filter((right) => right !== missing);
  user.rules = kept.map((right) => rights[right]);
  const before = { writes: sandbox.requests.mutating().length, keys: livePasswords(sandbox).length };
  try {
    const { exitCode = 0 } = await use(run, dryRun);
    return { exitCode, ...madeSince(before) };
  } catch (error) {
    if (!(error instanceof ActionableError)) throw error;
    return { exitCode: error.exitCode, ...madeSince(before) };
  } finally {
    user.rules = [everything];
  }
}

function madeSince(before: { readonly writes: number; readonly keys: number }) {
  return {
    writes: sandbox.requests.mutating().length - before.writes,
    keys: livePasswords(sandbox).length - before.keys,
  };
}

describe.each(Object.entries(uses))("%s", (_, use) => {
  test("needs no more than the docs say", async () => {
    expect(await withoutRight(use, undefined, true)).toEqual({ exitCode: 0, writes: 0, keys: 0 });
    expect(await withoutRight(use, undefined, false)).toMatchObject({ exitCode: 0 });
  });

  test.each(Object.entries(use.without) as Array<[Right, number]>)(
    "without the right to %s ends with %i, planned or not, and makes and writes nothing",
    async (missing, exitCode) => {
      const refused = { exitCode, writes: 0, keys: 0 };
      expect(await withoutRight(use, missing, true)).toEqual(refused);
      expect(await withoutRight(use, missing, false)).toEqual(refused);
    },
  );
});
