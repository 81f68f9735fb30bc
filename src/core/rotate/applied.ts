import { ActionableError } from "../../domain/errors.ts";
import { formatMarks } from "../../domain/ownership.ts";
import { entryFor } from "../../domain/pull-secret.ts";
import type { PullCredential } from "../../domain/docker-config.ts";
import type { HeldKeys, Holder } from "../cluster/holders.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { ClusterView } from "../cluster/view.ts";
import { targetName } from "../turn/pull-secret.ts";

/** What the cluster holds of its manifest. A cluster that acr-pull writes directly holds everything at once. */
export interface Applied {
  /** Documents that the cluster does not hold in their present form. */
  readonly missing: readonly Target[];
  /**
   * When the last of the other documents was written there, in milliseconds since 1970; undefined if that is not
   * known.
   */
  readonly at: number | undefined;
}

/** Checks whether the cluster holds what the documents say: the same marks, and the very same passwords. */
export async function lookAtApplied(
  { seen, loginServer, holders, unapplied }: HeldKeys,
  signal: AbortSignal,
): Promise<Applied> {
  const { manifest } = seen.cluster;
  if (!manifest?.applied) return { missing: [], at: undefined };
  const missing = [...unapplied];
  const times: number[] = [];
  for (const holder of holders) {
    const { target, mark } = holder;
    const live = await manifest.applied.findSecret(target.namespace, target.name, signal);
    const entry = live && entryFor(live, loginServer);
    const isSame =
      entry?.mark !== undefined &&
      formatMarks({ [loginServer]: entry.mark }) === formatMarks({ [loginServer]: withoutPending(mark) }) &&
      isSameCredential(entry.credential, holder.credential) &&
      isSameCredential(entry.second, holder.second);
    if (!isSame) missing.push(target);
    else if (live?.writtenAt !== undefined) times.push(live.writtenAt);
  }
  return { missing, at: times.length > 0 ? Math.max(...times) : undefined };
}

function withoutPending({ pending: _pending, ...mark }: Holder["mark"]): Holder["mark"] {
  return mark;
}

function isSameCredential(one: PullCredential | undefined, other: PullCredential | undefined): boolean {
  if (!one || !other) return one === other;
  return one.username === other.username && one.password.equals(other.password);
}

/** Says that a manifest has to be applied before anything else can be done. */
export function notApplied(
  missing: readonly Target[],
  { cluster }: Pick<ClusterView, "cluster">,
): ActionableError {
  const { manifest } = cluster;
  const name = manifest?.name ?? "the manifest";
  return new ActionableError(
    `The cluster does not yet hold what the manifest says: ${missing.map(targetName).join(", ")}.`,
    {
      code: "rotate.not-applied",
      hint: `Commit ${name} and let it sync, then run the same command again.`,
      retryable: true,
    },
  );
}
