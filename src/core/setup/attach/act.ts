import { ActionableError, hasCode } from "../../../domain/errors.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import type { Registry } from "../../../domain/registry.ts";
import { sameCondition } from "../../../domain/role.ts";
import { ensureRoles, type StandingRole } from "../../identity/grant-role.ts";
import { waitReporting } from "../../patience.ts";
import type { Clock } from "../../ports.ts";
import type { Report } from "../../progress.ts";
import type { NodesJob } from "./decide.ts";
import { otherTenant, type AttachAzure } from "./look.ts";

/** What was done to the rights of some nodes. */
export interface NodesRecord {
  readonly job: NodesJob;
  /** What they hold now. */
  readonly standing: readonly StandingRole[];
  /** Ids of the role assignments that were removed. */
  readonly removed: readonly string[];
  /** Whether the roles were read back after they were granted. */
  readonly readBack: boolean;
}

/** What carrying it out needs. */
export interface AttachTools {
  readonly registry: Registry;
  readonly azure: AttachAzure;
  readonly clock: Clock;
  readonly report: Report;
  readonly timeoutMs: number;
  /** Called after each change, because the next one may fail. */
  readonly onDone: (record: NodesRecord) => void;
}

/**
 * Nodes have their identity long before somebody attaches their cluster. If Azure does not know it by then, it never
 * will.
 */
const mostPatienceMs = 60_000;

/**
 * Grants the nodes their role, reads it back, and only then takes away what they no longer need.
 * @throws ActionableError `aks.other-tenant`, `roles.not-listed`, and as Roles does
 */
export async function attachNodes(job: NodesJob, tools: AttachTools, signal: AbortSignal): Promise<void> {
  const { registry, azure, clock, report } = tools;
  const { roles: finding, identity, cluster } = job;
  const who = `the nodes of ${inOneLine(cluster.name)}`;
  const standing: StandingRole[] = [];
  const removed: string[] = [];
  let readBack = false;
  const note = () => tools.onDone({ job, standing: [...standing], removed: [...removed], readBack });
  const id = `role ${identity.objectId}`;
  if (changes(finding)) report({ kind: "started", id, text: `Granting ${who} their role` });
  await ensureRoles(
    finding,
    { registry, principalId: identity.objectId },
    {
      roles: azure.roles,
      clock,
      report,
      timeoutMs: Math.min(tools.timeoutMs, mostPatienceMs),
      onStanding(role) {
        standing.push(role);
        note();
      },
    },
    signal,
  ).catch((error: unknown) => {
    throw hasCode(error, "roles.principal-unknown") ? otherTenant(cluster, registry) : error;
  });
  await readRolesBack(job, standing, tools, signal);
  readBack = true;
  note();
  for (const { desired, action } of standing) {
    if (action === "unchanged" || action === "reused") continue;
    const text = `Granted ${who} ${desired.role.name} on ${registry.name} only, and read it back`;
    report({ kind: "done", id, text });
  }
  for (const one of finding.obsolete) {
    await azure.roles.removeAssignment(one.id, signal);
    removed.push(one.id);
    note();
    report({
      kind: "done",
      id: one.id,
      text: `Removed a role assignment that ${who} no longer need (${one.name})`,
    });
  }
}

function changes({ wanted }: NodesJob["roles"]): boolean {
  return wanted.some(({ action }) => action === "created" || action === "updated");
}

/** Waits until the list shows everything that was granted. Parts of Resource Manager learn of it late. */
async function readRolesBack(
  { identity, roles: finding }: NodesJob,
  standing: readonly StandingRole[],
  { registry, azure, clock, report, timeoutMs }: AttachTools,
  signal: AbortSignal,
): Promise<void> {
  if (!changes(finding)) return;
  const look = async () => {
    const listed = await azure.roles.listAssignments(registry.id, identity.objectId, signal);
    const isThere = standing.every(({ id, desired }) =>
      listed.some(
        (one) => one.id.toLowerCase() === id.toLowerCase() && sameCondition(one.condition, desired.condition),
      ),
    );
    return isThere || undefined;
  };
  const expected = { id: "role", what: "Azure Resource Manager to list the new role assignment" };
  if (await waitReporting(look, expected, { clock, report, timeoutMs }, signal)) return;
  throw new ActionableError(
    `Azure Resource Manager accepted the role assignment on ${registry.name}, but did not list it in time.`,
    {
      code: "roles.not-listed",
      hint: "Run the same command again later to continue.",
      retryable: true,
    },
  );
}
