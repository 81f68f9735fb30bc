import type { FlowTypes } from "../flow-command.ts";
import type { VerifyInput, VerifyPorts, VerifyResult } from "../../core/verify/contract.ts";
import { objectName, registryReference } from "../../domain/names.ts";
import { listOption, valueOption, type AnswersOf } from "../options/option.ts";
import {
  clusterOptions,
  outputOptions,
  proofOptions,
  registryScopeOptions,
  rehearsalAfterSetup,
  serviceOptions,
  signInOptions,
  namespaceOptions,
} from "../options/shared-options.ts";
import type { Suggest } from "../../core/checks/facts.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { Shell } from "../show/equivalent-command.ts";

const { contexts, kubeconfig, allowInsecureTls, execPlugins } = clusterOptions;

/** Options of `verify`. */
export const verifyOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary:
      "the registry that is meant: its name, login server or resource id (default: each in the secrets)",
    group: "Registry",
    parse: registryReference,
  }),
  ...registryScopeOptions,
  ...signInOptions,
  ...namespaceOptions({
    named: "namespace whose secrets to look at (repeatable; default: the context's own, else default)",
    labelled: "every namespace with these labels, such as team=web",
  }),
  contexts,
  kubeconfig,
  allowInsecureTls,
  execPlugins,
  secretName: valueOption({
    flag: "--secret-name <name>",
    summary: "only the secret of this name (default: each for a registry of Azure, and acr-secret)",
    group: "Cluster",
    parse: objectName,
  }),
  serviceAccounts: listOption({
    flag: "--service-account <name>",
    summary: "service account that has to name the secret (repeatable)",
    group: "Cluster",
    parse: objectName,
  }),
  pod: valueOption({
    flag: "--pod <name>",
    summary: "pod to say of why it gets no image; those in ImagePullBackOff are looked at anyway",
    group: "Cluster",
    parse: objectName,
  }),
  image: proofOptions.image,
  ...serviceOptions,
  ...rehearsalAfterSetup,
  ...outputOptions,
};

/** What `verify` was asked for. */
export type VerifyAnswers = AnswersOf<typeof verifyOptions>;

/** What `verify` and its flow exchange. */
export interface VerifyTypes extends FlowTypes {
  answers: VerifyAnswers;
  input: VerifyInput;
  ports: VerifyPorts;
  result: VerifyResult;
}

/** The longest wait for an Azure that may be out of reach: its answers are an extra. */
const longestPatienceMs = 15_000;

/** What the flow is asked for. */
export function verifyInput(answers: VerifyAnswers, suggest: Suggest): VerifyInput {
  const { auth, timeoutMs } = answers;
  // Whoever names a sign-in method wants it, and may have to act in a browser first.
  const azurePatienceMs = auth === "auto" ? Math.min(longestPatienceMs, timeoutMs) : timeoutMs;
  return { ...answers, azurePatienceMs, suggest };
}

/** Options that lead to the same services. */
const sameServices = ["tenant", "cloud", "auth", "kubeconfig", "allowInsecureTls", "execPlugins"] as const;

/** Writes command lines of this program as a person would type them here. Options from variables are left out. */
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
