import type { FlowTypes } from "../flow-command.ts";
import type { StatusInput, StatusPorts, StatusResult } from "../../core/status/contract.ts";
import { objectName, registryReference } from "../../domain/names.ts";
import { valueOption, type AnswersOf } from "../options/option.ts";
import { rehearsalOptions } from "../options/rehearsal-options.ts";
import { outputOptions } from "../options/output-options.ts";
import {
  askingOptions,
  clusterOptions,
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
  ...serviceOptions,
  ...askingOptions,
  ...rehearsalOptions,
  ...outputOptions,
};

/** What `status` was asked to do. */
export type StatusAnswers = AnswersOf<typeof statusOptions>;

/** What `status` and its flow exchange. */
export interface StatusTypes extends FlowTypes {
  answers: StatusAnswers;
  input: StatusInput;
  ports: StatusPorts;
  result: StatusResult;
}
