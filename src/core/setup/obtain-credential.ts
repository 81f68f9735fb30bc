import { hasCode, type ActionableError } from "../../domain/errors.ts";
import type { Application, NewPassword } from "../../domain/identity.ts";
import { unknownPasswordPolicy } from "../../domain/password-policy.ts";
import { repositoriesIn } from "../../domain/role.ts";
import { azureNow } from "../clocks.ts";
import {
  ensureApplication,
  ensureServicePrincipal,
  type EnsuredApplication,
} from "../identity/ensure-application.ts";
import { asForeseen, foreseeRefusedChange } from "../identity/foreseen-refusal.ts";
import { isRefusedForGood, makeKey, passwordsForbidden } from "../identity/client-secret.ts";
import { livesToTry } from "../identity/key-life.ts";
import type { HeldMark } from "../turn/pending-mark.ts";
import { ensureRoles, type StandingRole } from "../identity/grant-role.ts";
import { timeText } from "../../domain/time-text.ts";
import { applicationOf, type Job, type TargetCredential } from "./job.ts";
import { deletedBefore, type JobWork } from "./job-work.ts";
import { canTakeBack, takeBack } from "./take-back.ts";

/**
 * Obtains everything that the credential needs: application, principal, role and, if no key lives, a key.
 * @returns undefined if only sealed documents hold its password
 */
export async function obtainCredential(work: JobWork): Promise<TargetCredential | undefined> {
  try {
    return await credentialFor(work);
  } catch (error) {
    if (!isRefusedForGood(error) || !canTakeBack(work)) throw error;
    const refusal = await explained(error, work);
    await takeBack(work, refusal);
    throw refusal;
  }
}

async function credentialFor(work: JobWork): Promise<TargetCredential | undefined> {
  const { decision } = work.job;
  if (decision.kind === "living") {
    if (removesKeys(work.job)) await takeTurn(work);
    await ensureIdentity(work);
    return decision;
  }
  if (decision.kind === "sealed") {
    await ensureIdentity(work);
    work.record.madeKey = decision;
    return undefined;
  }
  return makeCredential(work);
}

async function makeCredential(work: JobWork): Promise<TargetCredential> {
  const { outlook } = work.job;
  // The mark names the key before the key exists. Making the application need not wait for the mark.
  const [mark, ensured] = await settleBoth(takeTurn(work), makeApplication(work));
  const { application } = ensured;
  work.started("key", "Making a key");
  const { directory, clock } = work.tools();
  const createdAt = timeText(azureNow(directory, clock));
  const addOurKey = () => addKey(work, application, mark);
  const ensureTheRest = () => ensurePrincipalAndRoles(work, ensured);
  // If the key may be refused, nothing is granted before it exists.
  const isSure = outlook.policy?.passwords === "allowed" && !outlook.foreseen;
  const key = isSure
    ? (await settleBoth(addOurKey(), ensureTheRest()))[0]
    : await addOurKey().then(async (made) => {
        await ensureTheRest();
        return made;
      });
  work.done("key", `Made the key ${key.keyId}, valid until ${timeText(key.endDateTime)}`);
  return {
    kind: "living",
    credential: { username: application.appId, password: key.secret },
    keyId: key.keyId,
    createdAt,
    expiresAt: timeText(key.endDateTime),
    state: "signs-in",
    from: "target",
  };
}

/** The directory's refusal, with what was foreseen about it and the way around it. */
async function explained(refusal: ActionableError, work: JobWork): Promise<ActionableError> {
  const { identity, outlook } = work.job;
  if (hasCode(refusal, "directory.passwords-forbidden")) {
    // An application that this run made is taken back, so no exemption could be for it.
    const lasting = work.record.made ? undefined : applicationOf(identity?.application);
    const policy = await work.tools().directory.passwordPolicy(lasting, work.signal);
    return passwordsForbidden(lasting, policy, refusal);
  }
  const { application } = work.record;
  if (outlook.foreseen || !application || !hasCode(refusal, "directory.forbidden"))
    return asForeseen(refusal, outlook.foreseen);
  // It did not exist at the look, so its owners could not be seen then.
  const { directory } = work.tools();
  const caller = await directory.caller(work.signal);
  return asForeseen(refusal, await foreseeRefusedChange(application, { directory, caller }, work.signal));
}

/**
 * Whether keys are removed although none is made. Then too, a mark names them until they are gone. It also holds back
 * the run that left them, should that run continue after all.
 */
function removesKeys({ identity, deadKeys, staleMarks, marksStay }: Job): boolean {
  return identity !== undefined && (deadKeys.obsolete.length > 0 || (staleMarks.length > 0 && !marksStay));
}

async function takeTurn(work: JobWork): Promise<HeldMark> {
  work.record.wrote = true;
  await work.turn.take();
  const { mark } = work.turn;
  if (mark.madeSecret) work.record.markedSecret = mark.target;
  return mark;
}

async function addKey(work: JobWork, application: Application, mark: HeldMark): Promise<NewPassword> {
  const { clusterId } = work.job;
  const policy = work.job.outlook.policy ?? unknownPasswordPolicy;
  const livesMs = livesToTry(work.input.expiresInMs, policy);
  const { directory, clock } = work.tools();
  const now = azureNow(directory, clock);
  work.keyBegun = true;
  const key = await makeKey({ application, clusterId, livesMs, now, mark }, work.tools(), work.signal);
  work.madeKeyId = key.keyId;
  const [createdAt, expiresAt] = [timeText(now), timeText(key.endDateTime)];
  work.record.madeKey = { keyId: key.keyId, createdAt, expiresAt };
  return key;
}

async function ensureIdentity(work: JobWork): Promise<void> {
  if (!work.job.identity) return;
  await ensurePrincipalAndRoles(work, await makeApplication(work));
}

async function makeApplication(work: JobWork): Promise<EnsuredApplication> {
  const { identity } = work.job;
  if (!identity) throw new TypeError("a job that makes a key has an identity");
  const { application: finding, applicationWish } = identity;
  const creates = finding.kind !== "found";
  if (creates || finding.missingOwners.length > 0) work.record.wrote = true;
  if (creates) work.started("application", "Making the application");
  const caller = work.look.caller;
  if (!caller) throw new TypeError("Azure is called by somebody");
  const onEnsured = ({ application, created }: EnsuredApplication) => {
    work.record.application = application;
    work.record.made = created;
  };
  const ports = { ...work.tools(), caller, onEnsured, deletedBefore: deletedBefore(work.job) };
  const ensured = await ensureApplication(finding, applicationWish, ports, work.signal);
  onEnsured(ensured);
  const { application, created } = ensured;
  if (creates) {
    // Another run may have been faster.
    const verb = created ? "Created" : finding.kind === "absent" ? "Found" : "Restored";
    work.done("application", `${verb} the application ${application.displayName} (${application.appId})`);
  }
  return ensured;
}

async function ensurePrincipalAndRoles(
  work: JobWork,
  { application, created }: EnsuredApplication,
): Promise<void> {
  const { identity } = work.job;
  if (!identity) return;
  const { application: finding, roles, roleWish } = identity;
  const present = finding.kind === "found" ? finding.principal : undefined;
  if (!present) work.record.wrote = true;
  const principal = await ensureServicePrincipal(application, present, work.tools(), work.signal);
  work.record.principal = principal;
  if (!present) {
    const verb = created || finding.kind !== "absent" ? "Created" : "Found";
    work.done("service-principal", `${verb} its service principal ${principal.objectId}`);
  }
  if (roles.wanted.some(({ action }) => action === "created" || action === "updated"))
    work.record.wrote = true;
  const standing = work.record.roles;
  const onStanding = (role: StandingRole) => void standing.push(role);
  const grantee = { registry: roleWish.registry, principalId: principal.objectId };
  await ensureRoles(roles, grantee, { ...work.tools(), onStanding }, work.signal);
  for (const { desired, action } of standing) {
    if (action !== "created" && action !== "updated") continue;
    const { role, condition } = desired;
    const limited = condition === undefined ? "" : `, limited to ${repositoriesIn(condition).join(", ")}`;
    work.done("role", `Assigned ${role.name} on ${roleWish.registry.name} only${limited}`);
  }
}

/**
 * Waits for both, even if one fails, so that nothing continues in the background after a failure was reported.
 * @throws the first failure in the order given
 */
async function settleBoth<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
