import type { FlowTypes } from "../flow-command.ts";
import type { PrunePlan, StatusInput, StatusPorts, StatusResult } from "../../core/status/contract.ts";
import type { Checks } from "../options/check.ts";
import { guidName, objectName, registryReference } from "../../domain/names.ts";
import { positiveDuration } from "../options/option-values.ts";
import { valueOption, type AnswersOf } from "../options/option.ts";
import { rehearsalAfterSetup } from "../options/rehearsal-options.ts";
import { outputOptions } from "../options/output-options.ts";
import {
  askingOptions,
  clusterOptions,
  runOptions,
  serviceOptions,
  signInOptions,
  namespaceOptions,
} from "../options/shared-options.ts";
import { allNamespacesOption } from "../options/everywhere-options.ts";

/** Options of `status`. */
export const statusOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "only entries of this registry",
    common: true,
    group: "Registry",
    parse: registryReference,
  }),
  ...signInOptions,
  ...namespaceOptions({
    named: "only entries in this namespace (repeatable; default: every visible namespace)",
    labelled: "only entries in namespaces with these labels, such as team=web",
  }),
  ...allNamespacesOption("every namespace, which is the default"),
  ...clusterOptions,
  secretName: valueOption({
    flag: "--secret-name <name>",
    summary: "only entries in secrets of this name",
    group: "Cluster",
    parse: objectName,
  }),
  expiringWithinMs: valueOption({
    flag: "--expiring-within <duration>",
    summary:
      "exit 5 if a password expires within this time (default: 30d; the last third of a lifetime under 60d)",
    common: true,
    group: "Rotation",
    parse: positiveDuration,
  }),
  // Consent, so it has no variable: one forgotten in a pipeline must not remove a key.
  prune: valueOption({
    flag: "--prune <key-id>",
    summary: "remove this key, which acr-pull made for the cluster and nothing in it holds",
    group: "Consent",
    parse: guidName,
    consent: true,
  }),
  yes: {
    ...runOptions.yes,
    summary: "with --prune: remove it without asking; needed where nobody can be asked",
    common: false,
    needs: { prune: "without it there is nothing to agree to" },
  },
  ...serviceOptions,
  dryRun: {
    ...runOptions.dryRun,
    summary: "with --prune: only show what would be removed",
    common: false,
    needs: { prune: "without it nothing is written" },
  },
  ...askingOptions,
  ...rehearsalAfterSetup,
  ...outputOptions,
};

/** What `status` was asked to do. */
export type StatusAnswers = AnswersOf<typeof statusOptions>;

/** What `status` and its flow exchange. */
export interface StatusTypes extends FlowTypes {
  answers: StatusAnswers;
  input: StatusInput;
  ports: StatusPorts;
  plan: PrunePlan;
  result: StatusResult;
}

/** What `status` refuses before anything is asked for. */
export const statusChecks: Checks<StatusAnswers> = {
  options: statusOptions,
  missing: ({ prune, dryRun, yes }, interactive) =>
    prune !== undefined && !dryRun && !yes && !interactive ? [statusOptions.yes] : [],
};
