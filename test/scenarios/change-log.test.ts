import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretsIn } from "../canary.ts";
import { livePasswords, rotate, runProgram, setup, type ResultDocument } from "../program.ts";

let sandbox: Sandbox;
let folder: string;
let log: string;
beforeEach(async () => {
  sandbox = await startSandbox();
  folder = await mkdtemp(join(tmpdir(), "acr-pull-log-"));
  log = join(folder, "changes.jsonl");
});
afterEach(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

const text = () => readFile(log, "utf8");

async function changes(): Promise<ResultDocument[]> {
  return (await text())
    .split("\n")
    .filter((line) => line !== "")
    .map((line): ResultDocument => JSON.parse(line));
}

/** The requests that asked for a change, as the services saw them: method and path. */
function asked(from = 0): string[] {
  return sandbox.requests
    .mutating()
    .slice(from)
    .map(({ method, path }) => `${method} ${path}`)
    .sort();
}

function inShort({ method, target }: ResultDocument): string {
  return `${method} ${decodeURIComponent(new URL(target).pathname)}`;
}

describe("the log of changes", () => {
  test("tells each change, by whom it was made, and that Azure knows it by the same id", async () => {
    const run = await setup(sandbox, ["--log", log]);
    expect(run.code, run.stderr).toBe(0);
    const lines = await changes();
    expect(lines.map(inShort).sort()).toEqual(asked());
    const [operationId] = [...new Set(lines.map((line) => line.operationId))];
    const known = sandbox.requests.entries.filter(({ service }) => service === "azure");
    expect(new Set(known.map(({ clientRequestId }) => clientRequestId))).toEqual(new Set([operationId]));
    expect(new Set(lines.map(({ result }) => result))).toEqual(new Set(["done"]));
    const { appId, objectId } = sandbox.world.caller;
    const made = lines.find(({ service }) => service === "entra");
    expect(made).toMatchObject({
      actor: { kind: "service-principal", name: appId, objectId },
      status: 201,
      requestId: expect.stringMatching(/^[\w-]{36}$/),
      facts: {
        displayName: run.json.servicePrincipals[0].displayName,
        appId: run.json.servicePrincipals[0].appId,
      },
    });
    const written = lines.findLast(({ service }) => service === "kubernetes");
    expect(written.actor).toEqual({ kind: "kubeconfig-user", name: "sandbox-user", context: "sandbox" });
    expect(secretsIn(await text(), sandbox)).toEqual([]);
    expect((await stat(log)).mode & 0o777).toBe(0o600);
  });

  test("tells a whole rotation: the key made, the secrets that hold it, the key removed", async () => {
    await setup(sandbox, ["-n", "awesomeapps", "-n", "default"]);
    const [old] = livePasswords(sandbox);
    const before = asked().length;
    const run = await rotate(sandbox, [
      "-n",
      "awesomeapps",
      "-n",
      "default",
      "--compromised",
      "--settle",
      "0s",
      "--log",
      log,
    ]);
    expect(run.code, run.stderr).toBe(0);
    const lines = await changes();
    expect(lines).toHaveLength(asked(before).length);
    const made = lines.find(({ target }) => target.endsWith("/addPassword"));
    const { keyId } = run.json.rotations[0];
    expect(made.facts).toMatchObject({ keyId, displayName: expect.stringMatching(/^acr-pull\//) });
    const holders = lines
      .filter(({ facts }) =>
        Object.values(facts.entries ?? {}).some((entry: ResultDocument) => entry.keyId === keyId),
      )
      .map(({ facts }) => facts.namespace);
    expect(new Set(holders)).toEqual(new Set(["awesomeapps", "default"]));
    const removed = lines.find(({ target }) => target.endsWith("/removePassword"));
    expect(removed.facts).toEqual({ keyId: old?.keyId });
    expect(secretsIn(await text(), sandbox)).toEqual([]);
  });

  test("adds to what is there, and has nothing to tell of a dry run or when nothing changes", async () => {
    await writeFile(log, "before\n");
    await setup(sandbox, ["--log", log, "--dry-run"]);
    expect(await text()).toBe("before\n");
    await setup(sandbox);
    await setup(sandbox, ["--log", log]);
    await runProgram(sandbox, ["status", "--log", log]);
    expect(await text()).toBe("before\n");
  });

  test("tells what was refused, and what may have been done", async () => {
    sandbox.setFaults([
      { match: "PUT .*/roleAssignments/", status: 403, code: "AuthorizationFailed" },
      { match: "POST .*/addPassword", after: "commit", action: "drop" },
    ]);
    const run = await setup(sandbox, ["--log", log]);
    expect(run.code).not.toBe(0);
    const lines = await changes();
    const results = lines.map(({ target, result, status }) => [target.split("/").at(-1), result, status]);
    expect(results).toContainEqual(["addPassword", "unknown", null]);
    expect(lines.map(inShort).sort()).toEqual(asked());
  });

  test.each([
    ["in a folder that is not there", () => join(folder, "no", "log"), "ENOENT"],
    ["that is a folder", () => folder, "EISDIR"],
  ])("%s refuses the run before any change", async (_what, path, why) => {
    const run = await setup(sandbox, ["--log", path()]);
    expect([run.code, run.json.error.code]).toEqual([2, "usage.log-file"]);
    expect(run.json.error.message).toContain(why);
    expect(asked()).toEqual([]);
  });

  test("that can no longer be written is told once, and the run goes on", async () => {
    sandbox.observe((phase, { method }) => {
      if (phase === "read" && method === "PATCH") rmSync(folder, { recursive: true, force: true });
    });
    const run = await setup(sandbox, ["--log", log]);
    await mkdir(folder, { recursive: true });
    expect(run.code, run.stderr).toBe(0);
    expect(
      run.stderr.match(/could not be written \(ENOENT\): it does not record every change/g),
    ).toHaveLength(1);
  });
});
