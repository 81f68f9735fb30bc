import type { Application, Caller } from "../../domain/identity.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Registry } from "../../domain/registry.ts";
import { azureNow } from "../clocks.ts";
import type { ProofContext } from "../proof/prove-pull.ts";
import { heldKeyIds } from "../cluster/key-holders.ts";
import type { TargetPolicy, TargetState } from "../turn/pull-secret.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { SetupInput, SetupPorts } from "./contract.ts";
import { heldEntry, type HeldEntry } from "./decide-credential.ts";
import type { Exclusions } from "./exclusions.ts";
import type { SurveyedCluster } from "./survey-clusters.ts";

/** A target that was read and may be written. */
export interface JudgedTarget {
  readonly target: Target;
  readonly state: TargetState;
}

/** What surveying one cluster takes. */
export interface JobSurvey {
  readonly input: SetupInput;
  readonly ports: SetupPorts;
  readonly proof: ProofContext;
  readonly registry: Registry | undefined;
  readonly caller: Caller | undefined;
  readonly policy: TargetPolicy;
  readonly exclusions: Exclusions;
  readonly cluster: SurveyedCluster;
  readonly states: readonly JudgedTarget[];
  /** Ids of applications that this run made before, when it made way for another one. */
  readonly made: ReadonlySet<string>;
}

/** The entries that the targets hold for the registry. */
export function heldByTargets({ states }: JobSurvey): readonly HeldEntry[] {
  return states.flatMap(({ target, state }) =>
    state.kind === "present" && state.mark
      ? [{ namespace: target.namespace, name: target.name, mark: state.mark, credential: state.credential }]
      : [],
  );
}

/** Those that the cluster's other managed secrets hold; undefined where they may not be listed. */
export async function heldElsewhere(
  survey: JobSurvey,
  signal: AbortSignal,
): Promise<readonly HeldEntry[] | undefined> {
  const listed = await survey.cluster.managedSecrets(signal);
  return listed
    ?.filter(isBesideTargets(survey))
    .flatMap((secret) => heldEntry(secret, survey.proof.loginServer) ?? []);
}

/** Keys of an application that secrets beside the targets hold; undefined where they may not be listed. */
export async function heldBesideTargets(
  survey: JobSurvey,
  application: Application | undefined,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const { cluster } = survey.cluster;
  const listed = application && (await cluster.listPullSecrets(signal));
  const now = azureNow(survey.ports.azure?.directory, survey.ports.clock);
  return listed && heldKeyIds(listed.filter(isBesideTargets(survey)), application, now);
}

function isBesideTargets({ states }: JobSurvey): (secret: PullSecret) => boolean {
  const targets = new Set(states.map(({ target }) => `${target.namespace}/${target.name}`));
  return ({ namespace, name }) => !targets.has(`${namespace}/${name}`);
}
