import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { runHurried } from "../canary.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";

let sandbox: Sandbox;
let folder = "";
/** A file that the plugin makes when it runs. */
let ran = "";
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-exec-plugins-"));
  ran = join(folder, "ran");
  const { users } = load(await readFile(sandbox.kubeconfigPath, "utf8")) as {
    users: Array<{ user: { token: string } }>;
  };
  const credential = { kind: "ExecCredential", status: { token: users[0]?.user.token } };
  await writeFile(
    join(folder, "login"),
    `#!/bin/sh\necho x >> '${ran}'\necho '${JSON.stringify(credential)}'`,
    {
      mode: 0o755,
    },
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** `status` with the sandbox's kubeconfig, whose users sign in with this program. */
async function status(exec: object, args: readonly string[] = []) {
  const config = load(await readFile(sandbox.kubeconfigPath, "utf8")) as { users: Array<{ user: object }> };
  for (const item of config.users) item.user = { exec };
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, dump(config));
  return runHurried(sandbox, ["status", "--kubeconfig", kubeconfig, ...args]);
}

describe("a program that a kubeconfig names to sign in by", () => {
  it("runs, and is told of once, without its arguments, when it is not on the PATH", async () => {
    const args = ["get-token", "--client-secret", "s3cr3t"];
    const run = await status({ command: "./login", args }, ["--context", "sandbox"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr.trim()).toBe(`· context sandbox signs in with ${join(folder, "login")}`);
    expect(existsSync(ran)).toBe(true);
  });

  it("runs and is not told of to whoever wants to hear nothing", async () => {
    const run = await status({ command: "./login" }, ["--quiet"]);
    expect([run.code, run.stderr]).toEqual([0, ""]);
    expect(existsSync(ran)).toBe(true);
  });

  it.each([
    ["by its name", "login"],
    ["by its path", "./login"],
  ])(
    "runs as with kubectl, with nothing said, when it is on the PATH and named %s",
    async (_how, command) => {
      vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
      const run = await status({ command });
      expect([run.code, run.stderr]).toEqual([0, ""]);
      expect(existsSync(ran)).toBe(true);
    },
  );
});
