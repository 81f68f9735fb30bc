import { ActionableError } from "../../domain/errors.ts";
import { applicationUniqueName } from "../../domain/ownership.ts";
import type { Registry } from "../../domain/registry.ts";
import { isOurAssignment } from "../../domain/role-assignment.ts";
import type { RequestedRole } from "../../domain/role.ts";
import { limitIn, modeBehind, pullsToday, wantedRights } from "../../domain/role-standing.ts";
import type { Cluster, Directory, Roles } from "../ports.ts";

/** What the service principal of one cluster may already do with a registry. */
export interface StandingChoice {
  readonly context: string;
  readonly role: RequestedRole;
  /** The repositories that the role is limited to. Undefined if acr-pull cannot read the condition that limits it. */
  readonly repositories: readonly string[] | undefined;
}

/** Whose rights to look up. */
export interface StandingWish {
  readonly registry: Registry;
  /** The principal that the user named. Undefined for each cluster's own. */
  readonly servicePrincipal: string | undefined;
  /** The cluster's id, if it may not be read from the cluster. */
  readonly clusterId: string | undefined;
}

/**
 * The current rights for each cluster, in the order of the clusters. Undefined if there are none, or if they cannot
 * be read. Whatever depends on them is looked up again before the plan.
 */
export async function findStandingRights(
  wish: StandingWish,
  clusters: ReadonlyArray<Pick<Cluster, "context" | "kubeSystemUid">>,
  ports: {
    readonly directory: Pick<
      Directory,
      "findApplicationByUniqueName" | "findApplications" | "findServicePrincipal"
    >;
    readonly roles: Pick<Roles, "listAssignments">;
  },
  signal: AbortSignal,
): Promise<ReadonlyArray<StandingChoice | undefined>> {
  return await Promise.all(
    clusters.map(async (cluster) => {
      try {
        return await standingOf(wish, cluster, ports, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof ActionableError)) throw error;
        return undefined;
      }
    }),
  );
}

async function standingOf(
  { registry, servicePrincipal, clusterId }: StandingWish,
  cluster: Pick<Cluster, "context" | "kubeSystemUid">,
  { directory, roles }: Parameters<typeof findStandingRights>[2],
  signal: AbortSignal,
): Promise<StandingChoice | undefined> {
  const ofCluster = async () => {
    const id = (await cluster.kubeSystemUid(signal)) ?? clusterId;
    if (id === undefined) return undefined;
    return directory.findApplicationByUniqueName(applicationUniqueName(registry.loginServer, id), signal);
  };
  const application =
    servicePrincipal === undefined
      ? await ofCluster()
      : (await directory.findApplications(servicePrincipal, signal))[0];
  const principal = application && (await directory.findServicePrincipal(application.appId, signal));
  if (!principal) return undefined;
  const listed = await roles.listAssignments(registry.id, principal.objectId, signal);
  const here = listed.filter(({ scope }) => scope.toLowerCase() === registry.id.toLowerCase());
  const ours = here.filter((one) => isOurAssignment(registry.id, one));
  const others = here.filter((one) => !ours.includes(one));
  const mode = registry.roleAssignmentMode ?? modeBehind(ours);
  const rights = wantedRights({ ours, others }, { role: undefined, repositories: undefined }, mode);
  if (rights.kind !== "wanted" || (ours.length === 0 && !pullsToday({ ours, others }, mode)))
    return undefined;
  const limits = rights.assignments.flatMap(({ role, condition }) =>
    condition === undefined ? [] : [limitIn(role, condition)],
  );
  const isReadable = limits.every((limit) => limit !== undefined);
  return {
    context: cluster.context,
    role: rights.requested,
    repositories: isReadable ? [...new Set(limits.flat())].sort() : undefined,
  };
}
