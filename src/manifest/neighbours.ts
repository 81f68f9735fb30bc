import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readNamedFile } from "../domain/named-file.ts";
import { entriesAnnotation } from "../domain/ownership.ts";

/*
 * What lies around a manifest's files and is not part of it. Whatever cannot be read there is left out: it only
 * explains, or refuses early, what another tool would refuse.
 */

/** The largest file that is read. acr-pull's own documents take a thousandth of that. */
const limitBytes = 4 * 1024 * 1024;

/**
 * The YAML files with marks of acr-pull in the folders inside a folder, and their texts. Flux applies those too;
 * kubectl and Argo CD do so if they are told to.
 * Source: https://fluxcd.io/flux/components/kustomize/kustomizations/
 */
export async function markedFilesBelow(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const folders = await foldersIn(root);
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    folders.push(...(await foldersIn(folder)));
    for (const name of await entriesOf(folder, (entry) => entry.isFile() && /\.ya?ml$/i.test(entry.name))) {
      const text = await textOf(join(folder, name));
      if (text.includes(entriesAnnotation)) found.set(join(folder, name), text);
    }
  }
  return found;
}

/** The kustomization beside a file that does not list it, so that whoever applies the folder leaves the file out. */
export async function kustomizationWithout(file: string): Promise<string | undefined> {
  const folder = dirname(file);
  const [name] = await entriesOf(folder, (entry) =>
    ["kustomization.yaml", "kustomization.yml", "Kustomization"].includes(entry.name),
  );
  if (name === undefined) return undefined;
  const kustomization = join(folder, name);
  // The words of its lists, without comments. Another file's name may contain this one's.
  const uncommented = (await textOf(kustomization)).replaceAll(/(?<=^|\s)#.*/gm, "");
  const listed = uncommented.split(/[\s'",[\]{}]+/).map((word) => basename(word));
  return listed.includes(basename(file)) ? undefined : kustomization;
}

/**
 * Leaves out folders whose names begin with a dot, which belong to Git and other tools, and packages of Node: they hold
 * many files, and hardly a manifest.
 */
async function foldersIn(folder: string): Promise<string[]> {
  const names = await entriesOf(
    folder,
    (entry) => entry.isDirectory() && !/^\.|^node_modules$/.test(entry.name),
  );
  return names.map((name) => join(folder, name));
}

async function entriesOf(
  folder: string,
  isMeant: (entry: { readonly name: string; isFile(): boolean; isDirectory(): boolean }) => boolean,
): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(isMeant)
    .map(({ name }) => name)
    .toSorted();
}

async function textOf(file: string): Promise<string> {
  const signal = new AbortController().signal;
  return await readNamedFile(file, { limitBytes, signal }).then(String, () => "");
}
