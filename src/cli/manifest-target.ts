import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { refused } from "../domain/errors.ts";
import { UsageError } from "./options/answers.ts";
import type { Streams } from "./show/terminal.ts";

/** What was said of a manifest. */
export interface ManifestAnswers {
  readonly manifest: string | undefined;
  readonly sealWith: readonly string[] | undefined;
  readonly plainManifest: boolean;
  readonly dryRun: boolean;
}

/**
 * Refuses a place where a password would be seen by who is not meant to: a terminal, or a repository that it may be
 * committed to.
 * @throws UsageError `usage.manifest`; ActionableError `manifest.plain-in-git`; exit 2
 */
export async function checkManifest(
  { manifest, sealWith, plainManifest, dryRun }: ManifestAnswers,
  { stdout }: Pick<Streams, "stdout">,
): Promise<void> {
  if (manifest === undefined || sealWith !== undefined) return;
  if (manifest === "-") {
    if (stdout.isTTY !== true || dryRun) return;
    throw new UsageError(
      "--manifest - prints the password, and stdout is a terminal, which would show it",
      "usage.manifest",
      "Pipe it on: acr-pull setup --manifest - … | kubectl apply --server-side -f -",
    );
  }
  if (plainManifest || !(await isInGitTree(manifest))) return;
  throw refused(
    "manifest.plain-in-git",
    `${manifest} lies in a Git repository, and would hold the password in a form that anybody can read.`,
    "Have each document sealed: --seal-with 'kubeseal --format yaml'. Or say that you want it readable: --plain-manifest.",
  );
}

async function isInGitTree(path: string): Promise<boolean> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = await stat(join(at, ".git")).catch(() => undefined);
    if (found) return true;
    if (dirname(at) === at) return false;
  }
}
