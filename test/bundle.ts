import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/**
 * Makes a TypeScript file one that Node runs as it is, with all that it imports.
 * @param module URL of the file
 * @param folder where it is put, with chunks of its own for what it imports lazily
 * @returns the path of what to run
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
