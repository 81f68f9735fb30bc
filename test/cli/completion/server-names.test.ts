import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { runProgram } from "../../program.ts";

let sandbox: Sandbox;
let cache = "";
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "acr-pull-names-"));
  return () => rm(cache, { recursive: true });
});

/** The words that a shell is offered after this line, and the requests that this took. */
async function offered(line: readonly string[], env: Record<string, string> = {}) {
  const before = sandbox.requests.entries.length;
  const run = await runProgram(sandbox, ["__complete", "zsh", "--", ...line, ""], {
    env: { XDG_CACHE_HOME: cache, ACR_PULL_COMPLETION: "server", ...env },
  });
  expect(run.code, run.stderr).toBe(0);
  expect(run.stderr).toBe("");
  const words = run.stdout.trimEnd().split("\n").slice(1);
  return {
    words: words.map((word) => word.split("\t")[0]),
    requests: sandbox.requests.entries.length - before,
  };
}

it("offers the namespaces of the cluster that the line names", async () => {
  sandbox.addObject("sandbox-staging", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "only-here" },
  });
  expect((await offered(["setup", "--context", "sandbox-staging", "-n"])).words).toContain("only-here");
  expect((await offered(["setup", "-n"])).words).not.toContain("only-here");
});

it("offers the registries that the caller sees", async () => {
  expect((await offered(["verify", "--registry"])).words).toEqual(["myregistry", "abacregistry"]);
});

it("asks once in some minutes", async () => {
  const first = await offered(["setup", "--registry"]);
  const again = await offered(["setup", "--registry"]);
  expect(first.requests).toBeGreaterThan(0);
  expect(again).toEqual({ words: first.words, requests: 0 });
});

it.each([
  ["without the variable", ["setup", "--registry"], { ACR_PULL_COMPLETION: "" }],
  ["where it says anything else", ["setup", "-n"], { ACR_PULL_COMPLETION: "true" }],
  ["where somebody would have to sign in", ["setup", "--auth", "device-code", "--registry"], {}],
])("asks no server %s", async (_case, line, env) => {
  expect((await offered(line, env)).requests).toBe(0);
});

it("offers nothing where the server refuses, and does not remember that", async () => {
  const refused = { AZURE_CLIENT_SECRET: "wrong" };
  expect((await offered(["setup", "--registry"], refused)).words).toEqual([]);
  expect((await offered(["setup", "--registry"])).words).toContain("myregistry");
});

it("gives up on a server that does not answer", async () => {
  sandbox.setFaults([{ match: "GET /api/v1/namespaces", times: 100, action: "hang" }]);
  expect((await offered(["setup", "-n"])).words).toEqual([]);
  sandbox.setFaults([]);
});

it("is no variable that a run warns of", async () => {
  const run = await runProgram(sandbox, ["status"], { env: { ACR_PULL_COMPLETION: "server" } });
  expect(run.stderr).not.toContain("ACR_PULL_COMPLETION");
});
