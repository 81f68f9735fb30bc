import { keyOrigin, managedLabel, type EntryMark } from "../../../domain/ownership.ts";
import type { SecretObject } from "../../../domain/kubernetes-objects.ts";
import { BusyError } from "../../steps/busy.ts";
import { HeldMark } from "../../steps/pending-mark.ts";
import { targetName, type Target } from "../../steps/pull-secret.ts";
import type { ProcessIdentity } from "../setup-contract.ts";
import { heldEntry } from "./decide-credential.ts";
import { applicationOf, type Job } from "./job.ts";

/**
 * Puts this run's mark on the secret where every run that sees the same secrets puts it: where a stale one stands,
 * else on the first target. It names what has to be removed in the end, so that a later run can do it: keys that
 * earlier runs may have left, and keys that do not sign in any more.
 * @throws ActionableError `busy` when another run is at work, or has written something since the cluster was surveyed
 */
export async function takeMark(
  job: Job,
  wish: {
    readonly operation: string;
    readonly registryId: string;
    readonly loginServer: string;
    readonly process: ProcessIdentity;
  },
  signal: AbortSignal,
): Promise<HeldMark> {
  const { targets, staleMarks, clusterId } = job;
  const { operation, loginServer, process } = wish;
  const target = staleMarks[0]?.target ?? targets[0]?.target;
  if (!target) throw new TypeError("a job has a target");
  const secret = await surveyedSecret(job, target, signal);
  const entry: EntryMark = { registry: wish.registryId, clusterId };
  const sweep = [
    ...staleMarks.flatMap(({ pending }) => [...(pending.sweep ?? []), pending.operation]),
    ...deadOperations(job),
  ];
  const mark = await HeldMark.set({ target, secret, loginServer, entry, process }, operation, sweep, signal);
  const other = await changedMeanwhile(job, target, loginServer, signal);
  if (!other) return mark;
  await mark.withdraw(signal);
  throw new BusyError(targetName({ ...target, ...other }));
}

async function surveyedSecret(
  { targets }: Job,
  target: Target,
  signal: AbortSignal,
): Promise<SecretObject | undefined> {
  const known = targets.find((one) => isSame(one.target, target));
  if (!known) return target.cluster.findSecret(target.namespace, target.name, signal);
  return known.state.kind === "present" ? known.state.secret : undefined;
}

function deadOperations({ decision, identity }: Job): string[] {
  if (decision.kind !== "make") return [];
  const passwords = applicationOf(identity?.application)?.passwords ?? [];
  return passwords
    .filter(({ keyId }) => decision.deadKeyIds.includes(keyId))
    .flatMap((key) => keyOrigin(key)?.operation ?? []);
}

/**
 * Two runs for different namespaces mark different secrets. Each looks again after it has set its mark: whichever
 * was second sees the other's mark, or what the other has written.
 */
async function changedMeanwhile(
  { surveyed }: Job,
  marked: Target,
  loginServer: string,
  signal: AbortSignal,
): Promise<SecretObject | undefined> {
  const before = await surveyed.managedSecrets(signal);
  if (!before) return undefined;
  const known = new Set(before.map((secret) => fingerprint(secret, loginServer)));
  const now = await surveyed.cluster.listSecrets(`${managedLabel}=true`, signal);
  return now?.find((secret) => !isSame(secret, marked) && !known.has(fingerprint(secret, loginServer)));
}

/** Which key a secret holds for a registry, and which operation is pending there. */
function fingerprint(secret: SecretObject, loginServer: string): string {
  const mark = heldEntry(secret, loginServer)?.mark;
  return JSON.stringify([secret.namespace, secret.name, mark?.appId, mark?.keyId, mark?.pending?.operation]);
}

function isSame(one: Pick<Target, "namespace" | "name">, other: Pick<Target, "namespace" | "name">): boolean {
  return one.namespace === other.namespace && one.name === other.name;
}
