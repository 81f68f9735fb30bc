import { refused, type ActionableError } from "../../domain/errors.ts";
import { isThere } from "../../domain/look-again.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { Target } from "../cluster/read-targets.ts";
import { untilBelievable } from "../patience.ts";
import type { JobSurvey } from "./job-survey.ts";

/**
 * An entry of another application, or of another cluster, is replaced only on purpose: with `--switch-principal`, or
 * when that application is no more.
 * @param appId the application that shall be used; undefined: one that is still to be made
 * @throws ActionableError `secret.other-principal`
 */
export async function refuseOtherPrincipal(
  { input, ports, states, exclusions }: JobSurvey,
  clusterId: string,
  appId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (input.switchPrincipal) return;
  const gone = new Map<string, boolean>();
  for (const { target, state } of states) {
    const mark = state.kind === "present" ? state.mark : undefined;
    if (mark?.appId === undefined) continue;
    let reason: string | undefined;
    if (mark.clusterId !== clusterId) {
      reason = `was made for the cluster ${mark.clusterId}, and this one is ${clusterId}`;
    } else if (mark.appId !== appId) {
      if (!gone.has(mark.appId)) {
        gone.set(mark.appId, await isGone(mark.appId, ports, signal));
      }
      const wanted = appId ?? "a new one";
      if (!gone.get(mark.appId)) {
        reason = `names the service principal ${mark.appId}, and ${wanted} would be used`;
      }
    }
    if (reason === undefined) continue;
    exclusions.exclude(target, otherPrincipal(target, reason, mark.appId), signal);
  }
  exclusions.refuse();
}

async function isGone(
  appId: string,
  { azure, clock }: JobSurvey["ports"],
  signal: AbortSignal,
): Promise<boolean> {
  if (!azure) return false;
  const look = () => azure.directory.findApplicationByAppId(appId, signal);
  return !isThere(await untilBelievable(look, isThere, clock, signal));
}

function otherPrincipal(target: Target, what: string, appId: string): ActionableError {
  return refused(
    "secret.other-principal",
    `The entry in secret ${targetName(target)} ${what}.`,
    `Replace it on purpose with --switch-principal, or keep it with --service-principal ${appId}.`,
  );
}
