import { ActionableError, refused } from "../../domain/errors.ts";
import type { Registry, RegistryReference } from "../../domain/registry.ts";
import { namedAs } from "../cluster/registry-meant.ts";
import type { SetupInput, SetupPorts } from "./contract.ts";

/** The registry, and the login server that the secret's entry is named by. */
export interface FoundRegistry {
  /** Undefined when Azure is not called. */
  readonly registry: Registry | undefined;
  readonly loginServer: string;
  /** Why a subscription could not be looked in, for each of those. */
  readonly unseen: readonly ActionableError[];
}

/**
 * Finds the one registry that is meant.
 * @throws ActionableError `registry.not-found`, `registry.ambiguous`, exit 2
 */
export async function findRegistry(
  input: SetupInput,
  ports: SetupPorts,
  signal: AbortSignal,
): Promise<FoundRegistry> {
  const { registry: reference, subscription, resourceGroup } = input;
  if (!ports.azure) {
    if (reference.kind !== "login-server") {
      throw refused(
        "registry.login-server-needed",
        "Without Azure, only the login server identifies a registry.",
        "Give it in full, such as --registry myregistry.azurecr.io.",
      );
    }
    return { registry: undefined, loginServer: reference.loginServer, unseen: [] };
  }
  const { registries, unseen } = await ports.azure.registries.findRegistries(
    reference,
    { subscription, resourceGroup },
    signal,
  );
  const [first, second] = registries;
  if (!first) throw unseen[0] ? notSeen(reference, unseen) : notFound(reference, input);
  if (second) throw ambiguous(reference, registries);
  return { registry: first, loginServer: first.loginServer, unseen };
}

function notFound(reference: RegistryReference, { subscription, resourceGroup }: SetupInput) {
  const where = [
    ...(resourceGroup === undefined ? [] : [`resource group ${resourceGroup}`]),
    subscription === undefined ? "any subscription you can see" : `subscription ${subscription}`,
  ].join(" of ");
  return refused(
    "registry.not-found",
    `There is no registry ${namedAs(reference)} in ${where}.`,
    "Check its name, and that you may read it (Reader on the registry is enough); az acr list shows what you can see.",
    "https://learn.microsoft.com/azure/container-registry/container-registry-get-started-azure-cli",
  );
}

/** It may be where nobody could look. */
function notSeen(reference: RegistryReference, unseen: readonly ActionableError[]): ActionableError {
  const reasons = unseen.map(({ message }) => `  ${message}`).join("\n");
  return new ActionableError(
    `Registry ${namedAs(reference)} was not found, and ${unseen.length === 1 ? "one subscription" : `${unseen.length} subscriptions`} could not be searched:\n${reasons}`,
    {
      code: "registry.not-seen",
      hint: "Name the subscription that holds it with --subscription, or the registry by its resource id: then acr-pull searches no other.",
      retryable: unseen.some(({ retryable }) => retryable),
      requestId: unseen[0]?.requestId,
    },
  );
}

function ambiguous(reference: RegistryReference, found: readonly Registry[]) {
  const candidates = found.map(({ loginServer, id }) => `${loginServer}  ${id}`).join("\n  ");
  return refused(
    "registry.ambiguous",
    `${found.length} registries are called ${namedAs(reference)}:\n  ${candidates}`,
    "Name one by its login server or resource id, or narrow the search with --subscription or --resource-group.",
  );
}
