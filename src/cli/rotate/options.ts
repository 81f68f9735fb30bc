import type { FlowTypes } from "../flow-command.ts";
import type {
  RotateInput,
  RotateIntent,
  RotatePlan,
  RotatePorts,
  RotateResult,
} from "../../core/rotate/contract.ts";
import type { Writing } from "../../core/ports.ts";
import type { Suggest } from "../../core/suggest.ts";
import { formatDuration } from "../../domain/duration.ts";
import type { Checks } from "../options/answers.ts";
import { guidName, objectName, registryReference } from "../../domain/names.ts";
import { manifestConflicts, manifestOptions } from "../options/manifest-options.ts";
import { grace, lifetime, settleTime } from "../options/option-values.ts";
import { defaultedOption, listOption, switchOption, valueOption, type AnswersOf } from "../options/option.ts";
import { outputOptions } from "../options/output-options.ts";
import { clusterOptions, runOptions, signInOptions, namespaceOptions } from "../options/shared-options.ts";
import { allNamespacesOption } from "../options/everywhere-options.ts";

/** Options of `rotate`. */
export const rotateOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "only keys for this registry",
    common: true,
    group: "Registry",
    parse: registryReference,
  }),
  ...signInOptions,
  ...namespaceOptions({
    named: "only keys that this namespace holds, with all their other holders (repeatable)",
    labelled: "only keys that namespaces with these labels hold, such as team=web",
  }),
  ...allNamespacesOption("keys of every namespace, which is the default"),
  ...clusterOptions,
  secretName: valueOption({
    flag: "--secret-name <name>",
    summary: "only keys that secrets of this name hold",
    group: "Cluster",
    parse: objectName,
  }),
  ...manifestOptions,
  ...runOptions,
  ifDue: switchOption({
    flag: "--if-due",
    summary: "replace only keys in the last third of their life: for a daily job",
    common: true,
    group: "Rotation",
  }),
  expiresInMs: valueOption({
    flag: "--expires-in <duration>",
    summary: "lifetime of the new key, or max (default: as before)",
    common: true,
    group: "Rotation",
    parse: lifetime,
  }),
  graceMs: defaultedOption({
    flag: "--grace <duration>",
    summary: "how long the old key stays valid, at least 30m; a later run retires it",
    common: true,
    group: "Rotation",
    parse: grace,
    fallback: "24h",
  }),
  settleMs: defaultedOption({
    flag: "--settle <duration>",
    summary:
      "8 sign-ins over this time must succeed before the old key is removed; it must then be refused for as long",
    group: "Rotation",
    parse: settleTime,
    fallback: "49s",
  }),
  overlapEntry: switchOption({
    flag: "--no-overlap-entry",
    summary: "take the old key out of the secrets at once, for readers that try only one entry",
    group: "Rotation",
    turnsOff: true,
  }),
  finish: switchOption({
    flag: "--finish",
    summary: "only retire old keys that are due; make no new key",
    common: true,
    group: "Rotation",
    excludes: ["--if-due", "--expires-in", "--grace", "--no-overlap-entry"],
  }),
  compromised: switchOption({
    flag: "--compromised",
    summary: "the key has leaked: replace and retire it at once",
    common: true,
    group: "Consent",
    consent: true,
    excludes: ["--finish", "--if-due", "--grace"],
  }),
  // Consent, so it has no variable: naming a principal for setup in a pipeline is not consent to this.
  servicePrincipals: listOption({
    flag: "--service-principal <app-id>",
    summary: "also keys of this service principal that acr-pull did not make (repeatable)",
    group: "Consent",
    parse: guidName,
    consent: true,
  }),
  ...outputOptions,
};

/** What `rotate` was asked to do. */
export type RotateAnswers = AnswersOf<typeof rotateOptions>;

/** What `rotate` and its flow exchange. */
export interface RotateTypes extends FlowTypes {
  answers: RotateAnswers;
  input: RotateInput;
  ports: Writing<RotatePorts>;
  plan: RotatePlan;
  result: RotateResult;
}

/** What the run is for. These options exclude each other. */
export function intentOf({
  finish,
  compromised,
}: Pick<RotateAnswers, "finish" | "compromised">): RotateIntent {
  if (finish) return "finish";
  return compromised ? "compromised" : "rotate";
}

/** Makes the flow's input from the answers. */
export function rotateInput(answers: RotateAnswers, suggest: Suggest): RotateInput {
  // Without --yes a person sees the plan first, or nothing is done.
  const agreedTo = answers.dryRun || !answers.yes ? "plan" : undefined;
  return { ...answers, intent: intentOf(answers), agreedTo, suggest };
}

/** What `rotate` refuses before anything is read or asked for. */
export const rotateChecks: Checks<RotateAnswers> = {
  options: rotateOptions,
  conflicts: (answers) => [...outlivedBy(answers), ...manifestConflicts(answers)],
  missing: ({ dryRun, yes }, interactive) => (interactive || dryRun || yes ? [] : [rotateOptions.yes]),
};

/** A grace period longer than the new key's lifetime would end with no key at all. */
function outlivedBy({ graceMs, expiresInMs }: RotateAnswers): string[] {
  if (typeof expiresInMs !== "number" || graceMs < expiresInMs) return [];
  return [
    `${rotateOptions.graceMs.long} ${formatDuration(graceMs)} is too long for ${rotateOptions.expiresInMs.long} ${formatDuration(expiresInMs)}: the new key would end before the old one is retired`,
  ];
}
