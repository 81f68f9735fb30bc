import { dockerConfigType } from "../../../domain/docker-config.ts";
import { refused, type ActionableError } from "../../../domain/errors.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import { readableMarks } from "../../../domain/ownership.ts";
import type { RegistryReference } from "../../../domain/registry.ts";
import { isMeant } from "../../holders/holders.ts";
import type { SeenCluster } from "../../holders/see-clusters.ts";
import type { RemoveInput, RemovePorts } from "../remove-contract.ts";

/** The registry whose entries go. */
export interface MeantRegistry {
  readonly loginServer: string;
  /** As people call it; its login server where there is no other name. */
  readonly name: string;
  /** Resource ids; none when it was set up without Azure, or is deleted and recorded nowhere. */
  readonly ids: readonly string[];
}

/**
 * Finds the login server of the registry that is meant: by the marks of the clusters, which know it also when the
 * registry is deleted; where no secret has an entry of it, by Azure.
 * @throws ActionableError `registry.ambiguous`, `remove.nothing-found`, exit 2
 */
export async function findLoginServer(
  seen: readonly SeenCluster[],
  input: RemoveInput,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<MeantRegistry> {
  const recorded = recordedIn(seen, input.registry);
  const [loginServer, ...more] = [...recorded.keys()];
  if (loginServer === undefined) return lookUp(input, ports, signal);
  if (more.length > 0) throw ambiguous([loginServer, ...more]);
  const ids = recorded.get(loginServer)?.filter((id) => id.startsWith("/")) ?? [];
  return { loginServer, name: nameOf(ids[0]) ?? loginServer, ids };
}

/** Registries that the clusters' own entries are of: what was recorded as such, by login server. */
export function recordedIn(
  seen: readonly SeenCluster[],
  reference: RegistryReference | undefined,
): ReadonlyMap<string, readonly string[]> {
  const recorded = new Map<string, string[]>();
  for (const { clusterId, secrets } of seen) {
    for (const secret of secrets) {
      if (secret.type !== dockerConfigType) continue;
      for (const [loginServer, mark] of Object.entries(readableMarks(secret))) {
        if (mark.clusterId !== clusterId || !isMeant(reference, loginServer, mark.registry)) continue;
        const known = recorded.get(loginServer) ?? [];
        if (!known.includes(mark.registry)) known.push(mark.registry);
        recorded.set(loginServer, known);
      }
    }
  }
  return recorded;
}

async function lookUp(
  { registry: reference, subscription, resourceGroup }: RemoveInput,
  { azure }: RemovePorts,
  signal: AbortSignal,
): Promise<MeantRegistry> {
  const found = await azure.registries.findRegistries(reference, { subscription, resourceGroup }, signal);
  const [first, second] = found;
  if (second) throw ambiguous(found.map(({ loginServer }) => loginServer));
  if (first) return { loginServer: first.loginServer, name: first.name, ids: [first.id] };
  if (reference.kind !== "login-server") throw nothingFound(reference.name);
  return { loginServer: reference.loginServer, name: reference.loginServer, ids: [] };
}

function nameOf(id: string | undefined): string | undefined {
  return /\/registries\/(?<name>[^/]+)$/i.exec(id ?? "")?.groups?.["name"];
}

function ambiguous(loginServers: readonly string[]): ActionableError {
  return refused(
    "registry.ambiguous",
    `${loginServers.length} registries have that name: ${loginServers.map(inOneLine).join(", ")}.`,
    "Name one by its login server: --registry LOGIN_SERVER.",
  );
}

/** Without a login server nothing leads to what may be left in Azure. */
function nothingFound(name: string): ActionableError {
  return refused(
    "remove.nothing-found",
    `No secret that can be seen has an entry for a registry ${name}, and Azure shows none of that name.`,
    "Check --registry, --context and -n: kubectl get secrets -A -l acr-pull/managed=true lists what acr-pull manages. Of a registry that is deleted give the login server, such as myregistry.azurecr.io.",
  );
}
