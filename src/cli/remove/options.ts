import type { RegistryReference } from "../../domain/registry.ts";
import type { FlowTypes } from "../flow-command.ts";
import type { RemoveInput, RemovePlan, RemovePorts, RemoveResult } from "../../core/remove/contract.ts";
import type { Writing } from "../../core/ports.ts";
import type { Checks } from "../options/answers.ts";
import { guidName, objectName, registryReference } from "../../domain/names.ts";
import { oneLineText, settleTime } from "../options/option-values.ts";
import { defaultedOption, listOption, switchOption, valueOption, type AnswersOf } from "../options/option.ts";
import { rehearsalOptions } from "../options/rehearsal-options.ts";
import { outputOptions } from "../options/output-options.ts";
import {
  askingOptions,
  clusterOptions,
  proofOptions,
  runOptions,
  serviceOptions,
  signInOptions,
  namespaceOptions,
} from "../options/shared-options.ts";
import { allNamespacesOption } from "../options/everywhere-options.ts";

const { dryRun, exitCode, yes } = runOptions;

/** Options of `remove`. */
export const removeOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "name, login server or resource id of the registry",
    common: true,
    group: "Registry",
    parse: registryReference,
  }),
  subscription: valueOption({
    flag: "--subscription <id>",
    summary: "if no secret has an entry for the registry: look for it in this subscription only",
    group: "Registry",
    parse: oneLineText,
  }),
  ...signInOptions,
  ...namespaceOptions({
    named: "only entries in this namespace (repeatable; default: every namespace)",
    labelled: "only entries in namespaces with these labels, such as team=web",
  }),
  ...allNamespacesOption("entries in every namespace, which is the default"),
  ...clusterOptions,
  secretName: valueOption({
    flag: "--secret-name <name>",
    summary: "only entries in secrets of this name (default: of any)",
    group: "Cluster",
    parse: objectName,
  }),
  serviceAccounts: listOption({
    flag: "--service-account <name>",
    summary:
      "unlink only this service account, whoever linked it (repeatable; default: all that name the secret)",
    group: "Cluster",
    parse: objectName,
  }),
  proof: {
    ...proofOptions.proof,
    summary: "how to check that a removed key is refused: by a pull, or by a sign-in to Entra only",
  },
  settleMs: defaultedOption({
    flag: "--settle <duration>",
    summary: "how long a removed key must be refused without a break; acr-pull waits two minutes at most",
    group: "Proof",
    parse: settleTime,
    fallback: "10s",
  }),
  ...serviceOptions,
  dryRun,
  exitCode,
  ...askingOptions,
  yes,
  force: switchOption({
    flag: "--force",
    summary: "remove even what pods or service accounts still name, or AKS clusters share",
    common: true,
    group: "Consent",
    consent: true,
  }),
  servicePrincipals: listOption({
    flag: "--service-principal <app-id>",
    summary: "also remove the role assignment of this one, even if others may sign in as it (repeatable)",
    group: "Consent",
    parse: guidName,
    consent: true,
  }),
  prune: listOption({
    flag: "--prune <key-id>",
    summary: "also remove this key, even if no secret in the cluster names it (repeatable)",
    group: "Consent",
    parse: guidName,
    consent: true,
  }),
  ...rehearsalOptions,
  ...outputOptions,
};

/** What `remove` was asked to do. */
export type RemoveAnswers = AnswersOf<typeof removeOptions>;

/** Answers with nothing missing: the registry was given or asked for. */
export type WholeAnswers = RemoveAnswers & { readonly registry: RegistryReference };

/** What `remove` and its flow exchange. */
export interface RemoveTypes extends FlowTypes {
  answers: RemoveAnswers;
  input: RemoveInput;
  ports: Writing<RemovePorts>;
  plan: RemovePlan;
  result: RemoveResult;
}

/** What `remove` refuses before anything is asked for. Without a terminal it never guesses the registry. */
export const removeChecks: Checks<RemoveAnswers> = {
  options: removeOptions,
  missing: ({ registry, dryRun, yes }, interactive) =>
    interactive
      ? []
      : [
          ...(registry === undefined ? [removeOptions.registry] : []),
          ...(dryRun || yes ? [] : [removeOptions.yes]),
        ],
};
