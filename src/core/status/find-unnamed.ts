import pMap from "p-map";
import type { Application } from "../../domain/identity.ts";
import { applicationTag, applicationUniqueName } from "../../domain/ownership.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import type { ClusterView } from "../cluster/view.ts";
import type { Directory } from "../ports.ts";
import { isTold, loginServersOf, orphansOf } from "./find-orphans.ts";

/** Whether there is anything to look for beside the applications that secrets name. */
export function seeksUnnamed(seen: readonly ClusterView[], registry: RegistryReference | undefined): boolean {
  return registry ? loginServersOf(seen, registry).length > 0 : seen.some(isTold);
}

/**
 * Applications in which a key may be left that no secret names any more. Of a registry that was asked for they are those
 * that setup makes for it and the clusters; of all registries those that bear our tag and a key that was made for one of
 * the clusters, and that no mark in it knows of.
 * @throws ActionableError when applications may not be read
 */
export async function findUnnamed(
  seen: readonly ClusterView[],
  registry: RegistryReference | undefined,
  { directory, concurrency }: { readonly directory: Directory; readonly concurrency: number },
  signal: AbortSignal,
): Promise<readonly Application[]> {
  if (!seeksUnnamed(seen, registry)) return [];
  if (!registry) {
    const tagged = await directory.listApplicationsTagged(applicationTag, signal);
    const told = seen.filter(isTold);
    return tagged.filter((application) => told.some((cluster) => orphansOf(application, cluster).length > 0));
  }
  const names = loginServersOf(seen, registry).flatMap((loginServer) =>
    seen.map(({ clusterId }) => applicationUniqueName(loginServer, clusterId)),
  );
  const found = await pMap(names, (name) => directory.findApplicationByUniqueName(name, signal), {
    concurrency,
  });
  return found.filter((application) => application !== undefined);
}
