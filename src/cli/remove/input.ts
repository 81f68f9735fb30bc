import type { RemoveInput } from "../../core/remove/contract.ts";
import { missingInput } from "../options/answers.ts";
import { type RemoveRequest, azureRequest, clusterRequest } from "../connections.ts";
import { removeOptions, type RemoveAnswers } from "./options.ts";

/**
 * What the flow is asked for, from the answers to the options.
 * @throws UsageError `usage.missing-input` without a registry
 */
export function removeInput(answers: RemoveAnswers): RemoveInput {
  if (answers.registry === undefined) throw missingInput([removeOptions.registry]);
  return {
    registry: answers.registry,
    subscription: answers.subscription,
    resourceGroup: answers.resourceGroup,
    namespaces: answers.namespace,
    namespaceSelector: answers.namespaceSelector,
    secretName: answers.secretName,
    leaveOut: answers.leaveOut,
    clusterId: answers.clusterId,
    serviceAccounts: answers.serviceAccount,
    keepPrincipal: answers.keepPrincipal,
    force: answers.force,
    prune: answers.prune,
    servicePrincipals: answers.servicePrincipal,
    namespacesComplete: answers.namespacesComplete,
    proof: answers.proof,
    settleMs: answers.settle,
    waitBusyMs: answers.waitBusy,
    timeoutMs: answers.timeout,
    concurrency: answers.concurrency,
    dryRun: answers.dryRun,
  };
}

/** Which services that takes. */
export function removeRequest(answers: RemoveAnswers): RemoveRequest {
  return { azure: azureRequest(answers), clusters: clusterRequest(answers) };
}
