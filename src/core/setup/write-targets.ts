import pMap from "p-map";
import type { PullCredential } from "../../domain/docker-config.ts";
import { provePull } from "../proof/prove-pull.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import {
  judgeTarget,
  readBack,
  targetName,
  writeTarget,
  type DesiredEntry,
  type TargetState,
} from "../turn/pull-secret.ts";
import { readTargets, writable, type Target } from "../cluster/read-targets.ts";
import { desiredEntry, type JobTarget, type TargetCredential } from "./job.ts";
import type { JobWork, TargetRecord } from "./job-work.ts";
import { operationsToSweep } from "./sweep.ts";

/** Makes the namespaces that do not exist and were allowed to be made. */
export async function createNamespaces(work: JobWork): Promise<void> {
  const missing = work.job.targets.filter(({ state }) => state.kind === "absent" && state.createNamespace);
  if (missing.length === 0) return;
  work.record.wrote = true;
  const { concurrency } = work.input;
  const created: string[] = [];
  await pMap(
    missing,
    async ({ target }) => {
      await writable(target, work.ports).cluster.createNamespace(target.namespace, work.signal);
      work.record.namespaces.push(target);
      created.push(`${target.cluster.context}/${target.namespace}`);
      work.progress("namespaces", created.length, missing.length, "namespaces created");
    },
    { concurrency },
  );
  work.done(
    "namespaces",
    `Created ${created.length === 1 ? `the namespace ${created[0]}` : `${created.length} namespaces`}`,
  );
}

/** Brings every target to what it shall hold; one that fails is noted, and the others are written all the same. */
export async function writeTargets(work: JobWork, credential: TargetCredential): Promise<void> {
  await work.mark?.stopRenewing();
  const [first, rest] = inOrder(work);
  // The marked secret comes first: from then on the key is known by the secret that holds it.
  if (first) await writeOne(work, first, credential);
  const total = work.job.targets.filter((one) => !isInOrder(work, one)).length;
  if (total > 0) work.started("secrets", `Writing ${total} ${total === 1 ? "secret" : "secrets"}`);
  let written = changed(work).length;
  await pMap(
    rest,
    async (one) => {
      if (await writeOne(work, one, credential)) written += 1;
      work.progress("secrets", written, total, "secrets written");
    },
    { concurrency: work.input.concurrency },
  );
  const targets = changed(work).map(({ target }) => target);
  if (targets.length === 0) work.ended("secrets");
  else work.done("secrets", `Wrote ${describeTargets(targets)}`);
}

function changed(work: JobWork): TargetRecord[] {
  return work.record.targets.filter(({ action }) => action === "created" || action === "updated");
}

/** Whether a target holds already what it shall hold. */
function isInOrder({ job }: JobWork, { changes }: JobTarget): boolean {
  return job.decision.kind === "living" && !changes;
}

/** The marked target apart from the others. */
function inOrder(work: JobWork): [JobTarget | undefined, readonly JobTarget[]] {
  const { targets } = work.job;
  const mark = work.mark?.target;
  const first = targets.find(
    ({ target }) => mark && target.namespace === mark.namespace && target.name === mark.name,
  );
  return [first, targets.filter((one) => one !== first)];
}

/** @returns whether the target was changed */
async function writeOne(work: JobWork, one: JobTarget, made: TargetCredential): Promise<boolean> {
  const { target } = one;
  if (isInOrder(work, one)) {
    work.record.targets.push({ target, action: "unchanged" });
    return false;
  }
  work.record.wrote = true;
  try {
    const state = currentState(work, one);
    const { action } = await writeTarget(
      writable(target, work.ports),
      state,
      work.job.policy,
      desired(work, one, made),
      work.signal,
    );
    // The mark made the secret moments ago; for the user it is new.
    const created = one.state.kind === "absent" && action === "updated" ? "created" : action;
    work.record.targets.push({ target, action: created });
    return action !== "unchanged";
  } catch (error) {
    recordFailure(work, { target, action: "failed" }, error);
    return false;
  }
}

/** The marked target has moved on since it was looked at, by our own hand. */
function currentState(work: JobWork, { target, state }: JobTarget): TargetState {
  const mark = work.mark;
  if (mark && target.namespace === mark.target.namespace && target.name === mark.target.name) {
    return judgeTarget(target, { secret: mark.secret, namespace: undefined }, work.job.policy);
  }
  return state.kind === "absent" ? { kind: "absent", createNamespace: false } : state;
}

function desired(work: JobWork, one: JobTarget, made: TargetCredential): DesiredEntry {
  const { registry, loginServer } = work.survey;
  const { clusterId, identity } = work.job;
  const credential = one.credential ?? made;
  const appId = credential.credential.username;
  return desiredEntry(
    { registry, loginServer, clusterId, appId, role: identity?.roles.requested },
    credential,
    one.state,
    work.mark && operationsToSweep(work.job, work.mark).length === 0 ? work.mark.operation : undefined,
  );
}

function recordFailure(work: JobWork, failed: TargetRecord, error: unknown): void {
  if (!isFailureOfOne(error, work.signal)) throw error;
  work.record.targets.push({ ...failed, error });
  work.report({
    kind: "failed",
    id: `secret ${targetName(failed.target)}`,
    text: `${targetName(failed.target)} was not written: ${error.message}`,
  });
}

/** Reads every written secret back and signs in with the very bytes read, once for each distinct credential. */
export async function readTargetsBack(work: JobWork, made: TargetCredential): Promise<void> {
  const written = changed(work);
  if (written.length === 0) return;
  const { concurrency } = work.input;
  const read = await readTargets(
    written.map(({ target }) => target),
    { concurrency },
    work.signal,
  );
  const contents = new Map(read.map(({ target, content }) => [target, content]));
  const planned = new Map(work.job.targets.map((one) => [one.target, one]));
  const found = new Map<string, PullCredential>();
  await pMap(
    written,
    async (record) => {
      const one = planned.get(record.target);
      if (!one) return;
      try {
        const credential = await readBack(
          writable(record.target, work.ports),
          contents.get(record.target),
          currentState(work, one),
          work.job.policy,
          desired(work, one, made),
          work.signal,
        );
        found.set(credential.password.reveal(), credential);
      } catch (error) {
        if (!isFailureOfOne(error, work.signal)) throw error;
        record.action = "failed";
        record.error = error;
      }
    },
    { concurrency },
  );
  for (const credential of found.values()) {
    await provePull(work.proof, credential, work.signal);
  }
  if (work.survey.proof.kind === "registry") {
    work.done("read-back", "Read the secrets back and signed in with what they hold");
  }
}

function describeTargets(targets: readonly Target[]): string {
  const [first] = targets;
  if (first && targets.length === 1) return `the secret ${targetName(first)}`;
  return `${targets.length} secrets`;
}
