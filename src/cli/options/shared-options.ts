import type { ExecPluginPolicy } from "../../core/ports.ts";
import type { AuthChoice } from "../../domain/identity.ts";
import { imageReference, labelSelector, namespaceName, secretReference } from "../../domain/names.ts";
import {
  azureClouds,
  clusterIdentifier,
  cloud,
  concurrency,
  duration,
  plainText,
  positiveDuration,
  tenant,
} from "./option-values.ts";
import {
  defaultedOption,
  knowing,
  listOption,
  oneOf,
  switchOption,
  valueOption,
  yieldingOption,
} from "./option.ts";

/** How answers are written. */
const outputFormats = ["text", "json", "yaml"] as const;
/** Those of a command that lists things. */
type ListFormat = "name" | "wide";
export type OutputFormat = (typeof outputFormats)[number] | ListFormat;

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
] as const satisfies readonly AuthChoice[];

/** How a credential is proven. */
const proofs = ["registry", "entra", "none"] as const;

/** Which programs a kubeconfig may name. */
const execPluginPolicies = ["allow", "known", "deny"] as const satisfies readonly ExecPluginPolicy[];

/** How the answer is written, of a command that also knows these formats. */
export function outputOption(...more: readonly ListFormat[]) {
  const formats: readonly OutputFormat[] = [...outputFormats, ...more];
  const read = oneOf(...formats);
  return defaultedOption<OutputFormat>({
    flag: `-o, --output <${formats.join("|")}>`,
    summary: "how the answer is written to stdout",
    group: "Output",
    parse: knowing(formats, (text) => {
      if (!isListFormat(text) || more.includes(text)) return read(text);
      throw new RangeError(
        `must be one of ${formats.join(", ")}; ${text} is for what is listed, as by status`,
      );
    }),
    fallback: "text",
  });
}

function isListFormat(text: string): text is ListFormat {
  return text === "name" || text === "wide";
}

/** Options of every command for its output. */
export const outputOptions = {
  output: outputOption(),
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
  quiet: switchOption({
    flag: "--quiet",
    summary: "only failures and warnings: nothing when all is well",
    group: "Output",
  }),
  verbose: switchOption({
    flag: "-v, --verbose",
    summary: "tell more about each step",
    group: "Output",
    excludes: { quiet: "they ask for opposite things" },
  }),
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
    summary: `${azureClouds.join(", ")}, or the URL of a Resource Manager`,
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

/** Where to look for a registry that is not named by its resource id. */
export const registryScopeOptions = {
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
};

/** Options of every command that works on clusters: which. */
export const clusterOptions = {
  contexts: listOption({
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
  // If it is not given, the user is told of each program that runs.
  execPlugins: yieldingOption({
    flag: "--exec-plugins <policy>",
    summary: "programs a kubeconfig may have run to sign in: allow any, known ones of clouds, or deny all",
    group: "Cluster",
    parse: oneOf(...execPluginPolicies),
    fallback: "allow",
  }),
};

/** Options of every command that tries a credential: how. */
export const proofOptions = {
  proof: defaultedOption({
    flag: `--proof <${proofs.join("|")}>`,
    summary: "how the credential is proven: by a pull, by a sign-in alone, or not at all",
    group: "Proof",
    parse: oneOf(...proofs),
    fallback: "registry",
  }),
  image: valueOption({
    flag: "--image <repository:tag>",
    summary: "image that the proof asks for (default: any name, as a registry may be empty)",
    group: "Proof",
    parse: imageReference,
  }),
};

/** Options of every command that speaks to services: how patiently, and how many at once. */
export const serviceOptions = {
  timeoutMs: defaultedOption({
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
};

/** Consent for commands that remove keys: there are no secrets but the visible ones. */
export const completenessOptions = {
  namespacesComplete: switchOption({
    flag: "--namespaces-complete",
    summary: "the secrets that can be seen are all there are, though they may not be listed cluster-wide",
    group: "Consent",
    consent: true,
  }),
};

/** Consent for commands that wait for secrets: one namespace must not block the others. */
export const leaveOutOptions = {
  leaveOut: listOption({
    flag: "--leave-out <namespace/secret>",
    summary:
      "go on as if this secret were not there: no mark on it is waited for, no key stays because it holds it (repeatable)",
    group: "Consent",
    parse: secretReference,
    consent: true,
  }),
};

/** For every command that may ask. */
export const askingOptions = {
  noInput: switchOption({ flag: "--no-input", summary: "never ask, even at a terminal", group: "Run" }),
};

/** Set to `true` for the one command that is rehearsed, which prints its commands as rehearsals. */
export const rehearsalVariable = "__ACR_PULL_REHEARSAL";

/** For a command that can be rehearsed in a world where nobody has been yet. */
const rehearsalOptions = {
  sandbox: switchOption({
    flag: "--sandbox",
    summary: "run this one command inside a fresh sandbox, with no Azure and no cluster",
    group: "Rehearsal",
    instead: (commandLine) => ["sandbox", ...rehearsed(commandLine)],
  }),
};

/** For a command that has nothing to work on before `setup` has been run. */
export const rehearsalAfterSetup = {
  sandbox: switchOption({
    flag: "--sandbox",
    summary: "run this one command inside a fresh sandbox, after setup, with no Azure and no cluster",
    group: "Rehearsal",
    instead: (commandLine) => ["sandbox", "--after-setup", ...rehearsed(commandLine)],
  }),
};

function rehearsed(commandLine: readonly string[]): string[] {
  return ["--", "acr-pull", ...commandLine.filter((argument) => argument !== "--sandbox")];
}

/** Options of every command that carries work out: how it proves, waits, shows and asks. */
export const runOptions = {
  ...proofOptions,
  waitBusyMs: defaultedOption({
    flag: "--wait-busy <duration>",
    summary: "how long to wait for another run on the same secret",
    group: "Run",
    parse: duration,
    fallback: "60s",
  }),
  ...serviceOptions,
  dryRun: switchOption({ flag: "--dry-run", summary: "show the plan, write nothing", group: "Run" }),
  exitCode: switchOption({
    flag: "--exit-code",
    summary: "with --dry-run: exit 5 when the plan has changes",
    group: "Run",
    needs: { dryRun: "it says whether a plan has changes" },
  }),
  ...askingOptions,
  yes: switchOption({
    flag: "-y, --yes",
    summary: "carry the plan out without asking; needed where nobody can be asked",
    group: "Consent",
    consent: true,
  }),
  ...rehearsalOptions,
};

/**
 * The options that choose namespaces.
 * @param texts what a command does with those that are named, and with those that have the labels
 */
export function namespaceOptions(texts: {
  readonly named: string;
  readonly labelled: string;
  readonly question?: string;
}) {
  return {
    namespaces: listOption({
      flag: "-n, --namespace <ns>",
      summary: texts.named,
      ...(texts.question !== undefined && { question: texts.question }),
      group: "Cluster",
      parse: namespaceName,
    }),
    namespaceSelector: valueOption({
      flag: "--namespace-selector <labels>",
      summary: texts.labelled,
      group: "Cluster",
      parse: labelSelector,
    }),
  };
}
