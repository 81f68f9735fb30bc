import {
  displayName,
  guidName,
  labelSelector,
  namespaceName,
  objectName,
  registryReference,
  repositoryPattern,
} from "../../domain/names.ts";
import { usualSecretName } from "../../domain/ownership.ts";
import { requestedRoles } from "../../domain/role.ts";
import { lifetime, plainText } from "../options/option-values.ts";
import {
  defaultedOption,
  listOption,
  oneOf,
  switchOption,
  valueOption,
  yieldingOption,
  type AnswersOf,
} from "../options/option.ts";
import {
  clusterOptions,
  leaveOutOptions,
  outputOptions,
  registryScopeOptions,
  runOptions,
  signInOptions,
} from "../options/options.ts";

/** What is said in place of repositories to lift a limit. */
export const everyRepository = "*";

/** Options of `setup`. */
export const setupOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "registry to pull from: its name, login server or resource id",
    question: "Which registry shall the cluster pull from?",
    group: "Registry",
    parse: registryReference,
  }),
  ...registryScopeOptions,
  ...signInOptions,
  namespace: listOption({
    flag: "-n, --namespace <ns>",
    summary: "namespace that pulls (repeatable; default: the context's own, else default)",
    question: "Which namespaces pull?",
    group: "Cluster",
    parse: namespaceName,
  }),
  namespaceSelector: valueOption({
    flag: "--namespace-selector <labels>",
    summary: "every namespace with these labels, such as team=web",
    group: "Cluster",
    parse: labelSelector,
  }),
  ...clusterOptions,
  secretName: defaultedOption({
    flag: "--secret-name <name>",
    summary: "name of the pull secret",
    question: "What shall the pull secret be called?",
    group: "Cluster",
    parse: objectName,
    fallback: usualSecretName,
  }),
  ...runOptions,
  role: valueOption({
    flag: `--role <${requestedRoles.join("|")}>`,
    summary: "what the credential may do (default: what it may do already; acrpull for a new one)",
    question: "What may the cluster do with the registry?",
    group: "Principal",
    parse: oneOf(...requestedRoles),
  }),
  repository: listOption({
    flag: "--repository <repository>",
    summary:
      "limit the role to this repository, or to team/* (repeatable; registries in ABAC mode only); '*' lifts a limit",
    question: "Which repositories?",
    group: "Principal",
    parse: (text) => (text === everyRepository ? text : repositoryPattern(text)),
  }),
  name: valueOption({
    flag: "--name <display-name>",
    summary: "display name of a new application (default: acr-pull-<registry>-<cluster>)",
    group: "Principal",
    parse: displayName,
  }),
  servicePrincipal: valueOption({
    flag: "--service-principal <id|name>",
    summary: "use one that exists, by application id, object id or name, shared on purpose",
    question: "Which service principal pulls?",
    group: "Principal",
    parse: displayName,
  }),
  switchPrincipal: switchOption({
    flag: "--switch-principal",
    summary: "go on although the secret names another service principal today",
    group: "Principal",
  }),
  passwordStdin: switchOption({
    flag: "--password-stdin",
    summary: "read the known password of --service-principal from stdin; none is made",
    group: "Principal",
  }),
  passwordFile: valueOption({
    flag: "--password-file <file>",
    summary: "read the known password of --service-principal from a file; none is made",
    group: "Principal",
    parse: plainText,
  }),
  noAzure: switchOption({
    flag: "--no-azure",
    summary: "call nothing of Azure but the registry; needs its login server and a known password",
    group: "Principal",
  }),
  owner: listOption({
    flag: "--owner <object-id>",
    summary: "user or service principal that also owns the application, to rotate it (repeatable)",
    group: "Principal",
    parse: guidName,
  }),
  serviceManagementReference: valueOption({
    flag: "--service-management-reference <guid>",
    summary: "for tenants that demand one of every application",
    group: "Principal",
    parse: guidName,
  }),
  expiresIn: yieldingOption({
    flag: "--expires-in <duration|max>",
    summary:
      "how long a new password lives, or max for as long as the tenant allows, which caps the default too",
    question: "How long does a new password live?",
    group: "Principal",
    parse: lifetime,
    fallback: "180d",
  }),
  credentialsFile: valueOption({
    flag: "--credentials-file <file>",
    summary: "also write the password in use, new or found, to this file, which must not exist yet",
    group: "Principal",
    parse: plainText,
  }),
  createNamespace: switchOption({
    flag: "--create-namespace",
    summary: "create namespaces that do not exist",
    group: "Cluster",
  }),
  serviceAccount: listOption({
    flag: "--service-account <name>",
    summary: "add the secret to this service account's imagePullSecrets (repeatable)",
    question: "Which service accounts pull without naming the secret?",
    group: "Cluster",
    parse: objectName,
  }),
  adopt: switchOption({
    flag: "--adopt",
    summary: "add our entry to a secret of that name that is not ours",
    question: "Add the registry to a secret that acr-pull did not write?",
    group: "Consent",
    consent: true,
  }),
  allowPrivilegedRole: valueOption({
    flag: "--allow-privileged-role <owner>",
    summary: "agree to --role owner, which may do anything to the registry",
    question: "Type the name of the registry to make the cluster its owner",
    group: "Consent",
    parse: oneOf("owner"),
    consent: true,
  }),
  ...leaveOutOptions,
  ...outputOptions,
};

/** What `setup` was asked for. */
export type SetupAnswers = AnswersOf<typeof setupOptions>;
