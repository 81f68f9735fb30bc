import { asking } from "../../domain/closest-name.ts";
import { dockerConfigType } from "../../domain/docker-config.ts";
import { hasCode, refused, type ActionableError } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { registryReference } from "../../domain/names.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import { isMeant, nameInId, nearRegistry, registryName } from "../cluster/registry-meant.ts";
import type { ClusterView } from "../cluster/view.ts";
import { listingCommands, type Suggest } from "../suggest.ts";
import type { RemoveInput, RemovePorts } from "./contract.ts";

/** The registry whose entries are removed. */
export interface MeantRegistry {
  readonly loginServer: string;
  /** Its name for people; its login server if there is no other name. */
  readonly name: string;
  /** Resource ids; empty if it was set up without Azure, or is deleted and recorded nowhere. */
  readonly ids: readonly string[];
}

/**
 * Finds the login server of the registry that the user means. The clusters' marks say it, even if the registry is
 * deleted. If no secret has an entry for it, Azure says it. Anybody who may write in one namespace can put a mark
 * there that combines the login server of one registry with the resource id of another, whose roles would be removed.
 * So acr-pull does not believe what Azure contradicts.
 * @throws ActionableError `registry.ambiguous`, `remove.nothing-found`, exit 2
 */
export async function findLoginServer(
  seen: readonly ClusterView[],
  input: RemoveInput,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<MeantRegistry> {
  const recorded = [...recordedIn(seen, input.registry)];
  const believed = await Promise.all(
    recorded.map(async ([loginServer, registries]) => ({
      loginServer,
      ids: await trueIds(loginServer, registries, ports, signal),
    })),
  );
  const [only, ...more] = believed.filter(({ ids }) => ids !== undefined);
  if (!only) return lookUp(seen, input, ports, signal);
  if (more.length > 0) throw ambiguous([only, ...more].map(({ loginServer }) => loginServer));
  const { loginServer, ids = [] } = only;
  return { loginServer, name: nameInId(ids[0]) ?? loginServer, ids };
}

/**
 * Which of the recorded ids belong to the registry with this login server. If Azure confirms some, only those.
 * Otherwise, those of which Azure shows nothing, because the registry may be deleted or moved. Undefined if every id
 * belongs to another registry.
 */
async function trueIds(
  loginServer: string,
  registries: readonly string[],
  { azure }: Pick<RemovePorts, "azure">,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const ids = registries.filter((registry) => registry.startsWith("/"));
  const shown = await Promise.all(ids.map((id) => loginServerOf(id, azure.registries, signal)));
  const certain = ids.filter((_, index) => shown[index] === loginServer);
  if (certain.length > 0) return certain;
  const possible = ids.filter((_, index) => shown[index] === undefined);
  return possible.length > 0 || ids.length < registries.length ? possible : undefined;
}

/** As Azure shows it; undefined if Azure shows the caller no such registry, `none` if the id is not a registry's. */
export async function loginServerOf(
  id: string,
  registries: RemovePorts["azure"]["registries"],
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const found = await registries.findRegistries(registryReference(id), {}, signal);
    return found.registries[0]?.loginServer;
  } catch (error) {
    if (error instanceof RangeError) return "none";
    if (hasCode(error, "azure.forbidden", "azure.no-subscription", "azure.wrong-tenant")) return undefined;
    throw error;
  }
}

/** The registries of the clusters' own entries, as recorded, by login server. */
export function recordedIn(
  seen: readonly ClusterView[],
  reference: RegistryReference | undefined,
): ReadonlyMap<string, readonly string[]> {
  const recorded = new Map<string, string[]>();
  for (const { clusterId, secrets } of seen) {
    for (const secret of secrets) {
      if (secret.type !== dockerConfigType) continue;
      for (const [loginServer, mark] of Object.entries(secret.marks)) {
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
  seen: readonly ClusterView[],
  { registry: reference, subscription, suggest }: RemoveInput,
  { azure }: RemovePorts,
  signal: AbortSignal,
): Promise<MeantRegistry> {
  const { registries, unseen } = await azure.registries.findRegistries(reference, { subscription }, signal);
  const [first, second] = registries;
  if (second) throw ambiguous(registries.map(({ loginServer }) => loginServer));
  // The registry may be where nobody could look, together with the roles to remove.
  if (!first && unseen[0]) throw unseen[0];
  if (first) return { loginServer: first.loginServer, name: first.name, ids: [first.id] };
  if (reference.kind !== "login-server") throw nothingFound(reference, seen, suggest);
  return { loginServer: reference.loginServer, name: reference.loginServer, ids: [] };
}

function ambiguous(loginServers: readonly string[]): ActionableError {
  return refused(
    "registry.ambiguous",
    `${loginServers.length} registries have that name: ${loginServers.map(inOneLine).join(", ")}.`,
    "Name one by its login server: --registry LOGIN_SERVER.",
  );
}

/**
 * An application of ours is named after the login server. Without it, acr-pull cannot find what may be left in Azure.
 */
function nothingFound(
  reference: Exclude<RegistryReference, { kind: "login-server" }>,
  seen: readonly ClusterView[],
  suggest: Suggest,
): ActionableError {
  const contexts = seen.flatMap((one) => one.contexts);
  const known = [...recordedIn(seen, undefined)].map(([loginServer, [id = ""]]) => ({
    name: registryName(id, loginServer),
    loginServer,
  }));
  const sentence = `No visible secret has an entry for a registry ${reference.name}, and Azure shows none with that name.`;
  return refused(
    "remove.nothing-found",
    asking(sentence, nearRegistry(reference, known)),
    `Check --registry, --context and -n. For a deleted registry, give its login server, such as myregistry.azurecr.io. To list what acr-pull manages, run: ${listingCommands(contexts, suggest)}`,
  );
}
