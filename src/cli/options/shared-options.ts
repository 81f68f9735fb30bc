import { authMethods, type AuthChoice } from "../../domain/identity.ts";
import { imageReference, labelSelector, namespaceName } from "../../domain/names.ts";
import {
  azureClouds,
  clusterIdentifier,
  cloud,
  oneLineText,
  positiveDuration,
  tenant,
} from "./option-values.ts";
import { rehearsalOptions } from "./rehearsal-options.ts";
import { defaultedOption, listOption, oneOf, switchOption, valueOption } from "./option.ts";

/** How this program signs in to Azure. */
const authChoices = ["auto", ...authMethods] as const satisfies readonly AuthChoice[];

/** How a credential is proven. */
const proofs = ["registry", "entra"] as const;

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
    summary: `${azureClouds.join(", ")}, or a Resource Manager's URL; --registry or AZURE_AUTHORITY_HOST may imply it`,
    group: "Registry",
    parse: cloud,
    fallback: "AzureCloud",
  }),
  auth: defaultedOption({
    flag: "--auth <method>",
    summary: `how to sign in to Azure: ${authChoices.join(", ")}`,
    group: "Registry",
    parse: oneOf(...authChoices),
    fallback: "auto",
  }),
};

/** Where to look for a registry that is not named by its resource id. */
export const registryScopeOptions = {
  subscription: valueOption({
    flag: "--subscription <id>",
    summary: "look for the registry in this subscription only (default: in every visible one)",
    group: "Registry",
    parse: oneLineText,
  }),
};

/** Options of every command that works on clusters: which clusters. */
export const clusterOptions = {
  contexts: listOption({
    flag: "--context <context>",
    summary: "kubeconfig context (repeatable; default: current)",
    group: "Cluster",
    common: true,
    parse: oneLineText,
  }),
  kubeconfig: valueOption({
    flag: "--kubeconfig <file>",
    summary: "kubeconfig to read (default: KUBECONFIG, else ~/.kube/config)",
    group: "Cluster",
    parse: oneLineText,
  }),
  clusterId: valueOption({
    flag: "--cluster-id <id>",
    summary: "the cluster's id, if the UID of the namespace kube-system cannot be read",
    group: "Cluster",
    parse: clusterIdentifier,
  }),
};

/** The names of the options that lead to the same services. A printed command repeats them. */
export const sameServices = ["tenant", "cloud", "auth", "kubeconfig"] as const;

/** Options of every command that tries a credential: how it does so. */
export const proofOptions = {
  proof: defaultedOption({
    flag: `--proof <${proofs.join("|")}>`,
    summary: "how to prove the credential: by a pull, or by a sign-in to Entra only",
    group: "Proof",
    parse: oneOf(...proofs),
    fallback: "registry",
  }),
  image: valueOption({
    flag: "--image <repository:tag>",
    summary: "image that the proof asks for (default: any name, since a registry may be empty)",
    group: "Proof",
    parse: imageReference,
  }),
};

/** Options of every command that talks to services: how long it waits. */
export const serviceOptions = {
  timeoutMs: defaultedOption({
    flag: "--timeout <duration>",
    summary: "longest wait for one service",
    group: "Run",
    parse: positiveDuration,
    fallback: "20m",
  }),
};

/** For every command that may ask. */
export const askingOptions = {
  noInput: switchOption({ flag: "--no-input", summary: "never ask, even at a terminal", group: "Run" }),
};

/** Options of every command that carries work out: how it proves, shows and asks. */
export const runOptions = {
  ...proofOptions,
  ...serviceOptions,
  dryRun: switchOption({
    flag: "--dry-run",
    summary: "show the plan, and write nothing",
    group: "Run",
    common: true,
  }),
  exitCode: switchOption({
    flag: "--exit-code",
    summary: "with --dry-run: exit 5 if the plan has changes",
    group: "Run",
    needs: "--dry-run",
  }),
  ...askingOptions,
  yes: switchOption({
    flag: "-y, --yes",
    summary: "carry out the plan without asking",
    common: true,
    group: "Consent",
    consent: true,
  }),
  ...rehearsalOptions,
};

/**
 * The options that choose namespaces.
 * @param texts what a command does with named namespaces, and with namespaces that have the labels
 */
export function namespaceOptions(texts: { readonly named: string; readonly labelled: string }) {
  return {
    namespaces: listOption({
      flag: "-n, --namespace <ns>",
      summary: texts.named,
      group: "Cluster",
      common: true,
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
