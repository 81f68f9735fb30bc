import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runProgram, secretOf } from "../program.ts";
import { stopped } from "../stopped.ts";

let sandbox: Sandbox;
const setup = ["setup", "--registry", "myregistry", "-n", "awesomeapps"];

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

describe("a plan", () => {
  it("is shown with signs and words, and with --exit-code told by exit code 5", async () => {
    const { code, stdout } = await runProgram(sandbox, [...setup, "--dry-run", "--exit-code"]);
    expect(code).toBe(5);
    expect(stdout).toMatch(/^ {2}\+ create application acr-pull-myregistry-/m);
    expect(stdout).toMatch(/to create, 0 to update, 0 to remove\.$/m);
    expect(secretOf(sandbox)).toBeUndefined();
  });

  it("is a list in JSON", async () => {
    const json = await runProgram(sandbox, [...setup, "--dry-run", "-o", "json"]);
    expect(json.code).toBe(0);
    expect(json.json.plan[0]).toEqual({
      target: expect.any(String) as string,
      action: "created",
      before: null,
      after: expect.any(Object) as object,
    });
  });
});

describe("an interruption", () => {
  it("says what was not done and how to go on, and exits by the signal's code", async () => {
    const isGrant = ({ method, path }: RequestEntry) =>
      method === "PUT" && path.includes("/roleAssignments/");
    const run = await stopped(sandbox, "SIGTERM", isGrant, runProgram, [...setup, "-y", "-o", "json"]);
    expect(run.code).toBe(143);
    expect(run.json).toMatchObject({
      ok: false,
      exitCode: 143,
      error: { code: "interrupted", retryable: true },
    });
    expect(run.stderr).toContain("stopping as soon as it is safe; a second signal stops at once");
    expect(run.stderr).not.toContain("fix: not done");
    expect(run.stderr).toContain(
      "To continue: acr-pull setup --registry myregistry --namespace awesomeapps --context sandbox --yes",
    );
  });
});

describe("a run that meets a bug of ours", () => {
  it("says so without a stack, also when it is thrown where nobody could catch it", async () => {
    sandbox.setFaults([{ match: "GET .*/registries", action: "hang", times: 99 }]);
    const thrower = "data:text/javascript,process.on('SIGUSR2',()=>{throw%20new%20TypeError('hunter2')})";
    let kill: (signal: NodeJS.Signals) => void = () => {};
    const stop = sandbox.observe((phase, { path }) => {
      if (phase === "read" && path.endsWith("/registries")) kill("SIGUSR2");
    });
    const run = await runProgram(sandbox, [...setup, "-y", "-o", "json"], {
      env: { NODE_OPTIONS: `--import=${thrower}` },
      started: (signal) => (kill = signal),
    });
    stop();
    sandbox.setFaults([]);
    expect(run.code).toBe(1);
    expect(run.json).toMatchObject({ ok: false, exitCode: 1, error: { code: "bug", retryable: false } });
    expect(run.stderr).toContain("This is a bug in acr-pull.");
    expect(run.stderr).not.toMatch(/hunter2|    at /);
  });
});

describe("a result", () => {
  it("ends with a Pod that uses the secret, the equivalent command and the day the password ends", async () => {
    const { code, stdout, stderr } = await runProgram(sandbox, [...setup, "-y"]);
    expect(code).toBe(0);
    expect(stdout).toContain("imagePullSecrets:");
    expect(stdout).toMatch(/image: localhost:\d+\/my-awesome-app:v1/);
    expect(stdout).toContain(
      "acr-pull setup --registry myregistry --namespace awesomeapps --context sandbox --yes",
    );
    expect(stdout).toMatch(/can pull from myregistry \(\S+\) until \d{4}-\d\d-\d\d\./);
    expect(stdout + stderr).not.toContain("\u001b");
    // No password, in any of its forms.
    const data = (secretOf(sandbox) as { data: Record<string, string> } | undefined)?.data ?? {};
    const { auths } = JSON.parse(Buffer.from(data[".dockerconfigjson"] ?? "", "base64").toString()) as {
      auths: Record<string, { password: string; auth: string }>;
    };
    for (const { password, auth } of Object.values(auths)) {
      expect(password.length).toBeGreaterThan(10);
      expect(stdout + stderr).not.toContain(password);
      expect(stdout + stderr).not.toContain(auth);
    }
  });

  it("is not told with --quiet when all is well, and a program gets it all the same", async () => {
    const silent = await runProgram(sandbox, [...setup, "-y", "--quiet"]);
    expect([silent.code, silent.stdout, silent.stderr]).toEqual([0, "", ""]);
    const { json, stderr } = await runProgram(sandbox, [...setup, "-y", "--quiet", "-o", "json"]);
    expect(stderr).toBe("");
    expect(json.secrets).toMatchObject([{ action: "unchanged" }]);
  });
});

describe("without Azure", () => {
  it("sends no password to a host that only looks like a registry", async () => {
    const args = ["setup", "--registry", "myregistry.azurecr.io.evil.test", "-y"];
    const principal = ["--service-principal", "11111111-2222-4333-8444-555555555555", "--password-stdin"];
    const { code, stderr } = await runProgram(sandbox, [...args, ...principal], {
      input: "hunter2\n",
      env: { ACR_PULL_CLOUD: "AzureCloud" },
    });
    expect(code).toBe(2);
    expect(stderr).toContain("is not a login server of AzureCloud");
    expect(stderr).not.toContain("hunter2");
  });
});
