import { commandWords } from "../../domain/command-words.ts";
import { oneLineText } from "./option-values.ts";
import { switchOption, valueOption } from "./option.ts";
import type { OutputFormat } from "./output-options.ts";

/** Options of every command that can write documents instead of a cluster's secrets. */
export const manifestOptions = {
  manifest: valueOption({
    flag: "--manifest <file>",
    summary:
      "write documents for Argo CD, Flux or kubectl to this file or folder (not to folders in it), or - for stdout",
    group: "Cluster",
    parse: oneLineText,
  }),
  sealWith: valueOption({
    flag: "--seal-with <command>",
    summary: "seal each document with this command, such as 'kubeseal -o yaml'; no shell runs it",
    group: "Cluster",
    parse: commandWords,
    needs: { manifest: "it seals documents" },
  }),
  plainManifest: switchOption({
    flag: "--plain-manifest",
    summary: "agree to a readable password in a Git repository",
    group: "Consent",
    consent: true,
    needs: { manifest: "it is about documents" },
    excludes: { sealWith: "a sealed password is not readable" },
  }),
};

/** A sentence for each option that cannot be used with a manifest. */
export function manifestConflicts({
  manifest,
  contexts,
  output,
}: {
  readonly manifest: string | undefined;
  readonly contexts: readonly string[];
  readonly output: OutputFormat;
}): string[] {
  if (manifest === undefined) return [];
  return [
    ...(contexts.length > 1 ? ["--manifest holds documents for one cluster: give one --context"] : []),
    ...(manifest === "-" && output !== "text"
      ? [`--manifest - prints documents to stdout, where --output ${output} would print another`]
      : []),
  ];
}
