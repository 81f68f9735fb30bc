import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string;
let tarball: string;
let installed: string;

interface BillOfMaterials {
  readonly components: ReadonlyArray<{
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly hashes: ReadonlyArray<{ readonly alg: string; readonly content: string }>;
  }>;
}

const billOfMaterials = () =>
  JSON.parse(readFileSync(join(installed, "dist", "sbom.cdx.json"), "utf8")) as BillOfMaterials;

/** Runs a command where it cannot use the project's own node_modules. */
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
  // Packs the build that the tests run against. Nothing is built again.
  run("npm", ["pack", root, "--ignore-scripts", "--silent", "--pack-destination", folder]);
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  run("npm", ["install", "--offline", "--silent", "--no-audit", "--no-fund", "--prefix", folder, tarball]);
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
    const allowed =
      /^(?:LICENSE|README\.md|package\.json|bin\/(?:acr-pull|kubectl_complete-acr_pull)\.cjs|dist\/(?:[\w-]+\.cjs|THIRD-PARTY-LICENSES\.txt|sbom\.cdx\.json))$/;
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
    expect(files).toContain("LICENSE");
  });

  it("takes less than 1 MB to carry, and less than 5 MB on disk", () => {
    expect(statSync(tarball).size).toBeLessThan(1_000_000);
    const files = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    const sizes = files.map((entry) => statSync(join(entry.parentPath, entry.name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5_000_000);
  });

  it("lists what is bundled, with the digests of the lock file, and the licence of each", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { version: string; integrity?: string }>;
    };
    const locked = new Map(
      Object.entries(packages).map(([path, { version, integrity }]) => [
        `${path.replace(/^.*node_modules\//, "")} ${version}`,
        integrity,
      ]),
    );
    const licences = readFileSync(join(installed, "dist", "THIRD-PARTY-LICENSES.txt"), "utf8");
    const { components } = billOfMaterials();
    for (const { name, version, purl, hashes } of components) {
      expect(purl).toBe(`pkg:npm/${name.replace("@", "%40")}@${version}`);
      const digest = Buffer.from(hashes[0]?.content ?? "", "hex").toString("base64");
      expect(`sha512-${digest}`).toBe(locked.get(`${name} ${version}`));
      expect(licences).toContain(`\n${name} ${version} (`.trimStart());
    }
    const names = components.map(({ name }) => name);
    // Packages that the program names, packages that only those need, and packages that are rarely loaded.
    for (const name of [
      "commander",
      "@azure/msal-node",
      "@azure/msal-common",
      "semver",
      "protobufjs",
      "socks",
    ])
      expect(names).toContain(name);
    for (const name of ["vitest", "rolldown", "oxlint", "typescript"]) expect(names).not.toContain(name);
  });

  it("comes out the same, byte for byte, when it is built again somewhere else", () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "acr-pull-built-again-"));
    try {
      for (const part of ["bin", "src", "LICENSE", "README.md", "package.json", "package-lock.json"])
        cpSync(join(root, part), join(elsewhere, part), { recursive: true });
      symlinkSync(join(root, "node_modules"), join(elsewhere, "node_modules"));
      execFileSync(process.execPath, ["bin/build.js"], { cwd: elsewhere, stdio: "pipe" });
      run("npm", ["pack", elsewhere, "--ignore-scripts", "--silent", "--pack-destination", elsewhere]);
      const again = readdirSync(elsewhere).find((name) => name.endsWith(".tgz")) ?? "";
      const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
      expect(digest(join(elsewhere, again))).toBe(digest(tarball));
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  it.each([
    ["acr-pull", "Usage: acr-pull <command> [options]"],
    ["kubectl-acr_pull", "Usage: kubectl acr-pull <command> [options]"],
  ])("runs as %s", (name, usage) => {
    expect(run(join(folder, "node_modules", ".bin", name), ["--help"])).toContain(usage);
  });

  it("completes what is typed for kubectl, and carries none of it out", () => {
    const complete = join(folder, "node_modules", ".bin", "kubectl_complete-acr_pull");
    expect(run(complete, ["setup", "--role", "acrpu"])).toBe("acrpull\t\nacrpush\t\n:4\n");
    expect(run(complete, ["--version"])).toBe(":0\n");
    expect(run("node", [join(installed, "bin", "kubectl_complete-acr_pull.cjs"), "--help"])).toBe(":0\n");
  });
});

describe("the audit of what is published", () => {
  /** Audits against a package registry that knows of one vulnerability, or of none. */
  async function auditWith(vulnerable: string | undefined): Promise<{ code: number; asked: string[] }> {
    let asked: string[] = [];
    const registry = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        response.setHeader("Content-Type", "application/json");
        if (!request.url?.endsWith("/advisories/bulk")) return response.writeHead(404).end("{}");
        const body = Buffer.concat(chunks);
        const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
        const versions = JSON.parse(text.toString("utf8")) as Record<string, readonly string[]>;
        asked = Object.keys(versions);
        const advisory = {
          id: 1,
          url: "https://advisories.example/1",
          title: "Not as good as it looks",
          severity: "low",
          vulnerable_versions: ">=0.0.0",
        };
        return response.end(
          JSON.stringify(vulnerable && versions[vulnerable] ? { [vulnerable]: [advisory] } : {}),
        );
      });
    });
    registry.listen(0, "127.0.0.1");
    await once(registry, "listening");
    const { port } = registry.address() as AddressInfo;
    try {
      const audit = spawn(
        process.execPath,
        [join(root, "bin", "audit.js"), "--registry", `http://127.0.0.1:${port}`],
        { stdio: "ignore", env: { PATH: process.env["PATH"], HOME: folder } },
      );
      const [code] = (await once(audit, "exit")) as [number];
      return { code, asked };
    } finally {
      registry.close();
      registry.closeAllConnections();
    }
  }

  it("asks about everything that is in the bundle, and passes when nothing is known of it", async () => {
    const { code, asked } = await auditWith(undefined);
    expect(code).toBe(0);
    expect(asked.sort()).toEqual([...new Set(billOfMaterials().components.map(({ name }) => name))].sort());
  });

  it.each(["commander", "jsonwebtoken", "@azure/msal-common"])(
    "fails when something is known of %s",
    async (name) => {
      expect((await auditWith(name)).code).not.toBe(0);
    },
  );

  it("is not troubled by what is known of a tool that nobody gets", async () => {
    expect((await auditWith("vitest")).code).toBe(0);
  });
});
