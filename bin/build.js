// Builds what is published into dist/: one set of bundled files, with the licences and a bill of materials of
// everything that went into it. One chunk holds what every start needs, and others hold each lazily imported part.
// The bundle loads in a tenth of the time that the dependency tree takes. The same sources give the same bytes, in
// any folder.
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import spdxTexts from "spdx-license-list/full.js";
import { azureCallsInUse } from "./azure-calls-in-use.js";
import { kubernetesCallsInUse } from "./kubernetes-calls-in-use.js";
import { sharedLayers } from "./shared-layers.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));

// Built aside and then moved into place, so that a program that is running never sees half a build.
const aside = join(root, `dist-${process.pid}`);
const { output } = await build({
  cwd: root,
  input: { main: "src/main.ts" },
  platform: "node",
  // Code that the entry shares with other chunks stays in the entry: every extra file slows the start down.
  preserveEntrySignatures: "allow-extension",
  // Symlinks stay unresolved: a package folder that is a link to elsewhere does not change the output.
  // If a package ships both kinds, its ES modules are used. Their imports are bundled once, and unused code is left
  // out.
  resolve: { symlinks: false, mainFields: ["module", "main"] },
  // The client does not declare its modules free of side effects, so the models that nobody uses would stay in.
  treeshake: { moduleSideEffects: [{ test: /[\\/]@kubernetes[\\/]client-node[\\/]/, sideEffects: false }] },
  transform: { target: "node20.19", define: { __ACR_PULL_VERSION__: JSON.stringify(manifest.version) } },
  plugins: [
    // Commander starts programs for commands that are separate files. None of ours is, and loading this module takes
    // longer than showing help.
    without("node:child_process", { of: "/commander/", exporting: ["spawn"] }),
    // No question opens an editor, and the editor's encoding tables weigh more than all other prompts.
    without("@inquirer/external-editor", { of: "/@inquirer/editor/", exporting: ["editAsync"] }),
    // The Kubernetes client's requests go through our own transport.
    without("node-fetch", {
      of: "/@kubernetes/client-node/",
      exporting: ["default", "AbortError", "FetchError", "Headers"],
    }),
    azureCallsInUse(root),
    kubernetesCallsInUse(root),
  ],
  output: {
    dir: aside,
    // As CommonJS: Node 20 takes 3 ms longer to start with its loader of ES modules.
    format: "cjs",
    entryFileNames: "[name].cjs",
    codeSplitting: {
      groups: [
        // The Kubernetes client's calls share modules with its kubeconfig reader. Without this group, one chunk would
        // hold both, and either would load it.
        { name: "kubernetes-calls", test: /[\\/]@kubernetes[\\/]client-node[\\/]dist[\\/]gen[\\/]/ },
        sharedLayers(root),
      ],
    },
    chunkFileNames: ({ name }) => `${name.replaceAll(".", "-")}-[hash].cjs`,
    // Names are kept because several SDKs distinguish error classes by name. Lines are kept because Node prints the
    // line of a crash.
    keepNames: true,
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
    comments: { legal: false, annotation: false, jsdoc: false },
  },
});
const packages = await bundledPackages(output.flatMap(({ moduleIds = [] }) => moduleIds));
await writeFile(join(aside, "THIRD-PARTY-LICENSES.txt"), licences(packages));
await writeFile(join(aside, "sbom.cdx.json"), `${JSON.stringify(billOfMaterials(packages), undefined, 2)}\n`);
await rm(join(root, "dist"), { recursive: true, force: true });
await rename(aside, join(root, "dist"));

/** Leaves out a module that a package imports but never uses for us. Its exports are undefined. */
function without(module, { of, exporting }) {
  const left = `\0without ${module}`;
  return {
    name: left,
    resolveId: (id, importer) => (id === module && importer?.includes(of) ? left : null),
    load: (id) =>
      id === left
        ? `const nothing = undefined; export { ${exporting.map((name) => `nothing as ${name}`).join(", ")} };`
        : null,
  };
}

/** Every package that has a module in the bundle, by name. */
async function bundledPackages(moduleIds) {
  const folders = new Set();
  for (const id of moduleIds) {
    const path = id.split(sep).join("/");
    // The innermost package: one package may contain others.
    const match = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path);
    if (match) folders.add(match[0]);
  }
  const packages = await Promise.all(
    [...folders].map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
      const licence = typeof license === "string" ? license : license?.type;
      return { name, version, licence, text: await licenceText(folder, name, licence) };
    }),
  );
  const key = ({ name, version }) => `${name} ${version}`;
  return packages.sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

/** The licence text that a package ships, or the SPDX text if it ships none. */
async function licenceText(folder, name, licence) {
  const names = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "license", "License.txt", "LICENSE-MIT"];
  for (const file of names) {
    const text = await readFile(join(folder, file), "utf8").catch(() => undefined);
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

/**
 * What is in the bundle, in the CycloneDX format: https://cyclonedx.org/docs/1.6/json/. It has no serial number and
 * no time, because they would make each build different.
 */
function billOfMaterials(packages) {
  const integrity = new Map(
    Object.entries(lock.packages).map(([path, { version, integrity }]) => [
      `${path.replace(/^.*node_modules\//, "")} ${version}`,
      integrity,
    ]),
  );
  const component = (type, { name, version, licence }) => ({
    type,
    "bom-ref": purl(name, version),
    name,
    version,
    ...(licence && {
      licenses: [/[ (]/.test(licence) ? { expression: licence } : { license: { id: licence } }],
    }),
    purl: purl(name, version),
  });
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: component("application", { ...manifest, licence: manifest.license }) },
    components: packages.map((one) => {
      const [algorithm, digest] = (integrity.get(`${one.name} ${one.version}`) ?? "").split("-");
      if (algorithm !== "sha512")
        throw new Error(`the lock file holds no digest of ${one.name} ${one.version}`);
      const content = Buffer.from(digest, "base64").toString("hex");
      return { ...component("library", one), hashes: [{ alg: "SHA-512", content }] };
    }),
  };
}

/** Source: https://github.com/package-url/purl-spec */
function purl(name, version) {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}
