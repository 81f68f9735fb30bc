import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import { applicationUniqueName } from "../../src/domain/ownership.ts";
import { type Run, type RunOptions } from "../program.ts";
import { changedOver, setUp, type SetUp } from "./already-set-up.ts";
import { endGrace, heldKeys, keyIds, rotate, signsIn, start } from "./rotation.ts";

const contexts = ["first", "second", "third"];
const chosen = contexts.flatMap((context) => ["--context", context]);
const namespaces = ["default", "team"];
const options = {
  clusters: contexts.map((context) => ({ context, namespaces: ["kube-system", ...namespaces] })),
};

/** What can go wrong in the second cluster, or with its application. The returned function fixes it. */
type Breakage = (sandbox: Sandbox, second: SetUp) => () => void;

/** Drops the connection of every matching request to the second cluster. */
function dropping(fits: (entry: RequestEntry) => boolean): Breakage {
  return (sandbox) =>
    sandbox.observe((phase, entry) =>
      phase === "read" && entry.service === "cluster second" && fits(entry) ? "drop" : undefined,
    );
}

/** Refuses such requests about the second cluster's application. */
function refusing(what: string): Breakage {
  return (sandbox, { clusterId }) => {
    const { loginServer } = sandbox.world.registries[0]!;
    const uniqueName = applicationUniqueName(loginServer, clusterId);
    const { id } = sandbox.world.applications.find((one) => one.uniqueName === uniqueName)!;
    sandbox.setFaults([{ match: `POST .*/${id}/${what}`, status: 403, times: 99 }]);
    return () => sandbox.setFaults([]);
  };
}

const denying: Breakage = (sandbox) => {
  const { denials } = sandbox.world.clusters[1]!;
  denials.push({ namespace: "team" });
  return () => void denials.splice(0);
};

const isWrite = ({ method, query }: RequestEntry) => method === "PATCH" && !query.includes("dryRun");

/** What the run says about each cluster's key: its state, and whether the old one is gone. */
function reportFor(run: Run): Record<string, readonly [state: string, retired: boolean]> {
  const rows = run.json.rotations as Array<{ context: string; state: string; retired: boolean }>;
  return Object.fromEntries(rows.map(({ context, state, retired }) => [context, [state, retired]]));
}

describe.concurrent("rotate in three clusters, where the second", () => {
  it.for<[what: string, breakage: Breakage, exit: number, told: unknown]>([
    ["does not answer", dropping(() => true), 4, undefined],
    ["cannot be marked", dropping(isWrite), 4, ["failed", false]],
    [
      "cannot write a secret once it is marked",
      dropping((entry) => isWrite(entry) && entry.path.includes("/team/")),
      4,
      ["pending", false],
    ],
  ])(
    "%s: changes over the two others, and the next run the second",
    async ([, breakage, exit, told], test) => {
      const sandbox = await start(test, options);
      const [first, second, third] = contexts.map((context) => setUp(sandbox, { context, namespaces })) as [
        SetUp,
        SetUp,
        SetUp,
      ];
      const fix = breakage(sandbox, second);
      const run = await rotate(sandbox, [...chosen, "--timeout", "5s"]);
      expect(run.code, run.stderr).toBe(exit);
      expect(reportFor(run)).toEqual({
        first: ["pending", false],
        third: ["pending", false],
        ...(told ? { second: told } : {}),
      });
      expect(heldKeys(sandbox, "team", "acr-secret", "first").https).toBe(first.keyId);
      expect(heldKeys(sandbox, "team", "acr-secret", "third").https).toBe(third.keyId);
      expect(heldKeys(sandbox, "team", "acr-secret", "second").plain).toBe(second.keyId);
      fix();
      const again = await rotate(sandbox, chosen);
      expect(again.code, again.stderr).toBe(0);
      expect(heldKeys(sandbox, "team", "acr-secret", "second").https).toBe(second.keyId);
    },
  );

  it.for<[what: string, breakage: Breakage, told: unknown]>([
    ["cannot be cleaned", denying, ["pending", false]],
    ["may not lose its key", refusing("removePassword"), ["failed", false]],
  ])(
    "%s: retires the keys of the two others, and the next run that of the second",
    async ([, breakage, told], test) => {
      const sandbox = await start(test, options);
      const left = contexts.map((context) => changedOver(sandbox, { context, namespaces, due: true }));
      const fix = breakage(sandbox, left[1]!);
      const run = await rotate(sandbox, [...chosen, "--finish", "--timeout", "5s"]);
      expect(run.code, run.stderr).toBe(4);
      expect(run.json.error.message).not.toBe("");
      expect(reportFor(run)).toEqual({
        first: ["rotated", true],
        third: ["rotated", true],
        ...(told ? { second: told } : {}),
      });
      expect(left.map(({ old }) => signsIn(sandbox, old))).toEqual([false, true, false]);
      fix();
      const again = await rotate(sandbox, [...chosen, "--finish"]);
      expect(again.code, again.stderr).toBe(0);
      expect(left.map(({ old }) => signsIn(sandbox, old))).toEqual([false, false, false]);
    },
  );

  it.for<[auth: string, env: NonNullable<RunOptions["env"]>]>([
    ["environment", { AZURE_CLIENT_SECRET: "wrong" }],
    ["device-code", {}],
  ])("does not answer: says so, also where signing in by %s fails too", async ([auth, env], test) => {
    const sandbox = await start(test, options);
    sandbox.world.deviceSignIn = { declines: true };
    const [, second] = contexts.map((context) => setUp(sandbox, { context, namespaces }));
    dropping(() => true)(sandbox, second!);
    const run = await rotate(sandbox, [...chosen, "--timeout", "5s", "--auth", auth], { env });
    expect(run.json.error.code).toBe("kubernetes.unreachable");
    expect(run.code).toBe(1);
  });
});

describe.concurrent("rotate, where two contexts are one cluster,", () => {
  it("makes one key, and tells of it for each context", async (test) => {
    const sandbox = await start(test, {
      clusters: [
        { context: "sandbox", users: [{ context: "admin", rules: [{ verbs: ["*"], resources: ["*"] }] }] },
      ],
    });
    setUp(sandbox);
    const both = ["--context", "sandbox", "--context", "admin"];
    const run = await rotate(sandbox, both);
    expect(run.code, run.stderr).toBe(0);
    expect(reportFor(run)).toEqual({ sandbox: ["pending", false], admin: ["pending", false] });
    endGrace(sandbox);
    expect((await rotate(sandbox, [...both, "--finish"])).code).toBe(0);
    expect(keyIds(sandbox)).toHaveLength(1);
  });

  it.for([
    ["sandbox", "admin"],
    ["admin", "sandbox"],
  ])(
    "whose users may see less and more, in the order %s, %s: works as the one that sees all",
    async (order, test) => {
      const sandbox = await start(test, {
        clusters: [
          {
            context: "sandbox",
            namespaces: ["default", "awesomeapps", "kube-system"],
            rules: [
              { verbs: ["get", "patch"], resources: ["secrets"], namespaces: ["default"] },
              { verbs: ["get"], resources: ["namespaces"] },
            ],
            users: [{ context: "admin", rules: [{ verbs: ["*"], resources: ["*"] }] }],
          },
        ],
      });
      const { old, keyId } = changedOver(sandbox, { namespaces: ["default", "awesomeapps"], due: true });
      const both = order.flatMap((context) => ["--context", context]);
      const run = await rotate(sandbox, [...both, "--finish"]);
      expect(run.code, run.stderr).toBe(0);
      expect(run.json.rotations).toMatchObject(
        order.map((context) => ({ context, replaced: old, retired: true })),
      );
      expect(keyIds(sandbox)).toEqual([keyId]);
    },
  );
});
