import type { Suggest } from "../../core/suggest.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import { clusterOptions, sameServices, signInOptions } from "../options/shared-options.ts";
import { rehearsedWords, type Shell } from "./equivalent-command.ts";

const known = { ...signInOptions, ...clusterOptions };

/** Writes command lines of this program as a person would type them here. Options from variables are left out. */
export function suggester({ program, given, environment }: Shell): Suggest {
  const kept = sameServices.flatMap((name) => {
    const answer = given.get(name);
    if (answer?.source !== "flag") return [];
    const { long, kind } = known[name];
    return kind === "switch" ? [long] : [`${long} ${shellQuote(answer.texts.at(-1) ?? "")}`];
  });
  const ours = (command: string, options: ReadonlyArray<readonly [flag: string, value?: string]>) =>
    [
      program,
      command,
      ...options.map(([flag, value]) => (value === undefined ? flag : `${flag} ${shellQuote(value)}`)),
      ...kept,
      ...rehearsedWords(environment),
    ].join(" ");
  const file = given.get("kubeconfig")?.texts.at(-1);
  const kubeconfig = file === undefined ? [] : ["--kubeconfig", file];
  const kubectl = (context: string, ...words: readonly string[]) =>
    ["kubectl", ...kubeconfig, "--context", context, ...words].map(shellQuote).join(" ");
  return Object.assign(ours, { kubectl });
}
