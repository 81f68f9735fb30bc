import { refused } from "../../domain/errors.ts";
import { isKeyOf } from "../../domain/ownership.ts";
import { repositoriesIn } from "../../domain/role.ts";
import { azureNow } from "../clocks.ts";
import { proofImage, type ProofContext } from "../proof/prove-pull.ts";
import { findApplicationListing } from "../identity/find-application.ts";
import { namedBy } from "../cluster/key-holders.ts";
import type { RolesFinding } from "../identity/pull-role.ts";
import { decideCredential, type CredentialQuestion } from "./decide-credential.ts";
import { findDeadKeys } from "./dead-keys.ts";
import { findMarks } from "./find-marks.ts";
import { applicationOf, type Job } from "./job.ts";
import { heldBesideTargets, heldByTargets, heldElsewhere, type JobSurvey } from "./job-survey.ts";
import { refuseOtherPrincipal } from "./other-principal.ts";
import { checkAzureRights, noOutlook, surveyIdentity } from "./survey-identity.ts";
import { surveyTargets } from "./survey-targets.ts";

/**
 * Looks at what one cluster's targets need: the identity, the role, the credential, and whether all of it may be
 * written. Targets that may not are noted among the exclusions.
 * @throws ActionableError when the application is not ours or a right is missing
 */
export async function surveyJob(survey: JobSurvey, signal: AbortSignal): Promise<Job> {
  const { input, policy, cluster: surveyed } = survey;
  const { clusterId, contexts } = surveyed;
  if (clusterId === undefined) throw new TypeError("a cluster with readable targets has an id");
  const held = heldByTargets(survey);
  const identity = await surveyIdentity(survey, clusterId, held, signal);
  const proof = proofWithin(identity?.roles, survey);
  const application = applicationOf(identity?.application);
  const appId = identity ? application?.appId : input.servicePrincipal;
  await refuseOtherPrincipal(survey, clusterId, appId, signal);
  const question: CredentialQuestion = {
    clusterId,
    appId,
    application,
    cannotSignInYet:
      identity !== undefined && !(identity.application.kind === "found" && identity.application.principal),
    loginServer: proof.loginServer,
    targets: held,
    known: input.knownPassword,
    now: azureNow(survey.ports.azure?.directory, survey.ports.clock),
    listed: async (claimed) => {
      if (!survey.ports.azure || appId === undefined) return application?.passwords ?? [];
      const { directory } = survey.ports.azure;
      const ports = { directory, clock: survey.ports.clock };
      const found = await findApplicationListing({ appId, claimed }, ports, signal);
      return (found ?? application)?.passwords ?? [];
    },
    elsewhere: () => heldElsewhere(survey, signal),
    heldBesideTargets: () => heldBesideTargets(survey, application, signal),
  };
  const decision = await decideCredential(question, proof, signal);
  const deadKeys = await findDeadKeys(question, decision);
  const outlook = identity ? await checkAzureRights(survey, identity, decision, signal) : noOutlook;
  const targets = await surveyTargets(
    survey,
    decision,
    { clusterId, appId, role: identity?.roles.requested },
    signal,
  );
  const marks = await findMarks(survey, { decision, targets }, signal);
  return {
    clusterId,
    contexts,
    surveyed,
    identity,
    appId,
    decision,
    outlook,
    deadKeys,
    keysUnseen: decision.kind === "make" ? await countUnseenKeys(survey, question, signal) : 0,
    targets,
    ...marks,
    policy,
    proof,
  };
}

/** Keys that were made for the cluster and that no target knows, where secrets may not be listed. */
async function countUnseenKeys(
  survey: JobSurvey,
  { application, clusterId, now }: CredentialQuestion,
  signal: AbortSignal,
): Promise<number> {
  if (!application || (await heldElsewhere(survey, signal)) !== undefined) return 0;
  const named = survey.states.flatMap(({ state }) =>
    state.kind === "present" ? [namedBy(state.secret)] : [],
  );
  return application.passwords.filter(
    (key) =>
      isKeyOf(key, clusterId) &&
      !named.some((isNamed) => isNamed(key)) &&
      (key.endDateTime === undefined || key.endDateTime > now),
  ).length;
}

/**
 * The proof of a credential whose role is limited pulls from a repository that is within the limit.
 * @throws ActionableError `proof.image-unknown`, exit 2, when nobody can tell which that is
 */
function proofWithin(roles: RolesFinding | undefined, { input, proof }: JobSurvey): ProofContext {
  const conditions = roles?.wanted.flatMap(({ desired }) => desired.condition ?? []) ?? [];
  const repositories = conditions.flatMap(repositoriesIn);
  if (conditions.length > 0 && repositories.length === 0 && !input.image && input.proof === "registry") {
    throw refused(
      "proof.image-unknown",
      "The role of the service principal is limited by a condition that acr-pull did not write, so which repository it may pull is not known.",
      "Name an image that it may pull with --image, or leave the proof to --proof entra.",
    );
  }
  return { ...proof, image: proofImage({ image: input.image, repositories }) };
}
