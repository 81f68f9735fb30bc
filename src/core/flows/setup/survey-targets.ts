import pMap from "p-map";
import { changeFor, rehearseWrite, type TargetState } from "../../steps/pull-secret.ts";
import { inspectLink } from "../../steps/service-account.ts";
import type { CredentialDecision, LivingCredential } from "./decide-credential.ts";
import { desiredEntry, type JobTarget, type TargetCredential } from "./job.ts";
import type { JobSurvey, JudgedTarget } from "./job-survey.ts";

/**
 * Which credential each target shall hold, and whether it may be written, its service accounts too. A target that may
 * not is noted among the exclusions and left out.
 */
export async function surveyTargets(
  survey: JobSurvey,
  decision: CredentialDecision,
  clusterId: string,
  appId: string | undefined,
  signal: AbortSignal,
): Promise<JobTarget[]> {
  const { concurrency } = survey.input;
  const looked = await pMap(
    survey.states,
    (one) => surveyTarget(survey, one, decision, clusterId, appId, signal),
    { concurrency },
  );
  return looked.filter((one) => one !== undefined);
}

async function surveyTarget(
  { input, registry, proof, exclusions }: JobSurvey,
  { target, state }: JudgedTarget,
  decision: CredentialDecision,
  clusterId: string,
  appId: string | undefined,
  signal: AbortSignal,
): Promise<JobTarget | undefined> {
  const credential = decision.kind === "living" ? ownOr(decision, state) : undefined;
  const desired =
    credential && appId !== undefined
      ? desiredEntry(input, registry, proof.loginServer, clusterId, appId, credential, state)
      : undefined;
  const changes = state.kind === "absent" || !desired || changeFor(state, desired) !== undefined;
  try {
    if (changes) await rehearseWrite(target, state, signal);
    const links = [];
    const namespaceIsMade = state.kind === "absent" && state.createNamespace;
    for (const account of input.serviceAccounts) {
      const { cluster, namespace, name: secretName } = target;
      const link = { cluster, namespace, account, secretName };
      links.push({ link, finding: await inspectLink(link, namespaceIsMade, signal) });
    }
    return { target, state, credential, changes, links };
  } catch (error) {
    exclusions.exclude(target, error, signal);
    return undefined;
  }
}

/** A target keeps the credential it has while that lives; only the others get the one that was chosen. */
function ownOr(decision: LivingCredential, state: TargetState): TargetCredential {
  const own = state.kind === "present" ? state.credential : undefined;
  if (!own || decision.from === "user") return decision;
  return decision.alive.find(({ credential }) => credential.password.equals(own.password)) ?? decision;
}
