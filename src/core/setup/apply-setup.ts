import { provePull } from "../proof/prove-pull.ts";
import { BusyError } from "../turn/busy.ts";
import { applicationOf, type TargetCredential } from "./job.ts";
import type { JobRecord, JobWork } from "./job-work.ts";
import { linkAccounts } from "./link-accounts.ts";
import { abandonKey, obtainCredential } from "./obtain-credential.ts";
import { operationsToSweep, sweep } from "./sweep.ts";
import { createNamespaces, readTargetsBack, writeTargets } from "./write-targets.ts";

/** Carries out one job; never throws: what failed stands in the record. */
export async function applyJob(work: JobWork): Promise<JobRecord> {
  try {
    await carryOut(work);
  } catch (error) {
    work.record.error = error;
  }
  return work.record;
}

/** Add, prove, distribute, prove again, and only then take away. */
async function carryOut(work: JobWork): Promise<void> {
  try {
    await createNamespaces(work);
    const credential = await obtainCredential(work);
    work.record.credential = credential;
    await prove(work, credential);
    await writeTargets(work, credential);
    await readTargetsBack(work, credential);
    await linkAccounts(work);
    await removeObsolete(work, credential);
  } catch (error) {
    await work.mark?.stopRenewing();
    const reason = work.mark?.lost.aborted ? work.mark.lost.reason : error;
    if (reason instanceof BusyError) await abandonKey(work);
    throw reason;
  } finally {
    await work.mark?.stopRenewing();
  }
}

async function prove(work: JobWork, credential: TargetCredential): Promise<void> {
  const { kind, loginServer } = work.proof;
  if (kind === "none") return;
  work.started("proof", `Proving that the credential can pull from ${loginServer}`);
  work.record.tried = true;
  await provePull(work.proof, credential.credential, work.signal);
  work.record.proven = true;
  const how =
    kind === "registry" ? `${loginServer} lets the credential pull` : "Entra signs the credential in";
  work.done("proof", how);
}

/** Last, when the new is proven and in place: our other roles, keys that nobody needs any more, the marks. */
async function removeObsolete(work: JobWork, credential: TargetCredential): Promise<void> {
  const { identity, deadKeys } = work.job;
  const { azure } = work.ports;
  if (!identity || !azure) return;
  for (const { id } of identity.roles.obsolete) {
    work.record.wrote = true;
    await azure.roles.removeAssignment(id, work.signal);
    work.record.removedRoles.push(id);
    work.done(
      "obsolete-role",
      `Removed the role assignment ${id.split("/").at(-1)}, which is not asked for any more`,
    );
  }
  const application = work.record.application ?? applicationOf(identity.application);
  if (!application) return;
  if (operationsToSweep(work.job, work.mark).length > 0) work.record.wrote = true;
  const removed = await sweep(
    work.job,
    {
      application,
      loginServer: work.survey.loginServer,
      mark: work.mark,
      keyId: credential.keyId,
      allWritten: work.record.targets.every(({ action }) => action !== "failed"),
    },
    { ...work.tools(), clusters: work.ports.clusters, process: work.ports.process },
    work.signal,
  );
  work.record.removedKeys.push(...removed);
  for (const keyId of removed) {
    const dead = deadKeys.obsolete.includes(keyId);
    const why = dead ? "did not sign in any more" : "an interrupted run left behind";
    work.done(dead ? "dead-key" : "sweep", `Removed the key ${keyId}, which ${why}`);
  }
}
