import type { Application, NewPassword } from "../../../domain/identity.ts";
import { settleBoth } from "../../settle-both.ts";
import { ensureApplication, type EnsuredApplication } from "../../steps/application.ts";
import { makeKey, newOperation, sweepKeys } from "../../steps/client-secret.ts";
import type { HeldMark } from "../../steps/pending-mark.ts";
import { ensureRoles } from "../../steps/pull-role.ts";
import { ensureServicePrincipal } from "../../steps/service-principal.ts";
import { timeText } from "../../../domain/time-text.ts";
import type { TargetCredential } from "./job.ts";
import type { JobWork } from "./job-work.ts";
import { heldKeys } from "./sweep.ts";
import { takeMark } from "./take-mark.ts";

/** Everything the credential needs: application, principal, role and, where none lives, a key. */
export async function obtainCredential(work: JobWork): Promise<TargetCredential> {
  const { decision, deadKeys } = work.job;
  if (decision.kind === "living") {
    // The mark names the dead key until it is gone, also when this run does not come so far.
    if (deadKeys.obsolete.length > 0) await setMark(work, newOperation());
    await ensureIdentity(work);
    return decision;
  }
  // The mark names the key before there is one; the application and principal need not wait for it.
  const operation = newOperation();
  const [mark, ensured] = await settleBoth(setMark(work, operation), makeApplication(work));
  const { application } = ensured;
  work.started("key", "Making a key");
  const createdAt = timeText(mark.target.cluster.serverTime());
  const [key] = await settleBoth(addKey(work, application, mark), ensurePrincipalAndRoles(work, ensured));
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

async function setMark(work: JobWork, operation: string): Promise<HeldMark> {
  const { registry, loginServer } = work.survey;
  work.record.wrote = true;
  const wish = { operation, registryId: registry?.id ?? loginServer, loginServer, ports: work.ports };
  const mark = await takeMark(work.job, wish, work.signal);
  work.mark = mark;
  work.signal = AbortSignal.any([work.runSignal, mark.lost]);
  mark.startRenewing(work.signal);
  return mark;
}

async function addKey(work: JobWork, application: Application, mark: HeldMark): Promise<NewPassword> {
  const { clusterId } = work.job;
  const now = mark.target.cluster.serverTime();
  const key = await makeKey(
    { application, clusterId, expiresInMs: work.input.expiresInMs, now, mark },
    work.tools(),
    work.signal,
  );
  work.madeKeyId = key.keyId;
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
  const caller = work.survey.caller;
  if (!caller) throw new TypeError("Azure is called by somebody");
  const ensured = await ensureApplication(finding, applicationWish, { ...work.tools(), caller }, work.signal);
  const { application, created } = ensured;
  work.record.application = application;
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
  const standing = await ensureRoles(roles, roleWish, principal.objectId, work.tools(), work.signal);
  work.record.roles = standing;
  for (const { desired, action } of standing) {
    if (action !== "created" && action !== "updated") continue;
    const limited = desired.condition === undefined ? "" : `, limited to ${roleWish.repositories.join(", ")}`;
    work.done("role", `Granted ${desired.role.name} on ${roleWish.registry.name} alone${limited}`);
  }
}

/** Another run went on in place of this one: the key that this one made goes, unless a secret holds it. */
export async function abandonKey(work: JobWork): Promise<void> {
  const { application } = work.record;
  if (!work.mark || !application) return;
  const held = await heldKeys(work.job, application, work.runSignal);
  const keyId = work.madeKeyId;
  if (keyId === undefined) {
    // Its making may have been cut off when it was done.
    const wish = { clusterId: work.job.clusterId, operations: [work.mark.operation], held };
    await sweepKeys(application, { ...wish, newest: undefined }, work.tools(), work.runSignal);
  } else if (!held.has(keyId)) {
    await work.tools().directory.removePassword(application.objectId, keyId, work.runSignal);
  }
}
