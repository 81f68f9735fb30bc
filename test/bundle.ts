import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/**
 * Bundles a TypeScript file and all that it imports, so that Node can run it.
 * @param module URL of the file
 * @param folder where the bundle is put, with separate chunks for lazy imports
 * @returns the path of the file to run
 */
export async function bundle(module: URL, folder: string): Promise<string> {
  const source = fileURLToPath(module);
  const name = basename(source, ".ts");
  const { output } = await build({
    input: { [name]: source },
    platform: "node",
    output: { dir: folder, format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
  });
  return `${folder}/${output[0].fileName}`;
}
