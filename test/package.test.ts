import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string;
let installed: string;

/** Runs a command where the project's own node_modules cannot help it. */
function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: folder },
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "acr-pull-package-"));
  // The build that the tests run against is what is packed; nothing is built again.
  run("npm", ["pack", root, "--ignore-scripts", "--silent", "--pack-destination", folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  run("npm", [
    "install",
    "--offline",
    "--silent",
    "--no-audit",
    "--no-fund",
    "--prefix",
    folder,
    join(folder, tarball ?? ""),
  ]);
  installed = join(folder, "node_modules", "acr-pull");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the published package", () => {
  it("installs as one package, with nothing it depends on and no install script", () => {
    expect(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."))).toEqual([
      "acr-pull",
    ]);
    const { scripts = {}, dependencies } = JSON.parse(
      readFileSync(join(installed, "package.json"), "utf8"),
    ) as {
      scripts?: Record<string, string>;
      dependencies?: unknown;
    };
    expect(dependencies).toBeUndefined();
    for (const name of ["preinstall", "install", "postinstall", "prepare"])
      expect(scripts).not.toHaveProperty(name);
  });

  it("holds the program, its licence and those of what is bundled, and nothing else", () => {
    expect(readdirSync(installed).sort()).toEqual(["LICENSE", "README.md", "bin", "dist", "package.json"]);
    expect(readdirSync(join(installed, "bin")).sort()).toEqual([
      "acr-pull.js",
      "kubectl_complete-acr_pull.js",
    ]);
    expect(readFileSync(join(installed, "dist", "THIRD-PARTY-LICENSES.txt"), "utf8")).toContain(
      "commander 14",
    );
  });

  it.each([
    ["acr-pull", "Usage: acr-pull [options] [command]"],
    ["kubectl-acr_pull", "Usage: kubectl acr-pull [options] [command]"],
  ])("runs as %s", (name, usage) => {
    expect(run(join(folder, "node_modules", ".bin", name), ["--help"])).toContain(usage);
  });

  it("completes what is typed for kubectl, and carries none of it out", () => {
    const complete = join(folder, "node_modules", ".bin", "kubectl_complete-acr_pull");
    expect(run(complete, ["setup", "--role", "acrpu"])).toBe("acrpull\nacrpush\n:4\n");
    expect(run(complete, ["--version"])).toBe("--version\tshow the version\n:4\n");
    expect(run("node", [join(installed, "bin", "kubectl_complete-acr_pull.js"), "--help"])).toBe(
      "--help\tshow help\n:4\n",
    );
  });
});
