import { delimiter, dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { entryOf, liveAssignments, livePasswords, secretOf } from "../../program.ts";
import { setUp } from "../../scenarios/already-set-up.ts";
import { expectRepeatable, mutatingSince } from "../walk-through.ts";
import { asJob, installed, see, seenOf, toPaste, typed } from "./person.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

describe("somebody who adds a second namespace", () => {
  it("gets it with the password that is there, is not told again what a principal is, and changes no right", async () => {
    setUp(sandbox, { namespaces: ["awesomeapps"] });
    const rights = liveAssignments(sandbox);
    const { code, said } = await see(sandbox, "acr-pull setup --registry myregistry -n default --yes");
    expect(code, said).toBe(0);
    expect(entryOf(sandbox, "myregistry", "default")).toEqual(entryOf(sandbox));
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(liveAssignments(sandbox)).toEqual(rights);
    expect(said).toMatch(/^Principal +\S+ +unchanged$/m);
    expect(said).not.toContain("What these are:");
    for (const command of toPaste(said)) await expectRepeatable(sandbox, command);
    const status = await see(sandbox, "acr-pull status");
    expect(status.code, status.said).toBe(0);
    expect(status.said.match(/^sandbox .* ok$/gm)).toHaveLength(2);
  });
});

describe("somebody whose pull secret is broken", () => {
  it("asks why, pastes what stands at fix, and finds it in order", async () => {
    setUp(sandbox, { namespaces: ["awesomeapps"] });
    for (const assignment of liveAssignments(sandbox)) assignment.removedAt = Date.now();
    const verify = "acr-pull verify -n awesomeapps";
    const before = sandbox.requests.entries.length;
    const { code, said } = await see(sandbox, verify);
    expect(code, said).toBe(5);
    expect(mutatingSince(sandbox, before)).toEqual([]);
    expect(said).toMatch(/^ {2}✗ FAIL role: /m);
    const [, fix = ""] = /^ +(?:fix: .*)?(acr-pull setup .*)$/m.exec(said) ?? [];
    const mended = await see(sandbox, `${fix} --yes`);
    expect(mended.code, mended.said).toBe(0);
    const again = await see(sandbox, toPaste(said).at(-1) ?? "");
    expect(again.code, again.said).toBe(0);
  });

  it("that somebody deleted sees it in status, and the same setup writes it again with the same password", async () => {
    setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    const [secrets, gone] = [sandbox.world.clusters[0]!.objects["secrets"]!, secretOf(sandbox, "default")!];
    secrets.splice(secrets.indexOf(gone), 1);
    const { code, said } = await see(sandbox, "acr-pull verify -n default");
    expect(code, said).toBe(5);
    expect(said).toMatch(/✗ FAIL secret-present: /);
    const again = await see(sandbox, "acr-pull setup --registry myregistry -n default --yes");
    expect(again.code, again.said).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(entryOf(sandbox, "myregistry", "default")).toEqual(entryOf(sandbox));
  });
});

describe("somebody who leaves", () => {
  it("looks at what would go, agrees by the registry's name, and leaves nothing behind", async () => {
    setUp(sandbox, { namespaces: ["awesomeapps"] });
    const line = "acr-pull remove --registry myregistry --context sandbox --settle 0s --auth environment";
    const before = sandbox.requests.entries.length;
    const plan = await see(sandbox, `${line} --dry-run`);
    expect(plan.code, plan.said).toBe(0);
    expect(plan.said.match(/^ {2}- remove /gm)?.length).toBeGreaterThanOrEqual(4);
    expect(mutatingSince(sandbox, before)).toEqual([]);
    const run = await typed(sandbox, line);
    await run.until("type the registry's name: myregistry");
    run.press("myregistry", "enter");
    const { code, said } = await seenOf(run);
    expect(code, said).toBe(0);
    expect(secretOf(sandbox)).toBeUndefined();
    expect(livePasswords(sandbox)).toEqual([]);
    expect(liveAssignments(sandbox)).toEqual([]);
    const status = await see(sandbox, "acr-pull status");
    expect([status.code, status.said.includes("acr-secret")]).toEqual([0, false]);
    await expectRepeatable(sandbox, `${line} --yes`);
  });
});

describe("a job in CI", () => {
  it("without --yes fails with 2 and says all that is missing in one go; with it, once more changes nothing", async () => {
    const env = await jobEnvironment();
    const bare = await asJob("acr-pull setup", env);
    expect(bare.code).toBe(2);
    expect(bare.stderr).toMatch(/--registry[^]*--yes/);
    expect(mutatingSince(sandbox)).toEqual([]);
    const line = "acr-pull setup --registry myregistry -n awesomeapps";
    const plan = await asJob(`${line} --dry-run --exit-code`, env);
    expect([plan.code, mutatingSince(sandbox)]).toEqual([5, []]);
    const done = await asJob(`${line} --yes -o json`, env);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ ok: true, exitCode: 0 });
    expect(done.stdout + done.stderr).not.toContain("\u001b");
    expect((await asJob(`${line} --dry-run --exit-code`, env)).code).toBe(0);
  });
});

describe("renewal by cron", () => {
  it("runs as the command that setup printed, in a job's environment: silent, until it is due", async () => {
    const { said } = await see(sandbox, "acr-pull setup --registry myregistry -n awesomeapps --yes");
    expect(said).not.toContain("cron");
    const renewal = toPaste(said).find((line) => line.startsWith("acr-pull rotate "));
    const before = sandbox.requests.entries.length;
    const done = await asJob(`${renewal} --quiet`, await jobEnvironment());
    expect(done).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(mutatingSince(sandbox, before)).toEqual([]);
  });

  it("renews a key that ends soon, beside the old one, and mails one answer", async () => {
    const { keyId } = setUp(sandbox, { namespaces: ["awesomeapps"], ageDays: 150 });
    const line = "acr-pull rotate --context sandbox --if-due --yes --quiet";
    const done = await asJob(line, await jobEnvironment());
    expect(done.code, done.stderr).toBe(0);
    const kept = livePasswords(sandbox).map((key) => key.keyId);
    expect(kept).toHaveLength(2);
    expect(kept).toContain(keyId);
    const status = await see(sandbox, "acr-pull status");
    expect([0, 5], status.said).toContain(status.code);
    expect(status.said).toMatch(/^sandbox +awesomeapps /m);
  });
});

/** The environment that a runner gives a job: no home, no terminal. */
async function jobEnvironment(): Promise<Record<string, string>> {
  const folders = [await installed(sandbox), dirname(process.execPath), "/usr/bin", "/bin"];
  return { ...sandbox.environment, CI: "true", PATH: folders.join(delimiter) };
}
