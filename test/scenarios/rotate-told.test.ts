import { describe, expect, it, type TestContext } from "vitest";
import { runHurried } from "../canary.ts";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import type { ResultDocument, Run, RunOptions } from "../program.ts";
import { stopped } from "../stopped.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { heldKeys, keyIds, ownApplication, start } from "./rotation.ts";

const namespaces = ["awesomeapps", "default"];

/** A world that was set up for two namespaces. */
async function setUpWorld(context: TestContext): Promise<Sandbox> {
  const sandbox = await start(context);
  setUp(sandbox, { namespaces });
  return sandbox;
}

function rotate(sandbox: Sandbox, args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  return runHurried(sandbox, ["rotate", "-y", "-o", "json", "--settle", "0s", ...args], options);
}

type Faults = NonNullable<SandboxOptions["faults"]>;

const noPatch = { match: "PATCH .*/secrets/", times: 99, status: 403, code: "Forbidden" };
const noRemoval = {
  match: "POST .*/removePassword",
  times: 99,
  status: 403,
  code: "Authorization_RequestDenied",
};

/** Takes rights away as soon as a request whose path ends in `part` is carried out. */
function failAfter(sandbox: Sandbox, part: string, faults: Faults): void {
  sandbox.observe((phase, { path }) => {
    if (phase === "committed" && path.endsWith(part)) sandbox.setFaults(faults);
  });
}

const isWrite = (part: string, method = "POST") => {
  return ({ method: own, path, mutating }: RequestEntry) => mutating && own === method && path.includes(part);
};

/** What a document says was done to each secret, by namespace. */
function actionsOf({ secrets }: ResultDocument): Record<string, string> {
  return Object.fromEntries(
    secrets.map(({ namespace, action }: Record<string, string>) => [namespace, action]),
  );
}

describe("rotate that fails half way names what it did", () => {
  it("the key that it made and could not take back", async (context) => {
    const sandbox = await setUpWorld(context);
    failAfter(sandbox, "/addPassword", [noPatch, noRemoval]);
    const [old] = keyIds(sandbox);
    const { code, json, stderr } = await rotate(sandbox);
    expect(code, stderr).toBe(4);
    const [, made] = keyIds(sandbox);
    expect(json.unwrittenKeys).toMatchObject([{ appId: ownApplication(sandbox).appId, keyId: made }]);
    expect(json.rotations).toMatchObject([{ keyId: old, state: "failed", replaced: null }]);
    expect(json.sweptKeys).toEqual([]);
  });

  it("to people as well", async (context) => {
    const sandbox = await setUpWorld(context);
    failAfter(sandbox, "/addPassword", [noPatch, noRemoval]);
    const { stdout } = await runHurried(sandbox, ["rotate", "-y", "--settle", "0s"]);
    const [, made] = keyIds(sandbox);
    expect(stdout).toContain(`The key ${made} was made, but no secret is known to hold it yet`);
    expect(stdout).toContain("was not fully rotated");
  });

  it("no key that it took back, and none of its own among those of earlier runs", async (context) => {
    const sandbox = await setUpWorld(context);
    failAfter(sandbox, "/addPassword", [noPatch]);
    const { code, json, stderr } = await rotate(sandbox);
    expect(code, stderr).toBe(4);
    expect(keyIds(sandbox)).toHaveLength(1);
    expect(json).toMatchObject({ unwrittenKeys: [], sweptKeys: [] });
  });

  it("the key that it retired, where its mark cannot be taken away any more", async (context) => {
    const sandbox = await start(context);
    const { old, keyId } = changedOver(sandbox, { namespaces, due: true });
    failAfter(sandbox, "/removePassword", [noPatch]);
    const { code, json, stderr } = await rotate(sandbox);
    expect(code, stderr).toBe(4);
    expect(keyIds(sandbox)).toEqual([keyId]);
    expect(json.rotations).toMatchObject([{ keyId, replaced: old, state: "rotated", retired: true }]);
  });
});

describe("rotate that is told to stop half way names what it did", () => {
  it.for([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s, the key that it made", async ([signal, code], context) => {
    const sandbox = await setUpWorld(context);
    const run = await stopped(sandbox, signal, isWrite("/addPassword"), rotate);
    expect(run.code, run.stderr).toBe(code);
    const [old, made] = keyIds(sandbox);
    expect(run.json).toMatchObject({ command: "rotate", ok: false, error: { code: "interrupted" } });
    expect(run.json.unwrittenKeys).toMatchObject([{ keyId: made }]);
    expect(run.json.rotations).toMatchObject([{ keyId: old, state: "failed" }]);
    expect(run.stderr).toContain("To continue");
  });

  it("the secrets that it changed over, and those that it did not come to", async (context) => {
    const sandbox = await setUpWorld(context);
    const [old] = keyIds(sandbox);
    const isChanged = () => namespaces.some((name) => heldKeys(sandbox, name).plain !== old);
    const run = await stopped(sandbox, "SIGINT", isChanged, rotate);
    const [, made] = keyIds(sandbox);
    expect(run.json.rotations).toMatchObject([
      { keyId: made, state: "pending", replaced: old, retired: false },
    ]);
    expect(run.json.unwrittenKeys).toEqual([]);
    expect(actionsOf(run.json)).toEqual({ awesomeapps: "updated", default: "skipped" });
    expect([heldKeys(sandbox).plain, heldKeys(sandbox, "default").plain]).toEqual([made, old]);
  });

  it("the key that it retired", async (context) => {
    const sandbox = await start(context);
    const { old, keyId } = changedOver(sandbox, { namespaces, due: true });
    const run = await stopped(sandbox, "SIGINT", isWrite("/removePassword"), rotate, ["--finish"]);
    expect(run.code, run.stderr).toBe(130);
    expect(run.json.rotations).toMatchObject([
      { keyId, replaced: old, state: "rotated", retired: true, retirement: "untried" },
    ]);
  });

  it("and that the one before stays, where it had only begun to take that out", async (context) => {
    const sandbox = await start(context);
    const { old, keyId } = changedOver(sandbox, { namespaces, due: true });
    const isCleaned = () => namespaces.some((name) => heldKeys(sandbox, name).https === undefined);
    const run = await stopped(sandbox, "SIGINT", isCleaned, rotate, ["--finish"]);
    expect(run.json.rotations).toMatchObject([{ keyId, replaced: old, state: "failed", retired: false }]);
    expect(Object.values(actionsOf(run.json)).toSorted()).toEqual(["skipped", "updated"]);
    expect(keyIds(sandbox)).toEqual([old, keyId]);
  });
});

/** Which key each secret pulls with, and which one it holds beside it. */
function allHeld(sandbox: Sandbox) {
  return Object.fromEntries(namespaces.map((name) => [name, heldKeys(sandbox, name)]));
}

/** What a document says about keys and secrets is true, and it names every key that was made or removed. */
function expectTruth(
  sandbox: Sandbox,
  before: { readonly keys: readonly string[]; readonly held: ReturnType<typeof allHeld> },
  { json, stdout, stderr }: Run,
): void {
  const said = stderr + stdout;
  const { rotations = [], secrets = [], unwrittenKeys = [] } = json;
  const living = keyIds(sandbox);
  const held = allHeld(sandbox);
  const unwritten = unwrittenKeys.map(({ keyId }: Record<string, string>) => keyId);
  const named = rotations.flatMap(({ keyId, replaced }: Record<string, string>) => [keyId, replaced]);
  const made = living.filter((keyId) => !before.keys.includes(keyId));
  expect([...named, ...unwritten], said).toEqual(expect.arrayContaining(made));
  const inUse = Object.values(held).flatMap(({ plain, https }) => [plain, https]);
  for (const keyId of unwritten)
    expect([living.includes(keyId), inUse.includes(keyId)]).toEqual([true, false]);
  const replaced = rotations.filter((one: ResultDocument) => one.replaced !== null);
  const gone = before.keys.filter((keyId) => !living.includes(keyId));
  for (const one of replaced) expect(gone.includes(one.replaced), said).toBe(one.retired);
  const retired = replaced.filter((one: ResultDocument) => one.retired);
  expect(retired.map((one: ResultDocument) => one.replaced)).toEqual(gone);
  const written = secrets.filter(({ action }: Record<string, string>) => action !== "failed");
  for (const { namespace, action } of written) {
    const isChanged = JSON.stringify(held[namespace]) !== JSON.stringify(before.held[namespace]);
    expect(isChanged, said).toBe(action === "updated");
    expect(isChanged ? named : before.keys).toContain(held[namespace]?.plain);
  }
}

/** The options for a leaked key, with every namespace that is to get the next one. */
const leaked = ["--compromised", ...namespaces.flatMap((name) => ["-n", name])];

/** The last write of a rotation for a leaked key in two namespaces, counted from 0. */
const lastWrite = 10;

describe("whatever write of a rotation for a leaked key is the last, what is said is so", () => {
  const cases = Array.from({ length: lastWrite + 1 }, (_, write) => write);

  it("makes exactly as many writes as are tested here", async (context) => {
    const sandbox = await setUpWorld(context);
    const run = await rotate(sandbox, leaked);
    expect(run.code, run.stderr).toBe(0);
    expect(sandbox.requests.mutating()).toHaveLength(lastWrite + 1);
  });

  it.for(cases)("write %i, and then Ctrl-C", async (at, context) => {
    const sandbox = await setUpWorld(context);
    const before = { keys: keyIds(sandbox), held: allHeld(sandbox) };
    const isLast = ({ mutating }: RequestEntry) => mutating && sandbox.requests.mutating().length > at;
    const run = await stopped(sandbox, "SIGINT", isLast, rotate, leaked);
    expect(run.code, run.stderr).toBe(130);
    expectTruth(sandbox, before, run);
  });

  it.for(cases)("write %i, and then no right to any", async (at, context) => {
    const sandbox = await setUpWorld(context);
    const before = { keys: keyIds(sandbox), held: allHeld(sandbox) };
    sandbox.observe((phase, { mutating }) => {
      if (phase !== "committed" || !mutating || sandbox.requests.mutating().length <= at) return;
      sandbox.setFaults([noPatch, noRemoval, { ...noRemoval, match: "POST .*/addPassword" }]);
    });
    const run = await rotate(sandbox, leaked);
    expect([0, 3, 4]).toContain(run.code);
    expectTruth(sandbox, before, run);
  });
});
