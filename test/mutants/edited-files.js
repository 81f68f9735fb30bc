import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The files that a mutant changes, before and after the change.
 * @param folder the project's folder, or that of a copy
 * @throws Error if a text is not found exactly once
 */
export async function editedFiles({ name, edits }, folder) {
  const files = new Map();
  for (const { file, from, to } of edits) {
    const text = files.get(file)?.mutated ?? (await readFile(join(folder, file), "utf8"));
    const count = text.split(from).length - 1;
    if (count !== 1) throw new Error(`"${name}": ${file} has this text ${count} times, not once:\n${from}`);
    files.set(file, { before: files.get(file)?.before ?? text, mutated: text.replace(from, () => to) });
  }
  return files;
}
