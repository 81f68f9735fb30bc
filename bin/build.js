// Builds what is published: one bundled file set in dist/, a chunk for all that every start needs and others for each
// lazily imported part, and the licences of everything that went into it. The bundle loads in a tenth of the time of
// the dependency tree.
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import spdxTexts from "spdx-license-list/full.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

// Built aside and then put in place, so that a program that runs meanwhile never meets half a build.
const aside = join(root, `dist-${process.pid}`);
const { output } = await build({
  cwd: root,
  input: { main: "src/main.ts" },
  platform: "node",
  // Its packages say nothing of side effects, and of its models of every Kubernetes resource none is needed.
  treeshake: { moduleSideEffects: [{ test: /[\\/]@kubernetes[\\/]client-node[\\/]/, sideEffects: false }] },
  transform: { target: "node20.19", define: { __ACR_PULL_VERSION__: JSON.stringify(version) } },
  output: {
    dir: aside,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    // Every file costs a start some time, so that what is always needed stands in one.
    codeSplitting: { groups: [{ name: "start", tags: ["$initial"] }] },
    // Names stay, for several SDKs tell error classes apart by them, and so do lines: of a crash Node prints the one
    // where it happened.
    keepNames: true,
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
    comments: { legal: false, annotation: false, jsdoc: false },
  },
});
const packages = await bundledPackages(output.flatMap(({ moduleIds = [] }) => moduleIds));
await writeFile(join(aside, "THIRD-PARTY-LICENSES.txt"), licences(packages));
await rm(join(root, "dist"), { recursive: true, force: true });
await rename(aside, join(root, "dist"));

/** The manifest and the folder of every package that has a module in the bundle, by their folders. */
async function bundledPackages(moduleIds) {
  const folders = new Set();
  for (const id of moduleIds) {
    const path = relative(root, id).split(sep).join("/");
    const match = /^(?<folder>(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (match) folders.add(match.groups.folder);
  }
  return Promise.all(
    [...folders].sort().map(async (folder) => {
      const manifest = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
      const licence = typeof manifest.license === "string" ? manifest.license : manifest.license?.type;
      return {
        folder,
        name: manifest.name,
        version: manifest.version,
        licence,
        text: await licenceText(folder, manifest.name, licence),
      };
    }),
  );
}

/** The licence as a package ships it; the SPDX text where it ships none. */
async function licenceText(folder, name, licence) {
  const names = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "license", "License.txt", "LICENSE-MIT"];
  for (const file of names) {
    const text = await readFile(join(root, folder, file), "utf8").catch(() => undefined);
    if (text !== undefined) return text.trim();
  }
  const text = spdxTexts[licence]?.licenseText;
  if (!text) throw new Error(`${name} ships no licence text and names none known: ${licence}`);
  return text.trim();
}

function licences(packages) {
  return packages
    .map(({ name, version, licence, text }) => `${name} ${version} (${licence})\n\n${text}\n`)
    .join(`\n${"-".repeat(80)}\n\n`);
}
