import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { programPath, runProgram } from "../program.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-sandbox-command-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("a sandbox with a command", () => {
  it("ends with the command's exit code", async () => {
    expect((await runProgram(undefined, ["sandbox", "--", "sh", "-c", "exit 7"])).code).toBe(7);
  });

  it("has the program on its path by both its names, and leads it inside", async () => {
    const script = "acr-pull --version && kubectl-acr_pull --version && env";
    const { code, stdout } = await runProgram(undefined, ["sandbox", "--", "sh", "-c", script], {
      env: { ACR_PULL_REGISTRY: "theirs" },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^(\d+\.\d+\.\d+\n){2}/);
    expect(stdout).toMatch(/^ACR_PULL_CLOUD=https:\/\/localhost:\d+$/m);
    expect(stdout).not.toContain("ACR_PULL_REGISTRY");
  });

  it("takes its world from a file", async () => {
    const world = await file("world.json", { clusters: [{ context: "only", namespaces: ["one"] }] });
    const { stdout } = await runProgram(undefined, [
      "sandbox",
      "--world",
      world,
      "--",
      "sh",
      "-c",
      'cat "$KUBECONFIG"',
    ]);
    expect(stdout).toContain('"only"');
    expect(stdout).not.toContain("sandbox-staging");
  });

  it.each([
    ["a file that is not there", async () => join(folder, "none.json"), "ENOENT"],
    ["a file that is no JSON", () => file("bad.json", "{"), "it is not JSON"],
    ["a list", () => file("list.json", [{}]), "does not hold a JSON object"],
    ["nothing", () => file("null.json", "null"), "does not hold a JSON object"],
    ["a field that it does not know", () => file("odd.json", { moons: 2 }), "moons"],
  ])("refuses %s", async (_what, path, words) => {
    const { code, stderr } = await runProgram(undefined, ["sandbox", "--world", await path(), "--", "true"]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("bug");
  });

  it("says so where no file can be laid down for a while", async () => {
    const { code, stderr } = await runProgram(undefined, ["setup", "--sandbox"], {
      env: { TMPDIR: join(folder, "none") },
    });
    expect(code).toBe(2);
    expect(stderr).toContain("error[sandbox.temporary-folder]: No folder can be made in");
    expect(stderr).toContain("fix: Set TMPDIR");
  });

  it("calls the plugin in it as its user does", async () => {
    const { stdout } = await runProgram(undefined, ["sandbox", "--", "kubectl-acr_pull", "setup", "--help"]);
    expect(stdout).toMatch(/^Usage: kubectl acr-pull setup /);
  });

  it("refuses to begin after a setup that its world does not allow, and says why", async () => {
    const world = await file("bare.json", { registries: [] });
    const { code, stderr } = await runProgram(undefined, [
      "sandbox",
      "--after-setup",
      "--world",
      world,
      "--",
      "true",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("There is no registry myregistry");
    expect(stderr).not.toContain("bug");
  });

  it("refuses a registry server that is not installed", async () => {
    const { code, stderr } = await runProgram(
      undefined,
      ["sandbox", "--registry-server", "docker-registry", "--", "true"],
      { env: { PATH: folder } },
    );
    expect(code).toBe(2);
    expect(stderr).toContain("docker-registry is not installed");
  });

  it("refuses a port that is taken", async () => {
    const server = createServer().listen(0, "localhost");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const { code, stderr } = await runProgram(undefined, ["sandbox", "--port", String(port), "--", "true"]);
    server.close();
    expect(code).toBe(2);
    expect(stderr).toContain(`Port ${port}`);
  });
});

describe("a sandbox by itself", () => {
  it("prints what to export and serves until it is stopped", async () => {
    const child = spawn(process.execPath, [programPath, "sandbox"], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    const closed = once(child, "close");
    // Printed once every server listens.
    for await (const chunk of child.stderr) {
      if (String(chunk).includes("Ctrl-C ends the sandbox")) child.kill("SIGTERM");
    }
    const [code] = (await closed) as [number];
    expect(code).toBe(143);
    expect(stdout).toMatch(/^export ACR_PULL_CLOUD=https:\/\/localhost:\d+$/m);
    expect(stdout).toMatch(/^export KUBECONFIG=/m);
  });

  it.each([
    ["by itself", []],
    ["with a command", ["--", "sleep", "60"]],
  ])("leaves nothing behind when it is stopped while it starts, %s", async (_how, command) => {
    const temporary = await mkdtemp(join(folder, "temporary-"));
    const child = spawn(process.execPath, [programPath, "sandbox", ...command], {
      env: { ...process.env, TMPDIR: temporary },
    });
    const closed = once(child, "close");
    await vi.waitUntil(async () => (await readdir(temporary)).length > 0, { interval: 1, timeout: 10_000 });
    child.kill("SIGTERM");
    expect(await closed).toEqual([143, null]);
    expect(await readdir(temporary)).toEqual([]);
  });
});

describe("--sandbox", () => {
  it("runs the one command inside a fresh sandbox", async () => {
    const { code, json } = await runProgram(undefined, [
      "setup",
      "--registry",
      "myregistry",
      "--dry-run",
      "-o",
      "json",
      "--sandbox",
    ]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ command: "setup", ok: true, registry: { name: "myregistry" } });
  });

  it.each([
    ["status"],
    ["verify", "-n", "awesomeapps"],
    ["rotate", "--dry-run"],
    ["remove", "--dry-run", "--registry", "myregistry"],
  ])("of %s finds in that sandbox what setup has made", async (command, ...args) => {
    const { code, stdout } = await runProgram(undefined, [command, ...args, "-o", "json", "--sandbox"]);
    expect(code).toBe(0);
    expect(stdout).toContain("awesomeapps");
  });

  it("is heeded as a variable, once", async () => {
    const env = { ACR_PULL_SANDBOX: "true" };
    const { code } = await runProgram(undefined, ["setup", "--registry", "myregistry", "--dry-run"], { env });
    expect(code).toBe(0);
  });
});
