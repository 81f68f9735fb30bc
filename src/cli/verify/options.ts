import type { FlowTypes } from "../flow-command.ts";
import type { VerifyInput, VerifyPorts, VerifyResult } from "../../verify/contract.ts";
import { objectName, registryReference } from "../../domain/names.ts";
import { valueOption, type AnswersOf } from "../options/option.ts";
import { rehearsalOptions } from "../options/rehearsal-options.ts";
import { outputOptions } from "../options/output-options.ts";
import {
  clusterOptions,
  proofOptions,
  registryScopeOptions,
  serviceOptions,
  signInOptions,
  namespaceOptions,
} from "../options/shared-options.ts";
import { allNamespacesOption } from "../options/everywhere-options.ts";
import type { Suggest } from "../../core/ports.ts";

const { contexts, kubeconfig } = clusterOptions;

/** Options of `verify`. */
export const verifyOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "registry to check (default: each in the secrets)",
    common: true,
    group: "Registry",
    parse: registryReference,
  }),
  ...registryScopeOptions,
  ...signInOptions,
  ...namespaceOptions({
    named: "namespace to look in (repeatable; default: the context's, else default)",
    labelled: "every namespace with these labels, such as team=web",
  }),
  ...allNamespacesOption(
    "every namespace that has a pull secret for the registry, or for any Azure registry",
  ),
  contexts,
  kubeconfig,
  secretName: valueOption({
    flag: "--secret-name <name>",
    summary: "only the secret of this name (default: acr-secret, and every secret for an Azure registry)",
    common: true,
    group: "Cluster",
    parse: objectName,
  }),
  pod: valueOption({
    flag: "--pod <name>",
    summary: "say why this pod gets no image; pods in ImagePullBackOff are looked at anyway",
    common: true,
    group: "Cluster",
    parse: objectName,
  }),
  image: { ...proofOptions.image, common: true },
  ...serviceOptions,
  ...rehearsalOptions,
  ...outputOptions,
};

/** What `verify` was asked to do. */
export type VerifyAnswers = AnswersOf<typeof verifyOptions>;

/** What `verify` and its flow exchange. */
export interface VerifyTypes extends FlowTypes {
  answers: VerifyAnswers;
  input: VerifyInput;
  ports: VerifyPorts;
  result: VerifyResult;
}

/** The longest wait for an Azure that may be out of reach. Its answers are an extra. */
const longestPatienceMs = 15_000;

/** Makes the flow's input from the answers. */
export function verifyInput(answers: VerifyAnswers, suggest: Suggest): VerifyInput {
  const { auth, timeoutMs } = answers;
  // A person who names a sign-in method wants it, and may have to act in a browser first.
  const azurePatienceMs = auth === "auto" ? Math.min(longestPatienceMs, timeoutMs) : timeoutMs;
  return { ...answers, azurePatienceMs, suggest };
}
