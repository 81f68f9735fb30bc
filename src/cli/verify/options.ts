import { labelSelector, namespaceName, objectName, registryReference } from "../../domain/names.ts";
import { listOption, valueOption, type AnswersOf } from "../options/option.ts";
import {
  clusterOptions,
  outputOptions,
  proofOptions,
  registryScopeOptions,
  rehearsalOptions,
  serviceOptions,
  signInOptions,
} from "../options/shared-options.ts";

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
  namespaces: listOption({
    flag: "-n, --namespace <ns>",
    summary: "namespace whose secrets to look at (repeatable; default: the context's own, else default)",
    group: "Cluster",
    parse: namespaceName,
  }),
  namespaceSelector: valueOption({
    flag: "--namespace-selector <labels>",
    summary: "every namespace with these labels, such as team=web",
    group: "Cluster",
    parse: labelSelector,
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
  ...rehearsalOptions,
  ...outputOptions,
};

/** What `verify` was asked for. */
export type VerifyAnswers = AnswersOf<typeof verifyOptions>;
