import { isLive } from "../turn/live-mark.ts";
import { targetName } from "../turn/pull-secret.ts";
import { writesKey, type Job, type StaleMark } from "./job.ts";
import { heldElsewhere, type JobSurvey } from "./job-survey.ts";

/**
 * The pending marks of this cluster for this registry: those of runs that are gone, in the targets and, when a key is
 * made, wherever one may look; and one of a run at work, which may be about to retire the key that would be copied.
 */
export async function findMarks(
  survey: JobSurvey,
  job: Pick<Job, "decision" | "targets">,
  signal: AbortSignal,
): Promise<Pick<Job, "staleMarks" | "marksStay" | "liveMark">> {
  const ours = inTargets(survey);
  const others = writesKey(job) ? await inOtherSecrets(survey, signal) : [];
  const isLiveMark = ({ pending, target }: StaleMark) =>
    isLive(pending, target.cluster.serverTime(), survey.ports.process);
  const swept = job.decision.kind === "make" ? [...ours, ...others] : ours;
  const staleMarks = swept.filter((mark) => !isLiveMark(mark));
  return {
    staleMarks,
    marksStay: staleMarks.length > 0 && !(await seesAll(survey, signal)),
    liveMark: [...ours, ...others].find(isLiveMark),
  };
}

async function seesAll({ input, cluster }: JobSurvey, signal: AbortSignal): Promise<boolean> {
  return input.leaveOut.length === 0 && (await cluster.managedSecrets(signal)) !== undefined;
}

function inTargets({ states }: JobSurvey): StaleMark[] {
  return states.flatMap(({ target, state }) => {
    const pending = state.kind === "present" ? state.mark?.pending : undefined;
    return pending ? [{ target, pending }] : [];
  });
}

async function inOtherSecrets(survey: JobSurvey, signal: AbortSignal): Promise<StaleMark[]> {
  const { cluster } = survey.cluster;
  const elsewhere = (await heldElsewhere(survey, signal)) ?? [];
  return elsewhere.flatMap(({ namespace, name, mark }) =>
    mark.pending ? [{ target: { cluster, namespace, name }, pending: mark.pending }] : [],
  );
}

/** That the marks of earlier runs stay, for nobody can tell whether what they name is held. */
export function standingMarks({ staleMarks, marksStay }: Pick<Job, "staleMarks" | "marksStay">): string[] {
  const why = marksStay
    ? "secrets may not be listed in every namespace, so another one may hold it. The same command by who may list them removes both"
    : "a run is at work on it";
  return staleMarks.map(
    ({ target }) =>
      `The mark of an earlier run on ${targetName(target)} stays, and so does a key that it may name: ${why}`,
  );
}
