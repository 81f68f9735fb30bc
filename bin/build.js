// Builds what is published: one bundled file set in dist/, a chunk for each lazily imported part, and the
// licences of everything that went into it. The bundle loads in a tenth of the time of the dependency tree.
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import spdxTexts from "spdx-license-list/full.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

// Built aside and then put in place, so that a program that runs meanwhile never meets half a build.
const aside = join(root, `dist-${process.pid}`);
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  outdir: aside,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  // Error classes are told apart by name in several SDKs.
  keepNames: true,
  // Without it a crash prints a source line of many kilobytes.
  lineLimit: 200,
  metafile: true,
  logLevel: "warning",
  define: { __ACR_PULL_VERSION__: JSON.stringify(version) },
  // Bundled CommonJS packages call require() for Node's own modules.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
});
await writeFile(join(aside, "THIRD-PARTY-LICENSES.txt"), await licences(Object.keys(metafile.inputs)));
await rm(join(root, "dist"), { recursive: true, force: true });
await rename(aside, join(root, "dist"));

/** The licence of every package that has a file in the bundle; the SPDX text where a package ships none. */
async function licences(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const match = /^(?<folder>(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) folders.add(match.groups.folder);
  }
  const texts = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const manifest = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
      const names = [
        "LICENSE",
        "LICENSE.md",
        "LICENSE.txt",
        "LICENCE",
        "license",
        "License.txt",
        "LICENSE-MIT",
      ];
      let text;
      for (const name of names) {
        text ??= await readFile(join(root, folder, name), "utf8").catch(() => undefined);
      }
      const licence = typeof manifest.license === "string" ? manifest.license : manifest.license?.type;
      text ??= spdxTexts[licence]?.licenseText;
      if (!text) throw new Error(`${manifest.name} ships no licence text and names none known: ${licence}`);
      return `${manifest.name} ${manifest.version} (${licence})\n\n${text.trim()}\n`;
    }),
  );
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}
