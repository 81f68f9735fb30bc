import type { Suggest } from "../../core/checks/facts.ts";
import type { VerifyInput } from "../../core/verify/contract.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { Shell } from "../show/equivalent-command.ts";
import { verifyOptions, type VerifyAnswers } from "./options.ts";

/** Nobody waits longer than this for an Azure that may not be there: what it would tell is an extra. */
const longestPatienceMs = 15_000;

/** What the flow is asked for. */
export function verifyInput(answers: VerifyAnswers, suggest: Suggest): VerifyInput {
  const { auth, timeoutMs } = answers;
  // Who names a way to sign in wants it, and may have to do something for it in a browser.
  const azurePatienceMs = auth === "auto" ? Math.min(longestPatienceMs, timeoutMs) : timeoutMs;
  return { ...answers, azurePatienceMs, suggest };
}

/** Options that lead to the same services, whatever is done there. */
const sameServices = ["tenant", "cloud", "auth", "kubeconfig", "allowInsecureTls", "execPlugins"] as const;

/** Writes command lines of ours as a person would type them here; what came from variables is left to them. */
export function suggester({ program, given }: Pick<Shell, "program" | "given">): Suggest {
  const kept = sameServices.flatMap((name) => {
    const answer = given.get(name);
    if (answer?.source !== "flag") return [];
    const { long, kind } = verifyOptions[name];
    return kind === "switch" ? [long] : [`${long} ${shellQuote(answer.texts.at(-1) ?? "")}`];
  });
  const ours = (command: string, options: ReadonlyArray<readonly [flag: string, value?: string]>) =>
    [
      program,
      command,
      ...options.map(([flag, value]) => (value === undefined ? flag : `${flag} ${shellQuote(value)}`)),
      ...kept,
    ].join(" ");
  const file = given.get("kubeconfig")?.texts.at(-1);
  const kubeconfig = file === undefined ? [] : ["--kubeconfig", file];
  const kubectl = (context: string, ...words: readonly string[]) =>
    ["kubectl", ...kubeconfig, "--context", context, ...words].map(shellQuote).join(" ");
  return Object.assign(ours, { kubectl });
}
