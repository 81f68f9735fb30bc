// Asks the package registry for known vulnerabilities of the bundled packages, and of nothing else. After a build:
// `node bin/audit.js`. It passes its arguments to `npm audit`. To npm, the bundled libraries are development
// dependencies. So npm's own audit either skips exactly what is published (--omit=dev), or fails for tools that
// nobody installs.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file) => JSON.parse(readFileSync(join(root, file), "utf8"));
const { components } = read("dist/sbom.cdx.json");
const bundled = new Set(components.map(({ name, version }) => `${name} ${version}`));
const { packages, ...lock } = read("package-lock.json");

// A lock file with the bundled packages in the same places as in the project's own, all of them required.
const kept = Object.entries(packages)
  .filter(([path, { version }]) => bundled.has(`${path.replace(/^.*node_modules\//, "")} ${version}`))
  .map(([path, { version, resolved, integrity }]) => [path, { version, resolved, integrity }]);
const names = kept.map(([path]) => path).filter((path) => path.lastIndexOf("node_modules/") === 0);
const dependencies = Object.fromEntries(
  names.map((path) => [path.slice("node_modules/".length), packages[path].version]),
);
const manifest = { name: "what-is-bundled", version: "0.0.0", dependencies };

const folder = mkdtempSync(join(tmpdir(), "acr-pull-audit-"));
try {
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(
    join(folder, "package-lock.json"),
    JSON.stringify({ ...lock, ...manifest, packages: { "": manifest, ...Object.fromEntries(kept) } }),
  );
  const audit = spawnSync("npm", ["audit", "--package-lock-only", ...process.argv.slice(2)], {
    cwd: folder,
    stdio: "inherit",
  });
  process.exitCode = audit.status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
