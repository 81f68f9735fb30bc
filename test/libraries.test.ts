import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** The chunks of the built program. Each names its modules in comments. */
const chunks = new Map(
  readdirSync(join(root, "dist"))
    .filter((file) => file.endsWith(".cjs"))
    .map((file) => [file, read(`dist/${file}`)]),
);

function chunksWith(module: string): string[] {
  const named = new RegExp(`^//(?:#region)? ${module.replaceAll(/[.]/g, "\\$&")}`, "m");
  return [...chunks].filter(([, code]) => named.test(code)).map(([file]) => file);
}

/** All chunks that are loaded with a chunk, itself included. */
function loadedWith(chunk: string, known = new Set<string>()): ReadonlySet<string> {
  if (known.has(chunk)) return known;
  known.add(chunk);
  const code = chunks.get(chunk) ?? "";
  for (const [, other = ""] of code.matchAll(/(?<!\.then\([^\n]*)\brequire\("\.\/([^"]+)"\)/g)) {
    loadedWith(other, known);
  }
  return known;
}

const manifest = JSON.parse(read("package.json")) as { devDependencies: Record<string, string> };

describe("the packages that the program stands on", () => {
  it.each([
    ["commander", "src/cli/options/command-line.ts"],
    ["@azure/identity", "src/azure/token-source.ts"],
    ["@azure/arm-containerregistry", "src/azure/resource-manager-clients.ts"],
    ["@azure/arm-authorization", "src/azure/resource-manager-clients.ts"],
    ["@azure/arm-resources-subscriptions", "src/azure/resource-manager-clients.ts"],
    ["@microsoft/microsoft-graph-client", "src/azure/graph-client.ts"],
    ["@kubernetes/client-node", "src/kubernetes/typed-api.ts"],
    ["inquirer", "src/cli/ask/live-prompter.ts"],
    ["chalk", "src/cli/show/colors.ts"],
  ])("%s does its work in %s", (library, source) => {
    expect(Object.keys(manifest.devDependencies)).toContain(library);
    expect(read(source)).toMatch(new RegExp(`(?:from|import\\()\\s*"${library}"`));
    const homes = chunksWith(`node_modules/${library}/`);
    expect(homes).not.toEqual([]);
    const [own] = chunksWith(source);
    const reach = own === undefined ? new Set(homes) : loadedWith(own);
    // A lazy import is in a chunk that the source's chunk names.
    const named = homes.some((home) => reach.has(home) || chunks.get(own ?? "")?.includes(home) === true);
    expect(named).toBe(true);
  });

  it("bring of Resource Manager's clients what the source may call, and no more", () => {
    const [chunk = ""] = chunksWith("node_modules/@azure/arm-authorization/");
    const made = [
      ...(chunks.get(chunk) ?? "").matchAll(/\bthis\.(\w+) = (?:new \w+Impl\(this\)|_get\w+Operations\()/gm),
    ];
    expect(made.map(([, group]) => group).sort()).toEqual([
      "permissions",
      "registries",
      "roleAssignments",
      "roleDefinitions",
      "subscriptions",
    ]);
  });

  it("are not loaded by help and the version, but for the one that reads the command line", () => {
    const first = [...loadedWith("main.cjs")];
    const libraries = Object.keys(manifest.devDependencies);
    const loaded = libraries.filter((library) =>
      chunksWith(`node_modules/${library}/`).some((chunk) => first.includes(chunk)),
    );
    expect(loaded).toEqual(["commander"]);
  });
});

describe("the files of the build", () => {
  it("do not need each other in a circle, in which one of them would find the other half loaded", () => {
    const needed = (chunk: string) => [...loadedWith(chunk)].filter((other) => other !== chunk);
    const circular = [...chunks.keys()].filter((chunk) =>
      needed(chunk).some((other) => loadedWith(other).has(chunk)),
    );
    expect(circular).toEqual([]);
  });
});

describe("the services", () => {
  it("are asked by no URL that is put together by hand where a client has a call for it", () => {
    const files = ["src/azure", "src/kubernetes"].flatMap((folder) =>
      readdirSync(join(root, folder)).map((file) => `${folder}/${file}`),
    );
    const byHand =
      /`[^`]*(?:\/providers\/Microsoft\.\w+\/(?:registries|permissions|roleAssignments)|\/api\/v1|\/apis\/|api-version=\$)[^`]*`/;
    expect(files.filter((file) => byHand.test(read(file)))).toEqual([]);
  });
});
