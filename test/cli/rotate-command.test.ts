import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf, livePasswords, marksOf, runProgram, setup } from "../program.ts";
import { stopped } from "../stopped.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

describe("rotate where nothing was set up", () => {
  it("is refused, and says how a first key is made", async () => {
    const { code, json } = await runProgram(sandbox, ["rotate", "-y", "-o", "json"]);
    expect(code).toBe(2);
    expect(json).toMatchObject({ command: "rotate", error: { code: "rotate.nothing-found" } });
  });
});

describe("rotate of a key that two namespaces hold", () => {
  let old: string | undefined;
  beforeAll(async () => {
    const run = await setup(sandbox, ["-n", "awesomeapps", "-n", "default"]);
    if (run.code !== 0) throw new Error(run.stderr);
    old = entryOf(sandbox)?.password;
  });

  it("is planned with signs and words, told by exit code 5, and the same in JSON; nothing is written", async () => {
    const plan = ["rotate", "--dry-run", "--exit-code"];
    const people = await runProgram(sandbox, plan);
    expect(people.code).toBe(5);
    expect(people.stdout).toMatch(/^ {2}\+ create key for cluster /m);
    expect(people.stdout).toMatch(/^ {2}~ update secret sandbox\/awesomeapps\/acr-secret$/m);
    const programs = await runProgram(sandbox, [...plan, "-o", "json"]);
    expect(programs.code).toBe(5);
    expect(Object.keys(programs.json as object)).toEqual([
      "schemaVersion",
      "command",
      "ok",
      "exitCode",
      "plan",
      "warnings",
    ]);
    expect(entryOf(sandbox)?.password).toBe(old);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("stopped by a signal says how to go on by the same command, and that goes on", async () => {
    const args = ["rotate", "-n", "default", "--expires-in", "90d", "-y", "-o", "json"];
    const makesKey = ({ path }: RequestEntry) => path.endsWith("/addPassword");
    const run = await stopped(sandbox, "SIGTERM", makesKey, runProgram, args);
    expect(run.code).toBe(143);
    expect(run.json).toMatchObject({ command: "rotate", error: { code: "interrupted", retryable: true } });
    expect(run.stderr).toContain("stopping as soon as it is safe; a second signal stops at once");
    const again = "acr-pull rotate --namespace default --context sandbox --expires-in 90d --yes";
    expect(run.stderr).toContain(`To continue: ${again}\n`);
    const next = await runProgram(sandbox, again.split(" ").slice(1));
    expect(next.code, next.stderr).toBe(0);
  });

  it("has told in the end what is true now, with no password in it, and left the old key valid", async () => {
    const before = sandbox.requests.entries.length;
    const { code, stdout, stderr } = await runProgram(sandbox, ["rotate", "-y"]);
    expect(code, stderr).toBe(0);
    const [mark] = Object.values(marksOf(sandbox)) as Array<{ keyId: string; retire: { keyId: string } }>;
    expect(stdout).toContain(`The key ${mark?.keyId} for myregistry (localhost:`);
    expect(stdout).toMatch(/ in sandbox is in use by 2 secrets, valid until \d{4}-\d\d-\d\d\.$/m);
    expect(stdout).toContain(`The old key ${mark?.retire.keyId} stays valid until at least 20`);
    expect(stdout).toContain("    acr-pull rotate --context sandbox --finish --yes\n");
    expect(entryOf(sandbox, "myregistry", "default")).toEqual(entryOf(sandbox));
    expect(entryOf(sandbox)?.password).not.toBe(old);
    expect(livePasswords(sandbox)).toHaveLength(2);
    for (const { secretText } of livePasswords(sandbox)) expect(stdout + stderr).not.toContain(secretText);
    // A retirement is pending, so there is nothing to do but to say so.
    expect(sandbox.requests.entries.slice(before).filter(({ mutating }) => mutating)).toEqual([]);
  });

  it("asks Resource Manager for nothing but the addresses of its cloud", async () => {
    const before = sandbox.requests.entries.length;
    const { code } = await runProgram(sandbox, ["rotate", "-y"]);
    expect(code).toBe(0);
    const paths = sandbox.requests.entries
      .slice(before)
      .filter(({ service }) => service === "azure")
      .map(({ path }) => path);
    expect(paths.filter((path) => /^\/(subscriptions|providers)\b/.test(path))).toEqual([]);
    expect(paths).toContain("/metadata/endpoints");
  });

  it("of a leaked key warns on stderr too that tokens outlive it", async () => {
    const args = [
      "rotate",
      "--compromised",
      "-n",
      "awesomeapps",
      "-n",
      "default",
      "--settle",
      "0s",
      "-y",
      "-o",
      "json",
    ];
    const { code, json, stderr } = await runProgram(sandbox, args);
    expect(code, stderr).toBe(0);
    expect(json.rotations.at(-1)).toMatchObject({ state: "rotated", retired: true, context: "sandbox" });
    expect(stderr).toMatch(/! warning: Tokens [^]* up to 3 hours/);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });
});
