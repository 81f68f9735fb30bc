import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { refused } from "../domain/errors.ts";

/** The answers about a manifest. */
export interface ManifestAnswers {
  readonly manifest: string | undefined;
  readonly sealWith: readonly string[] | undefined;
  readonly plainManifest: boolean;
}

/**
 * Refuses a repository to which a readable password may be committed.
 * @throws ActionableError `manifest.plain-in-git`, exit 2
 */
export async function checkManifest({ manifest, sealWith, plainManifest }: ManifestAnswers): Promise<void> {
  if (manifest === undefined || sealWith !== undefined) return;
  if (plainManifest || !(await mayBeCommitted(manifest))) return;
  throw refused(
    "manifest.plain-in-git",
    `${manifest} is in a Git repository, and would hold the password in a form that anybody can read.`,
    "To seal each document, add --seal-with 'kubeseal --format yaml'. To write it in readable form anyway, add --plain-manifest.",
  );
}

/** A link may lead into a repository, whether it is the manifest itself or a file in its folder. */
async function mayBeCommitted(manifest: string): Promise<boolean> {
  const entries = await readdir(manifest, { withFileTypes: true }).catch(() => []);
  const links = entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => join(manifest, name));
  const places = await Promise.all([manifest, ...links].map((path) => placeOf(resolve(path))));
  return (await Promise.all(places.map(isInGitTree))).includes(true);
}

/** Where a path leads, as far as it exists. */
async function placeOf(path: string): Promise<string> {
  const place = await realpath(path).catch(() => undefined);
  if (place !== undefined || dirname(path) === path) return place ?? path;
  return join(await placeOf(dirname(path)), basename(path));
}

async function isInGitTree(place: string): Promise<boolean> {
  for (let at = place; ; at = dirname(at)) {
    const found = await stat(join(at, ".git")).catch(() => undefined);
    if (found) return true;
    if (dirname(at) === at) return false;
  }
}
