import {
  displayName,
  guidName,
  imageReference,
  labelSelector,
  namespaceName,
  objectName,
  registryReference,
  repositoryPattern,
} from "../domain/names.ts";
import { requestedRoles } from "../domain/role.ts";
import {
  clusterIdentifier,
  cloud,
  concurrency,
  duration,
  grace,
  lifetime,
  plainText,
  positiveDuration,
  settleTime,
  tenant,
} from "./option-values.ts";
import { defaultedOption, listOption, oneOf, switchOption, valueOption, type AnswersOf } from "./option.ts";

/** How answers are written. */
const outputFormats = ["text", "json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** When colour is used. */
const colorChoices = ["auto", "always", "never"] as const;
export type ColorChoice = (typeof colorChoices)[number];

/** How this program signs in to Azure. */
const authMethods = [
  "auto",
  "cli",
  "environment",
  "workload-identity",
  "managed-identity",
  "device-code",
  "browser",
] as const;
export type AuthMethod = (typeof authMethods)[number];

/** Options that tell how a run speaks; every command has them. */
export const outputOptions = {
  output: defaultedOption({
    flag: `-o, --output <${outputFormats.join("|")}>`,
    summary: "how the answer is written to stdout",
    group: "Output",
    parse: oneOf(...outputFormats),
    fallback: "text",
  }),
  color: defaultedOption({
    flag: `--color <${colorChoices.join("|")}>`,
    summary: "colour; NO_COLOR and FORCE_COLOR are heeded too",
    group: "Output",
    parse: oneOf(...colorChoices),
    fallback: "auto",
  }),
  accessible: switchOption({
    flag: "--accessible",
    summary: "plain lines and numbered questions, for screen readers; also when TERM is dumb",
    group: "Output",
  }),
  quiet: switchOption({ flag: "--quiet", summary: "the answer and errors only", group: "Output" }),
  verbose: switchOption({ flag: "-v, --verbose", summary: "tell more about each step", group: "Output" }),
  debug: switchOption({
    flag: "--debug",
    summary: "with an error, its causes and where it arose",
    group: "Output",
  }),
};

/** Options of every command that works in Azure: where, and as whom. */
export const signInOptions = {
  tenant: valueOption({
    flag: "--tenant <id>",
    summary: "Entra tenant to sign in to: its id or a domain",
    group: "Registry",
    parse: tenant,
  }),
  cloud: defaultedOption({
    flag: "--cloud <name|url>",
    summary: "AzureCloud, AzureUSGovernment, AzureChinaCloud, or the URL of a Resource Manager",
    group: "Registry",
    parse: cloud,
    fallback: "AzureCloud",
  }),
  auth: defaultedOption({
    flag: "--auth <method>",
    summary: `how to sign in to Azure: ${authMethods.join(", ")}`,
    question: "Sign in to Azure as",
    group: "Registry",
    parse: oneOf(...authMethods),
    fallback: "auto",
  }),
};

/** Options of every command that works on clusters: which. */
export const clusterOptions = {
  context: listOption({
    flag: "--context <context>",
    summary: "context of the kubeconfig (repeatable; default: the current one)",
    question: "Which clusters, by their kubeconfig contexts?",
    group: "Cluster",
    parse: plainText,
  }),
  kubeconfig: valueOption({
    flag: "--kubeconfig <file>",
    summary: "kubeconfig to read (default: KUBECONFIG, else ~/.kube/config)",
    group: "Cluster",
    parse: plainText,
  }),
  clusterId: valueOption({
    flag: "--cluster-id <id>",
    summary: "the cluster's id, where the UID of its namespace kube-system may not be read",
    group: "Cluster",
    parse: clusterIdentifier,
  }),
  allowInsecureTls: switchOption({
    flag: "--allow-insecure-tls",
    summary: "accept a kubeconfig that does not check the cluster's certificate",
    group: "Cluster",
  }),
};

/** Options of every command that carries work out: how it proves, waits, shows and asks. */
export const runOptions = {
  proof: defaultedOption({
    flag: "--proof <registry|entra|none>",
    summary: "how the credential is proven: by a pull, by a sign-in alone, or not at all",
    group: "Proof",
    parse: oneOf("registry", "entra", "none"),
    fallback: "registry",
  }),
  image: valueOption({
    flag: "--image <repository:tag>",
    summary: "image that the proof asks for (default: any name, as a registry may be empty)",
    group: "Proof",
    parse: imageReference,
  }),
  waitBusy: defaultedOption({
    flag: "--wait-busy <duration>",
    summary: "how long to wait for another run on the same secret",
    group: "Run",
    parse: duration,
    fallback: "60s",
  }),
  timeout: defaultedOption({
    flag: "--timeout <duration>",
    summary: "longest wait for one service",
    group: "Run",
    parse: positiveDuration,
    fallback: "20m",
  }),
  concurrency: defaultedOption({
    flag: "--concurrency <number>",
    summary: "the most requests under way at once in a cluster",
    group: "Run",
    parse: concurrency,
    fallback: "10",
  }),
  dryRun: switchOption({ flag: "--dry-run", summary: "show the plan, write nothing", group: "Run" }),
  exitCode: switchOption({
    flag: "--exit-code",
    summary: "with --dry-run: exit 5 when the plan has changes",
    group: "Run",
  }),
  noInput: switchOption({ flag: "--no-input", summary: "never ask, even at a terminal", group: "Run" }),
  yes: switchOption({
    flag: "-y, --yes",
    summary: "carry the plan out without asking; needed where nobody can be asked",
    group: "Consent",
    consent: true,
  }),
  sandbox: switchOption({
    flag: "--sandbox",
    summary: "run this one command inside a fresh sandbox, with no Azure and no cluster",
    group: "Rehearsal",
    instead: (commandLine) => [
      "sandbox",
      "--",
      "acr-pull",
      ...commandLine.filter((argument) => argument !== "--sandbox"),
    ],
  }),
};

/** Options of `setup`. */
export const setupOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "registry to pull from: its name, login server or resource id",
    question: "Which registry shall the cluster pull from?",
    group: "Registry",
    parse: registryReference,
  }),
  subscription: valueOption({
    flag: "--subscription <id>",
    summary: "look for the registry here alone, instead of in every visible subscription",
    group: "Registry",
    parse: plainText,
  }),
  resourceGroup: valueOption({
    flag: "--resource-group <name>",
    summary: "look for the registry in this resource group alone",
    group: "Registry",
    parse: plainText,
  }),
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
    fallback: "acr-secret",
  }),
  ...runOptions,
  role: defaultedOption({
    flag: `--role <${requestedRoles.join("|")}>`,
    summary: "what the credential may do",
    question: "What may the cluster do with the registry?",
    group: "Principal",
    parse: oneOf(...requestedRoles),
    fallback: "acrpull",
  }),
  repository: listOption({
    flag: "--repository <repository>",
    summary: "limit the role to this repository, or to team/* (repeatable; registries in ABAC mode only)",
    question: "Which repositories?",
    group: "Principal",
    parse: repositoryPattern,
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
  expiresIn: defaultedOption({
    flag: "--expires-in <duration|max>",
    summary: "how long a new password lives, or max for as long as the tenant allows",
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
  ...outputOptions,
};

/** What `setup` was asked for. */
export type SetupAnswers = AnswersOf<typeof setupOptions>;

/** Options of `rotate`. */
export const rotateOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "only keys that pull from this registry: its name, login server or resource id",
    question: "Which keys?",
    group: "Registry",
    parse: registryReference,
  }),
  ...signInOptions,
  namespace: listOption({
    flag: "-n, --namespace <ns>",
    summary: "only keys that secrets of these namespaces hold, wherever else they are held (repeatable)",
    group: "Cluster",
    parse: namespaceName,
  }),
  namespaceSelector: valueOption({
    flag: "--namespace-selector <labels>",
    summary: "only keys that secrets of namespaces with these labels hold, such as team=web",
    group: "Cluster",
    parse: labelSelector,
  }),
  ...clusterOptions,
  secretName: valueOption({
    flag: "--secret-name <name>",
    summary: "only keys that secrets of this name hold",
    group: "Cluster",
    parse: objectName,
  }),
  ...runOptions,
  ifExpiringWithin: valueOption({
    flag: "--if-expiring-within <duration>",
    summary: "begin only with keys that end within this time, such as 60d: for a job that runs daily",
    group: "Rotation",
    parse: positiveDuration,
  }),
  expiresIn: valueOption({
    flag: "--expires-in <duration|max>",
    summary:
      "how long the new key lives, or max for as long as the tenant allows (default: as the one it replaces)",
    group: "Rotation",
    parse: lifetime,
  }),
  grace: defaultedOption({
    flag: "--grace <duration>",
    summary: "how long the old key stays valid beside the new one, at least 30m; a later run retires it",
    group: "Rotation",
    parse: grace,
    fallback: "24h",
  }),
  wait: switchOption({
    flag: "--wait",
    summary: "stay until that time is over and the old key is retired",
    group: "Rotation",
  }),
  settle: defaultedOption({
    flag: "--settle <duration>",
    summary:
      "8 sign-ins over this time must succeed before the old key goes, which then must be refused for as long",
    group: "Rotation",
    parse: settleTime,
    fallback: "49s",
  }),
  noOverlapEntry: switchOption({
    flag: "--no-overlap-entry",
    summary: "keep the old key out of the secrets at once, for readers that try one entry only",
    group: "Rotation",
  }),
  finish: switchOption({
    flag: "--finish",
    summary: "only retire old keys whose time is over; make no new one",
    group: "Rotation",
  }),
  abort: switchOption({
    flag: "--abort",
    summary: "go back to the old key and remove the new one, while the old one is still in the secrets",
    group: "Rotation",
  }),
  compromised: switchOption({
    flag: "--compromised",
    summary: "the key has leaked: replace it, and retire it in this same run",
    group: "Consent",
    consent: true,
  }),
  acceptOutage: switchOption({
    flag: "--accept-outage",
    summary: "with --compromised: retire it although some secret could not be updated",
    group: "Consent",
    consent: true,
  }),
  namespacesComplete: switchOption({
    flag: "--namespaces-complete",
    summary: "the secrets that can be seen are all there are, though they may not be listed cluster-wide",
    group: "Consent",
    consent: true,
  }),
  // Consent, and no variable: one left behind in a pipeline must not remove a key that somebody else made.
  retireKey: valueOption({
    flag: "--retire-key <key-id>",
    summary: "retire this key once it is replaced, although acr-pull did not make it for this cluster",
    group: "Consent",
    parse: guidName,
    consent: true,
  }),
  ...outputOptions,
};

/** What `rotate` was asked for. */
export type RotateAnswers = AnswersOf<typeof rotateOptions>;
