import { ActionableError } from "../../domain/errors.ts";
import { azureNow } from "../clocks.ts";
import { requireClusters } from "../cluster/view.ts";
import { hasChanges } from "../plan.ts";
import type { Writing } from "../ports.ts";
import { reportFor, type Report } from "../progress.ts";
import { provePull } from "../proof/prove-pull.ts";
import { BusyError, BusyWait } from "../turn/busy.ts";
import { targetName } from "../turn/pull-secret.ts";
import { act } from "./act.ts";
import { OvertakenError, afterWrites, afterWritesError } from "./after-writes.ts";
import type {
  SetupConversation,
  SetupInput,
  SetupOutcome,
  SetupPlan,
  SetupPorts,
  SetupResult,
} from "./contract.ts";
import { credentialsDocument } from "./credentials-document.ts";
import { JobWork, type SetupTools } from "./job-work.ts";
import { writesKey, type Job } from "./job.ts";
import { lookAtAll, type Look, type LookPorts } from "./look.ts";
import { planSetup } from "./plan-setup.ts";
import { finishedOutcome, resultOf, type JobRecord } from "./result.ts";

/*
 * The longest chain of requests in a first setup, in which each needs the answer to the one before:
 *
 *   1. where the services of the cloud are; only for a cloud that is not Microsoft's own
 *   2. a token for each of them
 *   3. the registry, whose id is needed to ask for the rights and the role, and whose login server names the
 *      application; if the login server is known beforehand, also the application
 *   4. the caller's rights on the registry, before which nothing may be written; at the same time the application, the
 *      tenant's policy on passwords, and whether the registry can be reached
 *   5. making the application
 *   6. its service principal and its password at the same time; if the password may be refused, first the password and
 *      then the principal
 *   7. the role of that principal
 *   8. the proof that the password pulls, before any secret holds it
 *   9. the proof of what was read back
 *
 * The cluster is read during 2 and 3, marked during 5, and written and read back between 8 and 9.
 */

/** What was found, and what setup would do about it. */
export interface Preview {
  readonly found: Look;
  readonly plan: SetupPlan;
  readonly seenAt: Date;
}

/**
 * A person may look at a plan for a long time. What was seen longer ago than this is looked up again before any write.
 */
const freshMs = 60_000;

/**
 * Looks at everything that setup touches, and says what it would do. Writes nothing.
 * @throws ActionableError as `setup` does before its first write
 */
export async function lookAhead(
  input: SetupInput,
  ports: LookPorts,
  report: Report,
  signal: AbortSignal,
): Promise<Preview> {
  requireClusters(ports.clusters);
  const seenAt = ports.clock.now();
  const found = await lookAtAll(input, ports, report, signal);
  return { found, plan: planSetup(found, input, now(ports)), seenAt };
}

/**
 * The whole job: looks, shows what it would change, and brings a registry's pull credential into the namespaces. Run
 * again, it finishes what was interrupted, and changes nothing if all is in order. If another run is at work, it
 * waits and then looks again, because the other run may have done all that is needed.
 * @param conversation.foreseen what was seen with the same input and ports; not looked up again if it was a moment ago
 * @throws ActionableError for whatever stops it before the first write; `busy` when the waiting time is over
 */
export async function setup(
  input: SetupInput,
  ports: Writing<SetupPorts>,
  conversation: SetupConversation & { readonly foreseen?: Preview | undefined },
  signal: AbortSignal,
): Promise<SetupOutcome> {
  const startedAt = ports.clock.now().getTime();
  const { foreseen } = conversation;
  let seen = foreseen && startedAt - foreseen.seenAt.getTime() <= freshMs ? foreseen : undefined;
  let inspect = look;
  const busy = new BusyWait(ports.clock, conversation.report);
  let left: SetupResult | undefined;
  const made = new Set<string>();
  const leaving = (result: SetupResult) => {
    left = result;
  };
  for (;;) {
    try {
      seen ??= await inspect(input, { ...ports, made }, conversation.report, signal);
      const tools = { input, ports, report: conversation.report, signal };
      const outcome = await attempt(seen, tools, { ...conversation, leave: leaving }, busy);
      return left ? afterWrites(outcome) : outcome;
    } catch (error) {
      if (error instanceof OvertakenError) {
        for (const appId of error.made) made.add(appId);
      }
      seen = undefined;
      // This look shows no progress, so that the message about the wait stays visible.
      inspect = lookAhead;
      await busy.pause(error, signal).catch((last: unknown) => {
        if (!left) throw last;
        conversation.leave?.(left);
        throw afterWritesError(last);
      });
    }
  }
}

function now({ azure, clock }: Pick<SetupPorts, "azure" | "clock">): Date {
  return azureNow(azure?.directory, clock);
}

async function look(
  input: SetupInput,
  ports: LookPorts,
  report: Report,
  signal: AbortSignal,
): Promise<Preview> {
  report({ kind: "started", id: "survey", text: "Looking at the registry, the directory and the cluster" });
  const preview = await lookAhead(input, ports, report, signal);
  report({ kind: "ended", id: "survey" });
  return preview;
}

/** @throws BusyError if another run is at work, sometimes also after a part was done */
async function attempt(
  { found, plan }: Preview,
  tools: SetupTools,
  conversation: SetupConversation,
  busy: BusyWait,
): Promise<SetupOutcome> {
  const { input, ports, signal } = tools;
  if (input.dryRun) return { kind: "planned", plan };
  const taken = found.jobs.find((job) => job.liveMark && writesKey(job))?.liveMark;
  if (taken) throw new BusyError(targetName(taken.target));
  conversation.report({ kind: "ended", id: "busy" });
  const changes = hasChanges(plan.changes);
  const records = changes
    ? (await conversation.approve(plan))
      ? await apply(found, tools, conversation.leave)
      : undefined
    : await confirm(found, input, signal);
  if (!records) return { kind: "declined", plan };
  const overtaken = records.find(({ error }) => error instanceof BusyError);
  if (overtaken && busy.mayWait) {
    throw new OvertakenError(overtaken.error as BusyError, records);
  }
  // A person who was shown the plan has seen its warnings.
  for (const text of changes ? [] : plan.warnings) {
    conversation.report({ kind: "note", level: "warning", text });
  }
  const outcome = finishedOutcome(found, records, now(ports));
  if (input.credentialsFile !== undefined && outcome.kind === "finished" && outcome.exitCode === 0) {
    await ports.files.write(input.credentialsFile, credentialsDocument(found, records));
  }
  return outcome;
}

async function apply(
  found: Look,
  tools: SetupTools,
  leave: SetupConversation["leave"],
): Promise<JobRecord[]> {
  const records = await Promise.all(
    found.jobs.map((job) => {
      const context = found.jobs.length > 1 ? job.contexts[0] : undefined;
      return act(new JobWork(job, found, { ...tools, report: reportFor(tools.report, context) }));
    }),
  );
  if (records.some(({ wrote }) => wrote)) leave?.(resultOf(found, records, now(tools.ports)));
  tools.signal.throwIfAborted();
  const bug = records.find(({ error }) => error !== undefined && !(error instanceof ActionableError));
  if (bug) throw bug.error;
  return records;
}

/** For a run with nothing to change: tries only what looking could not show. */
async function confirm(found: Look, input: SetupInput, signal: AbortSignal): Promise<JobRecord[]> {
  return Promise.all(
    found.jobs.map(async (job): Promise<JobRecord> => {
      const { decision } = job;
      if (decision.kind === "sealed") return unchangedRecord(job, undefined, decision);
      if (decision.kind !== "living") throw new TypeError("a key to be made is a change");
      const { alive: _others, ...credential } = decision;
      if (input.image !== undefined || decision.state === "signs-in") {
        await provePull(job.proof, decision.credential, signal);
      }
      return unchangedRecord(job, credential, undefined);
    }),
  );
}

/** @param sealed the key in use if nobody here can read its password: then nothing was tried */
function unchangedRecord(
  job: Job,
  credential: JobRecord["credential"],
  sealed: JobRecord["madeKey"],
): JobRecord {
  return {
    job,
    wrote: false,
    roles: [],
    ...(credential && { credential }),
    ...(sealed && { madeKey: sealed }),
    targets: job.targets.map(({ target }) => ({ target, action: "unchanged" })),
    links: job.targets.flatMap(({ target, links }) =>
      links.map(({ link }) => ({ target, account: link.account, action: "unchanged" as const })),
    ),
    namespaces: [],
    tried: credential !== undefined,
    proven: credential !== undefined,
    removedKeys: [],
    removedRoles: [],
  };
}
