import pMap from "p-map";
import { hasCode, refused, type ActionableError } from "../../domain/errors.ts";
import type { RequestedRole } from "../../domain/role.ts";
import { manyTargets, type Target } from "../cluster/read-targets.ts";
import { inspectLink } from "../cluster/service-account.ts";
import { BusyError } from "../turn/busy.ts";
import { targetName, type TargetState } from "../turn/pull-secret.ts";
import { checkApplied } from "../turn/check-applied.ts";
import { rehearseWrite } from "../turn/rehearse.ts";
import { changeFor } from "../turn/write-entry.ts";
import type { CredentialDecision, LivingCredential } from "./decide-credential.ts";
import {
  desiredEntry,
  type JobLook,
  type JobTarget,
  type JudgedTarget,
  type TargetCredential,
} from "./job.ts";
import { atOnce } from "../at-once.ts";

/**
 * Which credential each target is to hold, and whether it and its service accounts may be written. A target that may
 * not be written is added to the exclusions and left out.
 */
export async function lookAtTargets(
  look: JobLook,
  decision: CredentialDecision,
  who: Who,
  signal: AbortSignal,
): Promise<JobTarget[]> {
  const wishes = look.states.map((one) => wishFor(look, one, decision, who));
  const mayWriteAll = await mayWriteEverywhere(look, wishes, signal);
  const rehearse = async ({ target, state, changes }: Wish): Promise<void> => {
    if (!changes || mayWriteAll) return;
    // Many targets were read through lists. But a write also reads by name: for the mark, and after somebody else has
    // written.
    const read =
      look.cluster.targets.length >= manyTargets &&
      target.cluster.findSecret(target.namespace, target.name, signal);
    await Promise.all([rehearseWrite(target, state, signal), read]);
  };
  const looked = await pMap(
    wishes,
    (wish) => lookAtTarget(look, wish, { rehearse, decision }, signal),
    atOnce,
  );
  return looked.filter((one) => one !== undefined);
}

type Wish = Omit<JobTarget, "links">;

/** Whose credential it is, and what it may do, as far as that is known. */
interface Who {
  readonly clusterId: string;
  readonly appId: string | undefined;
  readonly role: RequestedRole | undefined;
}

function wishFor(
  { registry, proof }: JobLook,
  { target, state }: JudgedTarget,
  decision: CredentialDecision,
  { appId, ...who }: Who,
): Wish {
  const credential = decision.kind === "living" ? ownOr(decision, state) : undefined;
  const desired =
    credential && appId !== undefined
      ? desiredEntry({ ...who, appId, registry, loginServer: proof.loginServer }, credential, state)
      : undefined;
  const changes = isSealedWith(state, decision)
    ? false
    : state.kind === "absent" || !desired || changeFor(state, desired) !== undefined;
  return { target, state, credential, changes };
}

/** A sealed document stays as it is while its mark names the key in use. */
function isSealedWith(state: TargetState, decision: CredentialDecision): boolean {
  if (state.kind === "absent" || !state.sealed || decision.kind === "make") return false;
  return typeof decision.keyId === "string" && state.mark?.keyId === decision.keyId;
}

/**
 * Whether the caller may write secrets, and read them back, in the whole cluster. Asked only if many are to be
 * written, which then are not rehearsed one by one. A refusal by a quota or a policy shows when the secret is
 * written, just like a change that somebody makes meanwhile. A dry run would never see it, so it always rehearses.
 */
async function mayWriteEverywhere(
  { input, cluster: { cluster } }: JobLook,
  wishes: readonly Wish[],
  signal: AbortSignal,
): Promise<boolean> {
  if (input.dryRun) return false;
  const toWrite = wishes.filter(({ changes }) => changes);
  if (toWrite.length < manyTargets) return false;
  const makesNamespaces = toWrite.some(({ state }) => state.kind === "absent" && state.createNamespace);
  const may = await Promise.all([
    cluster.mayEverywhere("get", "secrets", signal),
    cluster.mayEverywhere("create", "secrets", signal),
    cluster.mayEverywhere("patch", "secrets", signal),
    !makesNamespaces || cluster.mayEverywhere("create", "namespaces", signal),
  ]);
  return may.every(Boolean);
}

async function lookAtTarget(
  { input, exclusions, policy }: JobLook,
  wish: Wish,
  {
    rehearse,
    decision,
  }: {
    readonly rehearse: (wish: Wish) => Promise<void>;
    readonly decision: CredentialDecision;
  },
  signal: AbortSignal,
): Promise<JobTarget | undefined> {
  const { target, state } = wish;
  try {
    if (wish.changes && decision.kind === "sealed") throw sealedAlone(target);
    if (wish.changes) await checkApplied(target, state, policy, signal);
    await rehearse(wish);
    const links = [];
    const namespaceIsMade = state.kind === "absent" && state.createNamespace;
    for (const account of input.serviceAccounts) {
      const { cluster, namespace, name: secretName } = target;
      const link = { cluster, namespace, account, secretName };
      links.push({ link, finding: await inspectLink(link, namespaceIsMade, signal) });
    }
    return { ...wish, links };
  } catch (error) {
    // It was created after the look, most often by another run that also sets it up.
    if (state.kind === "absent" && hasCode(error, "kubernetes.already-exists", "kubernetes.conflict"))
      throw new BusyError(targetName(target));
    exclusions.exclude(target, error, signal);
    return undefined;
  }
}

/** Only sealed documents, which nobody can read, hold the password that a target needs. */
function sealedAlone(target: Target): ActionableError {
  return refused(
    "manifest.sealed",
    `${targetName(target)} needs the password in use, which is only in sealed documents: the cluster does not hold it yet.`,
    "Commit and sync the manifest, then run the same command again: acr-pull reads the password from the cluster.",
  );
}

/** A target keeps its own credential while that lives. Only the others get the chosen one. */
function ownOr(decision: LivingCredential, state: TargetState): TargetCredential {
  const own = state.kind === "present" ? state.credential : undefined;
  if (!own || decision.from === "user") return decision;
  return decision.alive.find(({ credential }) => credential.password.equals(own.password)) ?? decision;
}
