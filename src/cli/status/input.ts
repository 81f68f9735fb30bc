import type { StatusInput } from "../../core/status/contract.ts";
import { type StatusRequest, azureRequest, clusterRequest } from "../connections.ts";
import type { StatusAnswers } from "./options.ts";

/** What the flow is asked for, from the answers to the options. */
export function statusInput(answers: StatusAnswers): StatusInput {
  return {
    registry: answers.registry,
    namespaces: answers.namespace,
    namespaceSelector: answers.namespaceSelector,
    secretName: answers.secretName,
    clusterId: answers.clusterId,
    expiringWithinMs: answers.expiringWithin,
    prune: answers.prune,
    dryRun: answers.dryRun,
    concurrency: answers.concurrency,
  };
}

/** Which services that takes. */
export function statusRequest(answers: StatusAnswers): StatusRequest {
  return { azure: azureRequest(answers), clusters: clusterRequest(answers) };
}
