import type { SetupInput } from "../../core/setup/contract.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import { type SetupRequest, azureRequest, clusterRequest } from "../connections.ts";
import { everyRepository, type SetupAnswers } from "./options.ts";

/** Answers of which nothing is missing any more. */
export type WholeAnswers = SetupAnswers & { readonly registry: RegistryReference };

/** What the flow is asked for, from the answers to the options. */
export function setupInput(answers: WholeAnswers, knownPassword: SecretText | undefined): SetupInput {
  return {
    registry: answers.registry,
    subscription: answers.subscription,
    resourceGroup: answers.resourceGroup,
    role: answers.role,
    repositories: saidRepositories(answers),
    // A plan grants nothing, so that nothing needs to be agreed to for it.
    allowPrivilegedRole: answers.allowPrivilegedRole === "owner" || answers.dryRun,
    applicationName: answers.name,
    servicePrincipal: answers.servicePrincipal,
    switchPrincipal: answers.switchPrincipal,
    knownPassword,
    noAzure: answers.noAzure,
    owners: answers.owner,
    serviceManagementReference: answers.serviceManagementReference,
    expiresInMs: answers.expiresIn,
    createNamespace: answers.createNamespace,
    serviceAccounts: answers.serviceAccount,
    adopt: answers.adopt,
    credentialsFile: answers.credentialsFile,
    namespaces: answers.namespace,
    namespaceSelector: answers.namespaceSelector,
    clusterId: answers.clusterId,
    secretName: answers.secretName,
    leaveOut: answers.leaveOut,
    proof: answers.proof,
    image: answers.image,
    waitBusyMs: answers.waitBusy,
    timeoutMs: answers.timeout,
    concurrency: answers.concurrency,
    dryRun: answers.dryRun,
  };
}

/** Where none is said, what stands is kept. */
function saidRepositories({ repository }: SetupAnswers): readonly string[] | undefined {
  if (repository.length === 0) return undefined;
  return repository.filter((one) => one !== everyRepository);
}

/** Which services that takes. */
export function setupRequest(answers: WholeAnswers): SetupRequest {
  const { registry, noAzure, cloud } = answers;
  return {
    azure: noAzure
      ? { kind: "registry-only", cloud, loginServer: registryName(registry) }
      : { kind: "signed-in", ...azureRequest(answers) },
    clusters: clusterRequest(answers),
  };
}

/** The registry as the user named it, for a question about it. */
function registryName(reference: RegistryReference): string {
  return reference.kind === "login-server" ? reference.loginServer : reference.name;
}
