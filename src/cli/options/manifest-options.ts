import { commandWords } from "../../domain/command-words.ts";
import { oneLineText } from "./option-values.ts";
import { valueOption } from "./option.ts";

/** Options of every command that can write documents instead of a cluster's secrets. */
export const manifestOptions = {
  manifest: valueOption({
    flag: "--manifest <file>",
    summary: "write documents for Argo CD, Flux or kubectl to this file or folder (not to folders in it)",
    group: "Cluster",
    parse: place,
  }),
  sealWith: valueOption({
    flag: "--seal-with <command>",
    summary: "seal each document with this command, such as 'kubeseal -o yaml'; no shell runs it",
    group: "Cluster",
    parse: commandWords,
    needs: "--manifest",
  }),
};

/** A sentence for each option that cannot be used with a manifest. */
export function manifestConflicts({
  manifest,
  contexts,
}: {
  readonly manifest: string | undefined;
  readonly contexts: readonly string[];
}): string[] {
  if (manifest === undefined) return [];
  return contexts.length > 1 ? ["--manifest holds documents for one cluster: give one --context"] : [];
}

/** Standard output is none: a manifest is read back, and what is printed there may end in a job's log. */
function place(text: string): string {
  if (text === "-") throw new RangeError("must be a file or a folder");
  return oneLineText(text);
}
