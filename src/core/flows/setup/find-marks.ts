import { isLive } from "../../steps/pending-mark.ts";
import type { CredentialDecision } from "./decide-credential.ts";
import type { Job, StaleMark } from "./job.ts";
import { heldElsewhere, type JobSurvey } from "./job-survey.ts";

/**
 * The pending marks of this cluster for this registry, in the targets and, when a key is made, wherever one may look:
 * those of runs that are gone, and one of a run at work.
 */
export async function findMarks(
  survey: JobSurvey,
  decision: CredentialDecision,
  signal: AbortSignal,
): Promise<Pick<Job, "staleMarks" | "liveMark">> {
  const marks = inTargets(survey);
  if (decision.kind === "make") marks.push(...(await inOtherSecrets(survey, signal)));
  const isLiveMark = ({ pending, target }: StaleMark) =>
    isLive(pending, target.cluster.serverTime(), survey.ports.process);
  return { staleMarks: marks.filter((mark) => !isLiveMark(mark)), liveMark: marks.find(isLiveMark) };
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
