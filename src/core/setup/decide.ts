import { refused, type ActionableError } from "../../domain/errors.ts";
import { isThere } from "../../domain/look-again.ts";
import { isKeyOf } from "../../domain/ownership.ts";
import { repositoriesIn } from "../../domain/role.ts";
import { azureNow } from "../clocks.ts";
import { namedBy } from "../cluster/key-holders.ts";
import type { Target } from "../cluster/read-targets.ts";
import { findApplicationListing } from "../identity/find-application.ts";
import type { RolesFinding } from "../identity/pull-role.ts";
import { untilBelievable } from "../patience.ts";
import { proofImage, type ProofContext } from "../proof/prove-pull.ts";
import { isLive } from "../turn/live-mark.ts";
import { targetName } from "../turn/pull-secret.ts";
import { findDeadKeys } from "./dead-keys.ts";
import { decideCredential, type CredentialQuestion } from "./decide-credential.ts";
import {
  applicationOf,
  heldOutsideTargets,
  heldByTargets,
  heldElsewhere,
  writesKey,
  type Job,
  type JobLook,
  type StaleMark,
} from "./job.ts";
import { checkAzureRights, noOutlook, lookAtIdentity } from "./look-at-identity.ts";
import { lookAtTargets } from "./look-at-targets.ts";

/**
 * Looks at what one cluster's targets need: the identity, the role, the credential, and whether all of it may be
 * written. Targets that may not be written are added to the exclusions.
 * @throws ActionableError if the application is not ours, or a right is missing
 */
export async function lookAtJob(look: JobLook, signal: AbortSignal): Promise<Job> {
  const { input, policy, cluster: view } = look;
  const { clusterId, contexts } = view;
  if (clusterId === undefined) throw new TypeError("a cluster with readable targets has an id");
  const held = heldByTargets(look);
  const identity = await lookAtIdentity(look, clusterId, held, signal);
  const proof = proofWithin(identity?.roles, look);
  const application = applicationOf(identity?.application);
  const appId = identity ? application?.appId : input.servicePrincipal;
  await refuseOtherPrincipal(look, clusterId, appId, signal);
  const question: CredentialQuestion = {
    clusterId,
    appId,
    application,
    cannotSignInYet:
      identity !== undefined && !(identity.application.kind === "found" && identity.application.principal),
    loginServer: proof.loginServer,
    targets: held,
    known: input.knownPassword,
    now: azureNow(look.ports.azure?.directory, look.ports.clock),
    listed: async (claimed) => {
      if (!look.ports.azure || appId === undefined) return application?.passwords ?? [];
      const { directory } = look.ports.azure;
      const ports = { directory, clock: look.ports.clock };
      const found = await findApplicationListing({ appId, claimed }, ports, signal);
      return (found ?? application)?.passwords ?? [];
    },
    elsewhere: () => heldElsewhere(look, signal),
    heldOutsideTargets: () => heldOutsideTargets(look, application, signal),
  };
  const decision = await decideCredential(question, proof, signal);
  const deadKeys = await findDeadKeys(question, decision);
  const outlook = identity ? await checkAzureRights(look, identity, decision, signal) : noOutlook;
  const targets = await lookAtTargets(
    look,
    decision,
    { clusterId, appId, role: identity?.roles.requested },
    signal,
  );
  const marks = await findMarks(look, { decision, targets }, signal);
  return {
    clusterId,
    contexts,
    view,
    identity,
    appId,
    decision,
    outlook,
    deadKeys,
    keysUnseen: decision.kind === "make" ? await countUnseenKeys(look, question, signal) : 0,
    targets,
    ...marks,
    policy,
    proof,
  };
}

/**
 * Counts the cluster's living keys that no target names, if secrets may not be listed: hidden secrets may hold them.
 */
async function countUnseenKeys(
  look: JobLook,
  { application, clusterId, now }: CredentialQuestion,
  signal: AbortSignal,
): Promise<number> {
  if (!application || (await heldElsewhere(look, signal)) !== undefined) return 0;
  const named = look.states.flatMap(({ state }) => (state.kind === "present" ? [namedBy(state.secret)] : []));
  return application.passwords.filter(
    (key) =>
      isKeyOf(key, clusterId) &&
      !named.some((isNamed) => isNamed(key)) &&
      (key.endDateTime === undefined || key.endDateTime > now),
  ).length;
}

/**
 * If the role of a credential is limited, its proof pulls from a repository within the limit.
 * @throws ActionableError `proof.image-unknown`, exit 2, if no such repository is known
 */
function proofWithin(roles: RolesFinding | undefined, { input, proof }: JobLook): ProofContext {
  const conditions = roles?.wanted.flatMap(({ desired }) => desired.condition ?? []) ?? [];
  const repositories = conditions.flatMap(repositoriesIn);
  if (conditions.length > 0 && repositories.length === 0 && !input.image && input.proof === "registry") {
    throw refused(
      "proof.image-unknown",
      "The role of the service principal is limited by a condition that acr-pull did not write, so which repository it may pull is not known.",
      "Name an image that it may pull with --image, or use --proof entra.",
    );
  }
  return { ...proof, image: proofImage({ image: input.image, repositories }) };
}

/**
 * The pending marks of this cluster for this registry. First, those of runs that are no longer at work: in the
 * targets and, if a key is made, wherever acr-pull may look. Second, one of a run at work, which may be about to
 * retire the key that would be copied.
 */
async function findMarks(
  look: JobLook,
  job: Pick<Job, "decision" | "targets">,
  signal: AbortSignal,
): Promise<Pick<Job, "staleMarks" | "marksStay" | "liveMark">> {
  const ours = inTargets(look);
  const others = writesKey(job) ? await inOtherSecrets(look, signal) : [];
  const isLiveMark = ({ pending, target }: StaleMark) =>
    isLive(pending, target.cluster.serverTime(), look.ports.process);
  const swept = job.decision.kind === "make" ? [...ours, ...others] : ours;
  const staleMarks = swept.filter((mark) => !isLiveMark(mark));
  return {
    staleMarks,
    marksStay: staleMarks.length > 0 && !(await seesAll(look, signal)),
    liveMark: [...ours, ...others].find(isLiveMark),
  };
}

/** Warnings that the marks of earlier runs stay, and why. */
export function standingMarks({ staleMarks, marksStay }: Pick<Job, "staleMarks" | "marksStay">): string[] {
  const why = marksStay
    ? "you may not list secrets in every namespace, so another one may hold it. The same command, run by somebody who may list them, removes both"
    : "a run is at work on it";
  return staleMarks.map(
    ({ target }) =>
      `The mark of an earlier run on ${targetName(target)} stays, and so does a key that it may name: ${why}`,
  );
}

async function seesAll({ cluster }: JobLook, signal: AbortSignal): Promise<boolean> {
  return (await cluster.managedSecrets(signal)) !== undefined;
}

function inTargets({ states }: JobLook): StaleMark[] {
  return states.flatMap(({ target, state }) => {
    const pending = state.kind === "present" ? state.mark?.pending : undefined;
    return pending ? [{ target, pending }] : [];
  });
}

async function inOtherSecrets(look: JobLook, signal: AbortSignal): Promise<StaleMark[]> {
  const { cluster } = look.cluster;
  const elsewhere = (await heldElsewhere(look, signal)) ?? [];
  return elsewhere.flatMap(({ namespace, name, mark }) =>
    mark.pending ? [{ target: { cluster, namespace, name }, pending: mark.pending }] : [],
  );
}

/**
 * An entry of another cluster is not ours, and is replaced only with `--adopt`. One of another application is replaced
 * only if that application no longer exists.
 * @param appId the application to use; undefined if it is yet to be made
 * @throws ActionableError `secret.not-ours`, `secret.other-principal`
 */
async function refuseOtherPrincipal(
  { input, ports, states, exclusions }: JobLook,
  clusterId: string,
  appId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const gone = new Map<string, boolean>();
  for (const { target, state } of states) {
    const mark = state.kind === "present" ? state.mark : undefined;
    if (mark?.appId === undefined) continue;
    if (mark.clusterId !== clusterId) {
      if (!input.adopt) exclusions.exclude(target, ofOtherCluster(target, mark.clusterId, clusterId), signal);
    } else if (mark.appId !== appId) {
      if (!gone.has(mark.appId)) {
        gone.set(mark.appId, await isGone(mark.appId, ports, signal));
      }
      if (!gone.get(mark.appId))
        exclusions.exclude(target, otherPrincipal(target, mark.appId, appId), signal);
    }
  }
  exclusions.refuse();
}

async function isGone(
  appId: string,
  { azure, clock }: JobLook["ports"],
  signal: AbortSignal,
): Promise<boolean> {
  if (!azure) return false;
  const look = () => azure.directory.findApplicationByAppId(appId, signal);
  return !isThere(await untilBelievable(look, isThere, clock, signal));
}

function ofOtherCluster(target: Target, before: string, clusterId: string): ActionableError {
  return refused(
    "secret.not-ours",
    `The entry in secret ${targetName(target)} was made for the cluster ${before}, but this one is ${clusterId}.`,
    "Run again with --adopt to replace that entry, or choose another name with --secret-name.",
  );
}

function otherPrincipal(target: Target, before: string, appId: string | undefined): ActionableError {
  return refused(
    "secret.other-principal",
    `The entry in secret ${targetName(target)} names the service principal ${before}, but ${appId ?? "a new one"} would be used.`,
    `Keep it with --service-principal ${before}, or choose another name with --secret-name. To replace it, run acr-pull remove for that secret first.`,
  );
}
