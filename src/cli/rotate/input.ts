import type { RotateInput, RotateIntent } from "../../core/rotate/contract.ts";
import { type RotateRequest, azureRequest, clusterRequest } from "../connections.ts";
import type { RotateAnswers } from "./options.ts";

/** What the flow is asked for, from the answers to the options. */
export function rotateInput(answers: RotateAnswers): RotateInput {
  return {
    intent: intentOf(answers),
    registry: answers.registry,
    namespaces: answers.namespace,
    namespaceSelector: answers.namespaceSelector,
    secretName: answers.secretName,
    leaveOut: answers.leaveOut,
    clusterId: answers.clusterId,
    ifExpiringWithinMs: answers.ifExpiringWithin,
    expiresInMs: answers.expiresIn,
    graceMs: answers.grace,
    wait: answers.wait,
    acceptOutage: answers.acceptOutage,
    settleMs: answers.settle,
    overlapEntry: !answers.noOverlapEntry,
    namespacesComplete: answers.namespacesComplete,
    // Without --yes a person is shown the plan, or nothing comes of it.
    agreedTo: answers.dryRun || !answers.yes ? "plan" : undefined,
    servicePrincipals: answers.servicePrincipal,
    retireKey: answers.retireKey,
    proof: answers.proof,
    image: answers.image,
    waitBusyMs: answers.waitBusy,
    timeoutMs: answers.timeout,
    concurrency: answers.concurrency,
    dryRun: answers.dryRun,
  };
}

/** What the run is for; the rules let no two of these through. */
export function intentOf({
  finish,
  abort,
  compromised,
}: Pick<RotateAnswers, "finish" | "abort" | "compromised">): RotateIntent {
  if (finish) return "finish";
  if (abort) return "abort";
  return compromised ? "compromised" : "rotate";
}

/** Which services that takes. */
export function rotateRequest(answers: RotateAnswers): RotateRequest {
  return { azure: azureRequest(answers), clusters: clusterRequest(answers) };
}
