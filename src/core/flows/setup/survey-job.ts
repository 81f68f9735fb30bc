import pMap from "p-map";
import { refused, type ActionableError } from "../../../domain/errors.ts";
import type { Caller } from "../../../domain/identity.ts";
import type { Registry } from "../../../domain/registry.ts";
import type { ProofContext } from "../../checks/prove-pull.ts";
import { checkDirectoryRights, inspectApplication, type ApplicationWish } from "../../steps/application.ts";
import { checkPasswordPolicy } from "../../steps/client-secret.ts";
import { BusyError } from "../../steps/busy.ts";
import { isLive } from "../../steps/pending-mark.ts";
import { checkRoleRights, compareRoles, type RolesFinding, type RoleWish } from "../../steps/pull-role.ts";
import {
  changeFor,
  rehearseWrite,
  targetName,
  type Target,
  type TargetPolicy,
  type TargetState,
} from "../../steps/pull-secret.ts";
import { inspectLink } from "../../steps/service-account.ts";
import type { RegistryRights, Roles } from "../../ports.ts";
import type { SetupInput, SetupPorts } from "../setup-contract.ts";
import {
  decideCredential,
  heldEntry,
  type CredentialDecision,
  type HeldEntry,
  type LivingCredential,
} from "./decide-credential.ts";
import type { Exclusions } from "./exclusions.ts";
import {
  applicationOf,
  desiredEntry,
  type Job,
  type JobIdentity,
  type JobTarget,
  type StaleMark,
  type TargetCredential,
} from "./job.ts";
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
}

/**
 * Looks at what one cluster's targets need: the identity, the role, the credential, and whether all of it may be
 * written. Targets that may not are noted among the exclusions.
 * @throws ActionableError when the application is not ours or a right is missing
 */
export async function surveyJob(survey: JobSurvey, signal: AbortSignal): Promise<Job> {
  return new JobSurveyor(survey, signal).survey();
}

class JobSurveyor {
  readonly #input: SetupInput;
  readonly #ports: SetupPorts;
  readonly #proof: ProofContext;
  readonly #registry: Registry | undefined;
  readonly #caller: Caller | undefined;
  readonly #policy: TargetPolicy;
  readonly #exclusions: Exclusions;
  readonly #cluster: SurveyedCluster;
  readonly #states: readonly JudgedTarget[];
  readonly #signal: AbortSignal;
  #rights: RegistryRights | undefined;

  constructor(survey: JobSurvey, signal: AbortSignal) {
    this.#input = survey.input;
    this.#ports = survey.ports;
    this.#proof = survey.proof;
    this.#registry = survey.registry;
    this.#caller = survey.caller;
    this.#policy = survey.policy;
    this.#exclusions = survey.exclusions;
    this.#cluster = survey.cluster;
    this.#states = survey.states;
    this.#signal = signal;
  }

  async survey(): Promise<Job> {
    const { clusterId, contexts } = this.#cluster;
    if (clusterId === undefined) throw new TypeError("a cluster with readable targets has an id");
    const held = this.#states.flatMap(({ target, state }) =>
      state.kind === "present" && state.mark
        ? [{ namespace: target.namespace, name: target.name, mark: state.mark, credential: state.credential }]
        : [],
    );
    const identity = await this.#identity(clusterId, held);
    const application = applicationOf(identity?.application);
    const appId = identity ? application?.appId : this.#input.servicePrincipal;
    await this.#refuseOtherPrincipal(clusterId, appId);
    const decision = await decideCredential(
      {
        clusterId,
        appId,
        application,
        cannotSignInYet:
          identity !== undefined &&
          !(identity.application.kind === "found" && identity.application.principal),
        loginServer: this.#proof.loginServer,
        targets: held,
        known: this.#input.knownPassword,
        elsewhere: () => this.#elsewhere(),
      },
      this.#proof,
      this.#signal,
    );
    if (identity) await this.#checkRights(identity, decision);
    const targets = await this.#targets(decision, clusterId, appId);
    const marks = await this.#pendingMarks(decision);
    const isLiveMark = ({ pending, target }: StaleMark) =>
      isLive(pending, target.cluster.serverTime(), this.#ports.process);
    return {
      clusterId,
      contexts,
      surveyed: this.#cluster,
      identity,
      appId,
      decision,
      targets,
      staleMarks: marks.filter((mark) => !isLiveMark(mark)),
      liveMark: marks.find(isLiveMark),
      policy: this.#policy,
    };
  }

  async #identity(clusterId: string, held: readonly HeldEntry[]): Promise<JobIdentity | undefined> {
    const { azure } = this.#ports;
    const registry = this.#registry;
    if (!azure || !registry || !this.#caller) return undefined;
    const input = this.#input;
    // Where no target has an entry yet, another secret of the cluster may know the application.
    const marked = held.length > 0 ? held : ((await this.#elsewhere()) ?? []);
    const ours = marked.filter(({ mark }) => mark.clusterId === clusterId);
    const applicationWish: ApplicationWish = {
      registry,
      clusterId,
      displayName: input.applicationName,
      reference: input.servicePrincipal,
      owners: input.owners,
      serviceManagementReference: input.serviceManagementReference,
      expected: ours.length > 0,
      expectedAppId: ours.find(({ mark }) => mark.appId !== undefined)?.mark.appId,
      vouchesFor: (key) => this.#vouchesFor(key, clusterId, held),
    };
    const { directory, roles } = azure;
    const { clock } = this.#ports;
    const [application, rights] = await Promise.all([
      inspectApplication(applicationWish, { directory, roles, clock, caller: this.#caller }, this.#signal),
      // Nothing of ours is here, so a role will be granted.
      ours.length === 0 ? roles.registryRights(registry.id, this.#signal) : undefined,
    ]);
    this.#rights = rights;
    const roleWish: RoleWish = { registry, requested: input.role, repositories: input.repositories };
    const assignments = application.kind === "found" ? application.assignments : [];
    const known = application.kind === "absent" ? undefined : application.application;
    return {
      application,
      applicationWish,
      roleWish,
      roles: compareRoles(roleWish, assignments, known, clusterId),
    };
  }

  /**
   * Only the secrets to be written vouch for a key: who may write those may read the credential anyhow, while any
   * other namespace of the cluster could speak for a stranger's key. A run at work elsewhere is waited for.
   */
  async #vouchesFor(
    { keyId, operation }: { readonly keyId: string; readonly operation: string },
    clusterId: string,
    held: readonly HeldEntry[],
  ): Promise<boolean> {
    const names = ({ mark }: HeldEntry) =>
      mark.clusterId === clusterId &&
      (mark.keyId === keyId ||
        mark.pending?.operation === operation ||
        mark.pending?.sweep?.includes(operation) === true);
    if (held.some(names)) return true;
    const { cluster } = this.#cluster;
    const atWork = ((await this.#elsewhere()) ?? []).find(
      ({ mark }) =>
        mark.clusterId === clusterId &&
        mark.pending?.operation === operation &&
        isLive(mark.pending, cluster.serverTime(), this.#ports.process),
    );
    if (!atWork) return false;
    throw new BusyError(targetName({ cluster, namespace: atWork.namespace, name: atWork.name }));
  }

  /** An entry of another application, or of another cluster, is replaced only on purpose. */
  async #refuseOtherPrincipal(clusterId: string, appId: string | undefined): Promise<void> {
    if (this.#input.switchPrincipal) return;
    const gone = new Map<string, boolean>();
    for (const { target, state } of this.#states) {
      const mark = state.kind === "present" ? state.mark : undefined;
      if (mark?.appId === undefined) continue;
      let reason: string | undefined;
      if (mark.clusterId !== clusterId) {
        reason = `was made for the cluster ${mark.clusterId}, and this one is ${clusterId}`;
      } else if (mark.appId !== appId) {
        if (!gone.has(mark.appId)) gone.set(mark.appId, await this.#isGone(mark.appId));
        const wanted = appId ?? "a new one";
        if (!gone.get(mark.appId))
          reason = `names the service principal ${mark.appId}, and ${wanted} would be used`;
      }
      if (reason === undefined) continue;
      this.#exclusions.exclude(target, otherPrincipal(target, reason, mark.appId), this.#signal);
    }
    this.#exclusions.refuse();
  }

  async #isGone(appId: string): Promise<boolean> {
    const { azure } = this.#ports;
    return azure !== undefined && (await azure.directory.findApplications(appId, this.#signal)).length === 0;
  }

  async #elsewhere(): Promise<readonly HeldEntry[] | undefined> {
    const listed = await this.#cluster.managedSecrets(this.#signal);
    const targets = new Set(this.#states.map(({ target }) => `${target.namespace}/${target.name}`));
    return listed
      ?.filter(({ namespace, name }) => !targets.has(`${namespace}/${name}`))
      .flatMap((secret) => heldEntry(secret, this.#proof.loginServer) ?? []);
  }

  async #checkRights(identity: JobIdentity, decision: CredentialDecision): Promise<void> {
    const { azure } = this.#ports;
    const registry = this.#registry;
    if (!azure || !registry || !this.#caller) return;
    const caller = this.#caller;
    const { application, roles } = identity;
    const changesApplication = decision.kind === "make" || application.missingOwners.length > 0;
    const changesRoles =
      roles.obsolete.length > 0 ||
      roles.wanted.some(({ action }) => action === "created" || action === "updated");
    await Promise.all([
      checkDirectoryRights(application, changesApplication, azure.directory, caller, this.#signal),
      decision.kind === "make"
        ? checkPasswordPolicy(this.#input.expiresInMs, azure.directory, this.#signal)
        : undefined,
      changesRoles ? this.#checkRoleRights(azure.roles, roles, registry, caller) : undefined,
    ]);
  }

  async #checkRoleRights(
    port: Roles,
    roles: RolesFinding,
    registry: Registry,
    caller: Caller,
  ): Promise<void> {
    this.#rights ??= await port.registryRights(registry.id, this.#signal);
    checkRoleRights(roles, this.#rights, registry, caller.name);
  }

  async #targets(
    decision: CredentialDecision,
    clusterId: string,
    appId: string | undefined,
  ): Promise<JobTarget[]> {
    const { concurrency } = this.#input;
    const looked = await pMap(this.#states, (one) => this.#target(one, decision, clusterId, appId), {
      concurrency,
    });
    return looked.filter((one) => one !== undefined);
  }

  async #target(
    { target, state }: JudgedTarget,
    decision: CredentialDecision,
    clusterId: string,
    appId: string | undefined,
  ): Promise<JobTarget | undefined> {
    const credential = decision.kind === "living" ? ownOr(decision, state) : undefined;
    const desired =
      credential && appId !== undefined
        ? desiredEntry(
            this.#input,
            this.#registry,
            this.#proof.loginServer,
            clusterId,
            appId,
            credential,
            state,
          )
        : undefined;
    const changes = state.kind === "absent" || !desired || changeFor(state, desired) !== undefined;
    try {
      if (changes) await rehearseWrite(target, state, this.#signal);
      const links = [];
      const namespaceIsMade = state.kind === "absent" && state.createNamespace;
      for (const account of this.#input.serviceAccounts) {
        const link = {
          cluster: target.cluster,
          namespace: target.namespace,
          account,
          secretName: target.name,
        };
        links.push({ link, finding: await inspectLink(link, namespaceIsMade, this.#signal) });
      }
      return { target, state, credential, changes, links };
    } catch (error) {
      this.#exclusions.exclude(target, error, this.#signal);
      return undefined;
    }
  }

  /** Pending marks of this cluster for this registry, in the targets and, when a key is made, wherever one may look. */
  async #pendingMarks(decision: CredentialDecision): Promise<StaleMark[]> {
    const inTargets = this.#states.flatMap(({ target, state }) => {
      const pending = state.kind === "present" ? state.mark?.pending : undefined;
      return pending ? [{ target, pending }] : [];
    });
    if (decision.kind === "living") return inTargets;
    const elsewhere = (await this.#elsewhere()) ?? [];
    const others = elsewhere.flatMap(({ namespace, name, mark }) =>
      mark.pending
        ? [{ target: { cluster: this.#cluster.cluster, namespace, name }, pending: mark.pending }]
        : [],
    );
    return [...inTargets, ...others];
  }
}

function otherPrincipal(target: Target, what: string, appId: string): ActionableError {
  return refused(
    "secret.other-principal",
    `The entry in secret ${targetName(target)} ${what}.`,
    `Replace it on purpose with --switch-principal, or keep it with --service-principal ${appId}.`,
  );
}

/** A target keeps the credential it has while that lives; only the others get the one that was chosen. */
function ownOr(decision: LivingCredential, state: TargetState): TargetCredential {
  const own = state.kind === "present" ? state.credential : undefined;
  if (!own || decision.from === "user") return decision;
  return decision.alive.find(({ credential }) => credential.password.equals(own.password)) ?? decision;
}
