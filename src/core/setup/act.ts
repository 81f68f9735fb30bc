import pMap from "p-map";
import { writable, type Target } from "../cluster/read-targets.ts";
import { provePull } from "../proof/prove-pull.ts";
import { targetName } from "../turn/pull-secret.ts";
import { closeTurn } from "../turn/sweep.ts";
import type { SecretRecord, SecretWrite } from "../turn/turn.ts";
import { standingMarks } from "./decide.ts";
import type { JobWork } from "./job-work.ts";
import { applicationOf, desiredEntry, type JobTarget, type TargetCredential } from "./job.ts";
import { linkAccounts } from "./link-accounts.ts";
import { obtainCredential } from "./obtain-credential.ts";
import type { JobRecord } from "./result.ts";
import { atOnce } from "../at-once.ts";

/**
 * Carries out one job: add, prove, distribute, prove again, and only then take away. Never throws: the record holds
 * what failed.
 */
export async function act(work: JobWork): Promise<JobRecord> {
  const { record } = work;
  try {
    await work.inTurn(async () => {
      await createNamespaces(work);
      const credential = await obtainCredential(work);
      if (credential) {
        record.credential = credential;
        await prove(work, credential);
        await readBack(work, await writeSecrets(work, credential));
      } else {
        record.targets = work.job.targets.map(({ target }) => ({ target, action: "unchanged" }));
      }
      await linkAccounts(work);
      await removeRoles(work);
      if (credential) await removeKeys(work, credential);
    });
  } catch (error) {
    record.error = error;
  }
  return record;
}

/** Creates the missing namespaces that may be created. */
async function createNamespaces(work: JobWork): Promise<void> {
  const missing = work.job.targets.filter(({ state }) => state.kind === "absent" && state.createNamespace);
  if (missing.length === 0) return;
  work.record.wrote = true;
  const created: string[] = [];
  await pMap(
    missing,
    async ({ target }) => {
      await writable(target, work.ports).cluster.createNamespace(target.namespace, work.signal);
      work.record.namespaces.push(target);
      created.push(`${target.cluster.context}/${target.namespace}`);
      work.progress("namespaces", created.length, missing.length, "namespaces created");
    },
    atOnce,
  );
  work.done(
    "namespaces",
    `Created ${created.length === 1 ? `the namespace ${created[0]}` : `${created.length} namespaces`}`,
  );
}

async function prove(work: JobWork, credential: TargetCredential): Promise<void> {
  const { kind, loginServer } = work.proof;
  work.started("proof", `Proving that the credential can pull from ${loginServer}`);
  work.record.tried = true;
  await provePull(work.proof, credential.credential, work.signal);
  work.record.proven = true;
  const how =
    kind === "registry" ? `${loginServer} lets the credential pull` : "Entra accepts the credential";
  work.done("proof", how);
}

/**
 * Gives every target the entry that it is to hold.
 * @returns those that were changed
 */
async function writeSecrets(work: JobWork, made: TargetCredential): Promise<readonly SecretWrite[]> {
  const { job, turn, record } = work;
  const isInOrder = ({ changes }: JobTarget) => job.decision.kind !== "make" && !changes;
  const unchanged = job.targets
    .filter(isInOrder)
    .map(({ target }): SecretRecord => ({ target, action: "unchanged" }));
  const writes = job.targets.filter((one) => !isInOrder(one)).map((one) => writeOf(one, made, work));
  const total = writes.length;
  if (total > 0) {
    record.wrote = true;
    work.started("secrets", `Writing ${total} ${total === 1 ? "secret" : "secrets"}`);
  }
  const written = await turn.write(writes, { closes: true }).finally(() => {
    record.targets = [...unchanged, ...turn.written.values()];
  });
  const changed = written.filter(
    ({ target }) => turn.written.get(targetName(target))?.action !== "unchanged",
  );
  if (changed.length > 0)
    work.done("secrets", `Wrote ${describeTargets(changed.map(({ target }) => target))}`);
  return changed;
}

function writeOf(one: JobTarget, made: TargetCredential, { job, look }: JobWork): SecretWrite {
  const { clusterId, identity } = job;
  const { registry, loginServer } = look;
  const { target, state } = one;
  const credential = one.credential ?? made;
  const appId = credential.credential.username;
  const owner = { clusterId, appId, role: identity?.roles.requested, registry, loginServer };
  const secret = state.kind === "present" ? state.secret : undefined;
  return { target, secret, desired: desiredEntry(owner, credential, state) };
}

/** Reads back what was written, and signs in with exactly the bytes that were read. */
async function readBack(work: JobWork, written: readonly SecretWrite[]): Promise<void> {
  const { turn, record, look } = work;
  if (written.length === 0) return;
  const unwritten = record.targets.filter(({ target }) => !turn.written.has(targetName(target)));
  await turn
    .readBack(written, (credential) => provePull(work.proof, credential, work.signal))
    .finally(() => {
      record.targets = [...unwritten, ...turn.written.values()];
    });
  if (look.proof.kind === "registry") {
    work.done("read-back", "Read the secrets back and signed in with their credentials");
  }
}

/** Removes roles of ours that are no longer wanted, once the new ones are proven and in place. */
async function removeRoles(work: JobWork): Promise<void> {
  const { identity } = work.job;
  const { azure } = work.ports;
  if (!identity || !azure) return;
  for (const { id } of identity.roles.obsolete) {
    work.record.wrote = true;
    await azure.roles.removeAssignment(id, work.signal);
    work.record.removedRoles.push(id);
    work.done(
      "obsolete-role",
      `Removed the role assignment ${id.split("/").at(-1)}, which is no longer wanted`,
    );
  }
}

/** Removes the keys that nobody needs any longer, last of all, and then the marks that name them. */
async function removeKeys(work: JobWork, { keyId }: TargetCredential): Promise<void> {
  const { job, turn, record } = work;
  const application = record.application ?? applicationOf(job.identity?.application);
  if (!application || !turn.isTaken || turn.sweep.length === 0) return;
  record.wrote = true;
  const closing = {
    application,
    clusterId: job.clusterId,
    staleMarks: job.staleMarks.map(({ target }) => target),
    newest: work.madeKeyId,
    inUse: keyId,
    mayMiss: job.marksStay,
    staysWhileHeld: record.targets.some(({ action }) => action === "failed"),
    onRemoved: (removed: string) => noteRemovedKey(work, removed),
  };
  const { marksStay } = await closeTurn(turn, closing, work.tools());
  // If it was known beforehand that the marks stay, the plan has said so.
  if (!marksStay || job.marksStay) return;
  for (const text of standingMarks(job)) work.report({ kind: "note", level: "warning", text });
}

function noteRemovedKey(work: JobWork, keyId: string): void {
  const { removedKeys } = work.record;
  if (removedKeys.includes(keyId)) return;
  removedKeys.push(keyId);
  const dead = work.job.deadKeys.obsolete.includes(keyId);
  const why = dead ? "no longer signed in" : "an interrupted run left behind";
  work.done(dead ? "dead-key" : "sweep", `Removed the key ${keyId}, which ${why}`);
}

function describeTargets(targets: readonly Target[]): string {
  const [first] = targets;
  if (first && targets.length === 1) return `the secret ${targetName(first)}`;
  return `${targets.length} secrets`;
}
