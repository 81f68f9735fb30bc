import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { State } from "../../src/domain/state.ts";
import { entryOf, liveAssignments, livePasswords, secretOf } from "../program.ts";
import { both } from "./cut-off.ts";
import { Engine, expectOrder, stateIn, stateSecret } from "./drive.ts";

let sandbox: Sandbox;
let engine: Engine;
beforeEach(async () => {
  sandbox = await startSandbox({ checkInvariants: true });
  sandbox.invariants.maxLiveKeys = 3;
  engine = new Engine(sandbox);
  await engine.setup(both);
});
afterEach(async () => {
  engine.end();
  await sandbox.close();
});

const base64 = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64");

function plant(name: string, type: string, data: Record<string, string>, annotations = {}): void {
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Secret",
    type,
    metadata: { name, namespace: "default", annotations },
    data,
  });
}

function editState(change: (state: State) => State): void {
  const secret = stateSecret(sandbox) as unknown as { data: Record<string, string> };
  secret.data["state"] = base64(change(stateIn(sandbox)!));
}

/** Each gives the admin of the namespace `default` everything that he can write there. */
const plants: ReadonlyArray<readonly [string, () => void]> = [
  [
    "a state of another registry",
    () =>
      plant("acr-pull.evil.azurecr.io", "acr-pull/state", {
        state: base64({ ...stateIn(sandbox), registry: { loginServer: "evil.azurecr.io" } }),
      }),
  ],
  ["a copy of the state", () => plant("copy", "acr-pull/state", { state: base64(stateIn(sandbox)) })],
  [
    "a lock",
    () => Object.assign(secretOf(sandbox, "default")!.metadata, { annotations: { "acr-pull/lock": "me 1" } }),
  ],
  [
    "a pull secret that is not what docker writes",
    () =>
      plant("rubbish", "kubernetes.io/dockerconfigjson", {
        ".dockerconfigjson": base64({ auths: { x: { auth: 5 } } }),
      }),
  ],
  [
    "an entry of the installation's user with another password",
    () => {
      const { loginServer } = sandbox.world.registries[0]!;
      const username = entryOf(sandbox)?.username ?? "";
      plant("extra", "kubernetes.io/dockerconfigjson", {
        ".dockerconfigjson": base64({ auths: { [loginServer]: { username, password: "planted" } } }),
      });
    },
  ],
];

/** What was planted is nobody's loss. */
function forgivePlants(): void {
  const { violations } = sandbox.invariants;
  violations.splice(0, violations.length, ...violations.filter(({ what }) => !/rubbish|extra/.test(what)));
}

describe("whoever may write everything in a target's namespace", () => {
  it.each(plants)("gets nothing and delays nothing by planting %s", async (_what, planting) => {
    planting();
    expect((await engine.rotate()).code).toBe(0);
    forgivePlants();
    expectOrder(sandbox, both, 2);
    const run = await engine.rotate({ mode: "compromised" });
    expect(run.code, run.lines.join("\n")).toBe(0);
    forgivePlants();
    expectOrder(sandbox, both);
  });

  it.each([
    ["immutable", (secret: Record<string, unknown>) => Object.assign(secret, { immutable: true })],
    [
      "a controller's",
      (secret: Record<string, unknown>) => {
        const metadata = secret["metadata"] as { ownerReferences?: unknown };
        metadata.ownerReferences = [{ apiVersion: "x/v1", kind: "ExternalSecret", name: "x", uid: "x" }];
      },
    ],
    [
      "unreadable",
      (secret: Record<string, unknown>) =>
        Object.assign(secret, { data: { ".dockerconfigjson": base64("no") } }),
    ],
  ])("breaks only his own when he makes the target %s", async (_what, change) => {
    change(secretOf(sandbox, "default") as unknown as Record<string, unknown>);
    expect([0, 4]).toContain((await engine.rotate()).code);
    const newest = livePasswords(sandbox).at(-1)?.secretText;
    expect(entryOf(sandbox)?.password).toBe(newest);
    sandbox.invariants.violations.length = 0;
    expect([0, 4]).toContain((await engine.rotate({ mode: "compromised" })).code);
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(entryOf(sandbox)?.password).toBe(livePasswords(sandbox)[0]?.secretText);
  });

  it("gets no password in a namespace that he made again", async () => {
    const { objects } = sandbox.world.clusters[0]!;
    objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.namespace !== "default");
    expect((await engine.rotate()).code).toBe(0);
    expect(secretOf(sandbox, "default")).toBeUndefined();
  });
});

describe("whoever may write the state", () => {
  it("gets no password of another application", async () => {
    sandbox.world.applications.push({
      ...structuredClone(sandbox.world.applications.at(-1)!),
      id: "11111111-2222-3333-4444-555555555555",
      appId: "99999999-2222-3333-4444-555555555555",
      uniqueName: "deployer",
      passwords: [],
    });
    editState((state) => ({
      ...state,
      identity: { ...state.identity, id: "11111111-2222-3333-4444-555555555555" },
    }));
    for (const run of [await engine.rotate(), await engine.setup(both), await engine.remove()])
      expect(run).toMatchObject({ code: 2, error: { code: "state.foreign-application" } });
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("gets no wider role", async () => {
    editState((state) => ({ ...state, role: { name: "owner", repositories: [] } }));
    const run = await engine.setup(both);
    expect(run).toMatchObject({ code: 2, error: { code: "role.not-confirmed" } });
    expect(liveAssignments(sandbox)).toHaveLength(1);
  });
});

describe("a state that was lost or restored", () => {
  it("is not written where it is a copy of another one, and is taken over with --adopt", async () => {
    Object.assign(stateSecret(sandbox)!.metadata, { uid: "another" });
    for (const run of [await engine.rotate(), await engine.setup(both), await engine.remove()])
      expect(run).toMatchObject({ code: 2, error: { code: "state.copy" } });
    const run = await engine.setup(both, { adopt: true });
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect((await engine.rotate()).code).toBe(0);
    expectOrder(sandbox, both, 2);
  });

  it("is recovered with --adopt and the application that the entries name", async () => {
    const { objects } = sandbox.world.clusters[0]!;
    objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.namespace !== "acr-pull");
    const appId = entryOf(sandbox)?.username ?? "";
    expect(await engine.setup(both)).toMatchObject({ code: 2, error: { code: "secret.not-ours" } });
    const run = await engine.setup(both, { adopt: true, servicePrincipal: appId });
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect(entryOf(sandbox)?.password).toBe(livePasswords(sandbox).at(-1)?.secretText);
    expect(entryOf(sandbox, "myregistry", "default")?.username).toBe(appId);
  });

  it("of yesterday: a password that was retired since is refused, and setup makes a new one", async () => {
    const before = structuredClone(sandbox.world.clusters[0]!.objects["secrets"]!);
    await engine.rotate({ mode: "compromised" });
    sandbox.world.clusters[0]!.objects["secrets"] = before;
    sandbox.invariants.violations.length = 0;
    const run = await engine.setup(both);
    expect(run.code, run.lines.join("\n")).toBe(0);
    const keys = livePasswords(sandbox).map(({ secretText }) => secretText);
    expect(both.map((namespace) => entryOf(sandbox, "myregistry", namespace)?.password)).toEqual([
      keys.at(-1),
      keys.at(-1),
    ]);
  });

  it("of a newer version is refused and never written", async () => {
    editState((state) => ({ ...state, version: 2 }) as unknown as State);
    expect(await engine.setup(both)).toMatchObject({ code: 2, error: { code: "state.newer" } });
  });
});
