import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { asking } from "../../domain/closest-name.ts";
import type { Registry, RegistryLookup, RegistryReference } from "../../domain/registry.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import { namedAs, nearRegistry } from "../cluster/registry-meant.ts";
import type { SetupInput, SetupPorts } from "./contract.ts";

/** The registry, and the login server that names the secret's entry. */
export interface FoundRegistry {
  /** Undefined if Azure is not called. */
  readonly registry: Registry | undefined;
  readonly loginServer: string;
  /** Why subscriptions could not be searched, one error for each. */
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
  const { registry: reference, subscription } = input;
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
  const found = await ports.azure.registries.findRegistries(reference, { subscription }, signal);
  const registry = onlyRegistry(found, input);
  return { registry, loginServer: registry.loginServer, unseen: found.unseen };
}

/** The registry that the user asked for, and where to search for it. */
type RegistryWish = Pick<SetupInput, "registry" | "subscription">;

/**
 * Picks the one registry that is meant from those that were found.
 * @throws ActionableError `registry.not-found`, `registry.not-seen`, `registry.ambiguous`
 */
export function onlyRegistry(found: RegistryLookup, wish: RegistryWish): Registry {
  const { registries, others, unseen, tenantId } = found;
  const { registry: reference } = wish;
  const [first, second] = registries;
  if (second) throw ambiguous(reference, registries);
  if (first) return first;
  const near = nearRegistry(reference, others);
  throw unseen[0] ? notSeen(reference, unseen, near) : notFound(wish, near, tenantId);
}

function notFound(
  { registry: reference, subscription }: RegistryWish,
  near: string | undefined,
  tenantId: string | undefined,
): ActionableError {
  const name = namedAs(reference);
  const place = subscription === undefined ? "any subscription you can see" : `subscription ${subscription}`;
  const namesTenant = tenantId !== undefined && near === undefined;
  const where = namesTenant ? `${place} in tenant ${tenantId}` : place;
  return new ActionableError(asking(`There is no registry ${name} in ${where}.`, near), {
    code: "registry.not-found",
    hint:
      near === undefined
        ? "Check its name, and that you may read it (Reader on the registry is enough). If it is in another tenant, name that with --tenant."
        : `Run again with --registry ${shellQuote(near)}; or check that you may read ${name} (Reader on the registry is enough).`,
    docs: "https://learn.microsoft.com/azure/container-registry/container-registry-get-started-azure-cli",
    exitCode: exitCode.usage,
    meant: near === undefined ? undefined : { [name]: near },
  });
}

/** The registry may be in a subscription that could not be searched. */
function notSeen(
  reference: RegistryReference,
  unseen: readonly ActionableError[],
  near: string | undefined,
): ActionableError {
  const name = namedAs(reference);
  const reasons = unseen.map(({ message }) => `  ${message}`).join("\n");
  return new ActionableError(
    `Registry ${name} was not found, and ${unseen.length === 1 ? "one subscription" : `${unseen.length} subscriptions`} could not be searched:\n${reasons}`,
    {
      code: "registry.not-seen",
      hint: `${near === undefined ? "Name" : `Run again with --registry ${shellQuote(near)}; or name`} the subscription that holds ${name} with --subscription, or the registry by its resource id: then acr-pull searches no other.`,
      retryable: unseen.some(({ retryable }) => retryable),
      requestId: unseen[0]?.requestId,
      meant: near === undefined ? undefined : { [name]: near },
    },
  );
}

function ambiguous(reference: RegistryReference, found: readonly Registry[]) {
  const candidates = found.map(({ loginServer, id }) => `${loginServer}  ${id}`).join("\n  ");
  return refused(
    "registry.ambiguous",
    `${found.length} registries are called ${namedAs(reference)}:\n  ${candidates}`,
    "Name one by its login server or resource id, or narrow the search with --subscription.",
  );
}
