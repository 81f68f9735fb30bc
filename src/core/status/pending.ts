import type { EntryMark } from "../../domain/ownership.ts";
import { timeText } from "../../domain/time-text.ts";
import { isMeant } from "../cluster/registry-meant.ts";
import { isChosen, type ClusterView } from "../cluster/view.ts";
import type { ProcessIdentity } from "../ports.ts";
import { isLive } from "../turn/live-mark.ts";
import type { PendingWork, StatusInput } from "./contract.ts";

/** A daily job runs at least once within this time. */
const overdueMs = 86_400_000;

/** One entry that waits for a later run, and the secret that says so. */
interface Waiting {
  /** `namespace/name` */
  readonly secret: string;
  readonly isChosen: boolean;
  readonly loginServer: string;
  readonly mark: EntryMark;
}

/**
 * Work in a cluster that later runs have to finish: retirements by key, and runs by operation. Leaves out work that
 * concerns none of the secrets that were asked for.
 * @param now the time that decides whether a key is due; whether a run is live goes by the cluster's clock
 */
export function findPending(
  cluster: ClusterView,
  { registry, secretName }: Pick<StatusInput, "registry" | "secretName">,
  now: Date,
  process: ProcessIdentity,
): PendingWork[] {
  const waiting = cluster.secrets.flatMap((secret) =>
    Object.entries(secret.marks)
      .filter(([loginServer, mark]) => isMeant(registry, loginServer, mark.registry))
      .map(([loginServer, mark]): Waiting => ({
        secret: `${secret.namespace}/${secret.name}`,
        isChosen: isChosen(secret, cluster, secretName),
        loginServer,
        mark,
      })),
  );
  const common = (group: readonly Waiting[]) => ({
    context: cluster.cluster.context,
    clusterId: cluster.clusterId,
    loginServer: group[0]?.loginServer ?? "",
    secrets: group.map(({ secret }) => secret),
  });
  return [
    ...grouped(
      waiting,
      ({ loginServer, mark: { appId, retire } }) => retire && `${loginServer} ${appId} ${retire.keyId}`,
    ).map((group) => ({ ...common(group), ...retirement(group, now) })),
    ...grouped(
      waiting,
      ({ loginServer, mark: { pending } }) => pending && `${loginServer} ${pending.operation}`,
    ).map((group) => ({ ...common(group), ...run(group, cluster.cluster.serverTime(), process) })),
  ];
}

function grouped(waiting: readonly Waiting[], nameOf: (one: Waiting) => string | undefined): Waiting[][] {
  const groups = new Map<string, Waiting[]>();
  for (const one of waiting) {
    const name = nameOf(one);
    if (name === undefined) continue;
    const known = groups.get(name);
    if (known) known.push(one);
    else groups.set(name, [one]);
  }
  return [...groups.values()].filter((group) => group.some((one) => one.isChosen));
}

/** A key may be removed only when the last of its secrets allows it. */
function retirement(group: readonly Waiting[], now: Date) {
  const [first] = group;
  const after = Math.max(...group.map(({ mark }) => Date.parse(mark.retire?.after ?? "")));
  const dueForMs = now.getTime() - after;
  return {
    kind: "retirement" as const,
    appId: first?.mark.appId ?? null,
    keyId: first?.mark.retire?.keyId ?? null,
    retireAfter: timeText(new Date(after)),
    due: dueForMs >= 0,
    overdue: dueForMs > overdueMs,
  };
}

function isFirst({ mark }: Waiting): boolean {
  return mark.appId === undefined;
}

function run(group: readonly Waiting[], now: Date, process: ProcessIdentity) {
  const marks = group.flatMap(({ mark }) => mark.pending ?? []);
  const renewed = Math.max(...marks.map(({ renewedAt }) => Date.parse(renewedAt)));
  const removes = marks.some((pending) => pending.removes);
  const live = marks.some((pending) => isLive(pending, now, process));
  return {
    kind: "run" as const,
    operation: marks[0]?.operation ?? "",
    renewedAt: timeText(new Date(renewed)),
    live,
    removes,
    // Without a first key, or once links are gone, nothing can be pulled until a later run continues.
    overdue: !live && (removes || group.some(isFirst) || now.getTime() - renewed > overdueMs),
  };
}
