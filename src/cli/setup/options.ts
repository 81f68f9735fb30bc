import type { FlowTypes } from "../flow-command.ts";
import type { Preview } from "../../core/setup/flow.ts";
import type { SetupInput, SetupPlan, SetupPorts, SetupResult } from "../../core/setup/contract.ts";
import type { Writing } from "../../core/ports.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import {
  displayName,
  guidName,
  objectName,
  registryReference,
  repositoryPattern,
  usualSecretName,
} from "../../domain/names.ts";
import { requestedRoles } from "../../domain/role.ts";
import { manifestOptions } from "../options/manifest-options.ts";
import { lifetime, oneLineText } from "../options/option-values.ts";
import {
  defaultedOption,
  listOption,
  oneOf,
  switchOption,
  valueOption,
  yieldingOption,
  type AnswersOf,
} from "../options/option.ts";
import { outputOptions } from "../options/output-options.ts";
import {
  clusterOptions,
  registryScopeOptions,
  runOptions,
  signInOptions,
  namespaceOptions,
} from "../options/shared-options.ts";

/** Stands for every repository, and so lifts a limit. */
export const everyRepository = "*";

const repositories = listOption({
  flag: "--repository <name>",
  summary: "limit the role to this repository or to team/*; '*' lifts the limit (repeatable; ABAC mode only)",
  group: "Principal",
  common: true,
  parse: (text) => (text === everyRepository ? text : repositoryPattern(text)),
});

/** Options about what `--attach` does without: a secret, a password and a principal of its own. */
const notWithAttach = [
  "--manifest",
  "--namespace",
  "--namespace-selector",
  "--secret-name",
  "--cluster-id",
  "--create-namespace",
  "--service-account",
  "--adopt",
  "--role",
  "--service-principal",
  "--name",
  "--owner",
  "--service-management-reference",
  "--password-stdin",
  "--expires-in",
  "--credentials-file",
  "--proof",
  "--image",
];

/** Options of `setup`. */
export const setupOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "name, login server or resource id of the registry",
    group: "Registry",
    common: true,
    parse: registryReference,
  }),
  ...registryScopeOptions,
  ...signInOptions,
  ...namespaceOptions({
    named: "namespace that pulls (repeatable; default: the context's, else default)",
    labelled: "every namespace with these labels, such as team=web",
  }),
  ...clusterOptions,
  secretName: defaultedOption({
    flag: "--secret-name <name>",
    summary: "name of the pull secret",
    group: "Cluster",
    common: true,
    parse: objectName,
    fallback: usualSecretName,
  }),
  ...manifestOptions,
  ...runOptions,
  role: valueOption({
    flag: "--role <role>",
    summary: `${requestedRoles.join(", ")} (default: the one it has, else acrpull)`,
    group: "Principal",
    common: true,
    parse: oneOf(...requestedRoles),
  }),
  // Undefined keeps the limit that is in place; an empty list lifts it.
  repositories: {
    ...repositories,
    read: (texts: readonly string[]): readonly string[] | undefined =>
      texts.length === 0 ? undefined : repositories.read(texts).filter((one) => one !== everyRepository),
  },
  applicationName: valueOption({
    flag: "--name <display-name>",
    summary: "display name of a new application (default: acr-pull-<registry>-<cluster>)",
    group: "Principal",
    parse: displayName,
  }),
  servicePrincipal: valueOption({
    flag: "--service-principal <id>",
    summary: "existing service principal, by application id, object id or name",
    group: "Principal",
    common: true,
    parse: displayName,
    excludes: ["--name", "--service-management-reference"],
  }),
  passwordStdin: switchOption({
    flag: "--password-stdin",
    summary:
      "read the password of --service-principal from stdin, and make none; with a login server, call nothing in Azure but the registry",
    group: "Principal",
    excludes: ["--expires-in", "--credentials-file"],
    needs: "--service-principal",
  }),
  owners: listOption({
    flag: "--owner <object-id>",
    summary: "user or service principal that also owns the application, and so can rotate it (repeatable)",
    group: "Principal",
    parse: guidName,
  }),
  serviceManagementReference: valueOption({
    flag: "--service-management-reference <guid>",
    summary: "reference that some tenants require of every application",
    group: "Principal",
    parse: guidName,
  }),
  expiresInMs: yieldingOption({
    flag: "--expires-in <duration>",
    summary: "lifetime of a new password, or max for the tenant's limit, which also caps the default",
    group: "Principal",
    common: true,
    parse: lifetime,
    fallback: "180d",
  }),
  credentialsFile: valueOption({
    flag: "--credentials-file <file>",
    summary: "also write the password to this file, which must not exist yet",
    group: "Principal",
    parse: oneLineText,
  }),
  attach: switchOption({
    flag: "--attach",
    summary: "AKS: grant the role to the identity of the cluster's nodes; no secret and no password is made",
    group: "Cluster",
    excludes: notWithAttach,
  }),
  createNamespace: switchOption({
    flag: "--create-namespace",
    summary: "create the namespaces that do not exist",
    common: true,
    group: "Cluster",
  }),
  serviceAccounts: listOption({
    flag: "--service-account <name>",
    summary: "add the secret to this service account (repeatable)",
    group: "Cluster",
    common: true,
    parse: objectName,
  }),
  adopt: switchOption({
    flag: "--adopt",
    summary: "add the entry to a secret of that name that acr-pull did not write",
    group: "Consent",
    consent: true,
  }),
  allowPrivilegedRole: valueOption({
    flag: "--allow-privileged-role <owner>",
    summary: "agree to --role owner, which may do anything to the registry",
    group: "Consent",
    parse: oneOf("owner"),
    consent: true,
  }),
  ...outputOptions,
};

/** What `setup` was asked to do. */
export type SetupAnswers = AnswersOf<typeof setupOptions>;

/** What `setup` and its flow exchange. */
export interface SetupTypes extends FlowTypes {
  answers: SetupAnswers;
  input: SetupInput;
  ports: Writing<SetupPorts>;
  plan: SetupPlan;
  result: SetupResult;
  foreseen: Preview;
}

/** Answers with nothing missing. */
export type WholeAnswers = SetupAnswers & { readonly registry: RegistryReference };

/** Whether nothing of Azure but the registry is called: where it is and whose password it takes is known. */
export function isWithoutAzure({ passwordStdin, registry }: SetupAnswers): boolean {
  return passwordStdin && registry?.kind === "login-server";
}
