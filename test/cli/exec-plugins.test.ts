import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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
async function status(exec: object, args: readonly string[] = [], env: Record<string, string> = {}) {
  const config = load(await readFile(sandbox.kubeconfigPath, "utf8")) as { users: Array<{ user: object }> };
  for (const item of config.users) item.user = { exec };
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, dump(config));
  return runHurried(sandbox, ["status", "--kubeconfig", kubeconfig, ...args], { env });
}

/** Puts a program that signs in on the PATH. */
async function onPath(name: string): Promise<void> {
  await copyFile(join(folder, "login"), join(folder, name));
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
}

describe("a program that a kubeconfig names to sign in by", () => {
  const args = ["get-token", "--client-secret", "s3cr3t", "--user=s3cr3t", "S3CR3T"];

  it("is told once before it runs, without what its arguments may hold", async () => {
    const run = await status({ command: "./login", args }, ["--context", "sandbox"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toContain(
      `context sandbox signs in with a program that its kubeconfig names: ${join(folder, "login")} get-token --client-secret … --user=… … (to hide this note: --exec-plugins allow; to run no such program: --exec-plugins deny)`,
    );
    expect(run.stderr.match(/signs in with a program/g)).toHaveLength(1);
    expect(run.stderr).not.toMatch(/s3cr3t/i);
  });

  it.each([
    ["a flag", ["--exec-plugins", "allow"], {}],
    ["a variable", [], { ACR_PULL_EXEC_PLUGINS: "allow" }],
    ["--quiet", ["--quiet"], {}],
  ])(
    "is not told to whoever says by %s that he expects it, or wants to hear nothing",
    async (_what, more, env) => {
      const run = await status({ command: "./login" }, more, env);
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr).toBe("");
      expect(existsSync(ran)).toBe(true);
    },
  );

  it("is not told when it is one of those that clouds publish, found on the PATH", async () => {
    await onPath("kubelogin");
    const run = await status({ command: "kubelogin" });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toBe("");
    expect((await status({ command: "kubelogin" }, ["--exec-plugins", "known"])).code).toBe(0);
  });

  it("is not run with --exec-plugins known when it is another, or only has a known one's name", async () => {
    await onPath("kubelogin");
    const elsewhere = await mkdtemp(join(folder, "elsewhere-"));
    await copyFile(join(folder, "login"), join(elsewhere, "kubelogin"));
    for (const command of ["login", join(elsewhere, "kubelogin")]) {
      const run = await status({ command }, ["--exec-plugins", "known"]);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain("which --exec-plugins known does not allow");
      expect(run.stderr).toContain("Known programs, if they are in the PATH: aws,");
    }
    expect(existsSync(ran)).toBe(false);
  });

  it("is not run with --exec-plugins deny, whatever it is", async () => {
    await onPath("kubelogin");
    const run = await status({ command: "kubelogin" }, ["--exec-plugins", "deny", "-o", "json"]);
    expect(run.code).toBe(2);
    expect(run.json.error.code).toBe("kubernetes.exec-plugin-refused");
    expect(existsSync(ran)).toBe(false);
  });
});
