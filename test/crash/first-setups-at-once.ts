import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { builtInRole, repositoriesIn } from "../../src/domain/role.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { dockerConfigOf, liveAssignments, livePasswords, marksOf, setup } from "../program.ts";

/** Two jobs of a pipeline that set up the same cluster for the first time, at the same time. */
export interface Meeting {
  /** The seed of the random delays. */
  readonly seed: number;
  /** The namespace of each job. */
  readonly namespaces: readonly [string, string];
  /** Whether the jobs may list the secrets of the whole cluster. */
  readonly mayList: boolean;
  readonly lagMs: number;
  /** The options by which the first job chooses the principal's rights, and the rights that result. */
  readonly said: readonly [words: readonly string[], standing: string];
}

const inNamespaces = [
  { verbs: ["get", "create", "patch"], resources: ["secrets"], namespaces: ["awesomeapps", "default"] },
  { verbs: ["get"], resources: ["namespaces"] },
];

/** Lets the jobs meet. Both must succeed, with one application, one role assignment and no unknown key. */
export async function meet({ seed, namespaces, mayList, lagMs, said }: Meeting): Promise<void> {
  const rules = mayList ? {} : { rules: inNamespaces };
  const world: SandboxOptions = {
    seed: `meeting ${seed}`,
    replicationLag: lagMs,
    replication: "random",
    clusters: [{ context: "sandbox", ...rules }],
  };
  const sandbox = await startSandbox(world);
  try {
    const draw = chance(seed);
    sandbox.observe(async (phase) => {
      if (phase === "arrived" || phase === "committed") await sleep(draw() * 40);
    });
    sandbox.invariants.watch();
    const [words, standing] = said;
    const runs = await Promise.all(
      namespaces.map(async (namespace, which) => {
        await sleep(draw() * 600);
        return setup(sandbox, ["-n", namespace, ...(which === 0 ? words : registryOf(words))]);
      }),
    );
    for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
    expectOneApplication(sandbox, new Set(namespaces));
    const oneKey = mayList || namespaces[0] === namespaces[1];
    expect(livePasswords(sandbox).length, "keys").toBeLessThanOrEqual(oneKey ? 1 : 2);
    expect(rightsOf(sandbox)).toEqual([standing]);
  } finally {
    await sandbox.close();
  }
}

/** The option that names the registry, which both jobs get. */
function registryOf(words: readonly string[]): readonly string[] {
  const at = words.indexOf("--registry");
  return at < 0 ? [] : words.slice(at, at + 2);
}

function expectOneApplication(sandbox: Sandbox, namespaces: ReadonlySet<string>): void {
  expect(sandbox.violations).toEqual([]);
  expect(sandbox.invariants.unknownKeys(), "keys that nothing leads to").toEqual([]);
  const { applications, caller } = sandbox.world;
  expect(applications.filter(({ appId }) => appId !== caller.appId)).toHaveLength(1);
  const living = livePasswords(sandbox).map(({ secretText }) => secretText);
  for (const namespace of namespaces) {
    const [entry] = Object.values(dockerConfigOf(sandbox, namespace).auths);
    expect(living).toContain(entry?.password);
    expect(Object.values(marksOf(sandbox, namespace))[0]).not.toHaveProperty("pending");
  }
}

function rightsOf(sandbox: Sandbox): string[] {
  return liveAssignments(sandbox).map(({ roleDefinitionId, condition }) =>
    [builtInRole(roleDefinitionId)?.name, ...repositoriesIn(condition ?? "")].join(" "),
  );
}

/** Numbers from 0 to 1, the same for the same seed. Source: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const same = ["awesomeapps", "awesomeapps"] as const;
const different = ["default", "awesomeapps"] as const;
const reader = "Container Registry Repository Reader";

/** Every way in which the jobs can meet, by seed. */
export function meetings(seeds: readonly number[]): Meeting[] {
  const rights: ReadonlyArray<Meeting["said"]> = [
    [[], "AcrPull"],
    [["--role", "acrpush"], "AcrPush"],
    [["--registry", "abacregistry", "--repository", "my-awesome-app"], `${reader} my-awesome-app`],
  ];
  return seeds.map((seed) => ({
    seed,
    namespaces: seed % 2 === 0 ? same : different,
    mayList: seed % 4 < 2,
    lagMs: seed % 8 < 4 ? 0 : 1_500,
    said: rights[seed % 3] ?? [[], ""],
  }));
}
