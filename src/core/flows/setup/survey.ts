import pMap from "p-map";
import { ActionableError, refused } from "../../../domain/errors.ts";
import { exitCode } from "../../../domain/exit-code.ts";
import type { Application, Caller } from "../../../domain/identity.ts";
import type { PendingMark } from "../../../domain/ownership.ts";
import type { Registry } from "../../../domain/registry.ts";
import { proofImage, type ProofContext } from "../../checks/prove-pull.ts";
import {
  checkDirectoryRights,
  inspectApplication,
  type ApplicationFinding,
  type ApplicationWish,
} from "../../steps/application.ts";
import { isLive } from "../../steps/pending-mark.ts";
import { checkRoleRights, compareRoles, type RolesFinding, type RoleWish } from "../../steps/pull-role.ts";
import {
  changeFor,
  judgeTarget,
  rehearseWrite,
  targetName,
  type DesiredEntry,
  type Target,
  type TargetPolicy,
  type TargetState,
} from "../../steps/pull-secret.ts";
import { inspectLink, type LinkFinding, type ServiceAccountLink } from "../../steps/service-account.ts";
import type { SetupInput, SetupPorts } from "../setup-contract.ts";
import type { Report } from "../../progress.ts";
import {
  decideCredential,
  heldEntry,
  type CredentialDecision,
  type HeldEntry,
  type LivingCredential,
} from "./decide-credential.ts";
import { findRegistry } from "./find-registry.ts";
import { surveyClusters, type SurveyedCluster } from "./survey-clusters.ts";

/** A credential as one target holds it. */
export type TargetCredential = Omit<LivingCredential, "alive">;

/** A target that will be written or is in order. */
export interface JobTarget {
  readonly target: Target;
  readonly state: TargetState;
  /** The credential it shall hold; undefined: the key that is still to be made. */
  readonly credential: TargetCredential | undefined;
  readonly changes: boolean;
  readonly links: ReadonlyArray<{ readonly link: ServiceAccountLink; readonly finding: LinkFinding }>;
}

/** A target that cannot be written now, with the reason. */
export interface LeftOut {
  readonly target: Target;
  readonly error: ActionableError;
}

/** A mark of a run that is gone: the keys it names are swept. */
export interface StaleMark {
  readonly target: Target;
  readonly pending: PendingMark;
}

/** What Azure holds for one cluster. */
export interface JobIdentity {
  readonly application: ApplicationFinding;
  readonly applicationWish: ApplicationWish;
  readonly roles: RolesFinding;
  readonly roleWish: RoleWish;
}

/** Everything about one cluster that the plan and its carrying out need. */
export interface Job {
  readonly clusterId: string;
  readonly contexts: readonly string[];
  readonly surveyed: SurveyedCluster;
  /** Undefined with `--no-azure`. */
  readonly identity: JobIdentity | undefined;
  /** Known unless the application is still to be made. */
  readonly appId: string | undefined;
  readonly decision: CredentialDecision;
  readonly targets: readonly JobTarget[];
  readonly staleMarks: readonly StaleMark[];
  readonly liveMark: StaleMark | undefined;
  readonly policy: TargetPolicy;
}

/** What was found, and what follows from it. */
export interface Survey {
  readonly registry: Registry | undefined;
  readonly loginServer: string;
  readonly caller: Caller | undefined;
  readonly proof: ProofContext;
  readonly jobs: readonly Job[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Looks at everything setup touches and writes nothing.
 * @throws ActionableError with exit 2 for input that can never work in some target, with exit 3 when a right is
 *   missing or no target is left
 */
export async function survey(
  input: SetupInput,
  ports: SetupPorts,
  report: Report,
  signal: AbortSignal,
): Promise<Survey> {
  const [found, clusters, caller] = await Promise.all([
    findRegistry(input, ports, signal),
    surveyClusters(input, ports.clusters, signal),
    ports.azure?.directory.caller(signal),
  ]);
  const { registry, loginServer } = found;
  const proof: ProofContext = {
    pullProof: ports.pullProof,
    signIn: ports.azure?.signIn,
    clock: ports.clock,
    report,
    kind: input.proof,
    loginServer,
    image: proofImage(input),
    timeoutMs: input.timeoutMs,
  };
  const surveyor = new Surveyor(input, ports, proof, registry, caller, signal);
  const judged = clusters.map((cluster) => surveyor.judge(cluster));
  surveyor.refuse();
  surveyor.requireTargets(judged.flatMap(({ states }) => states).length);
  const [jobs] = await Promise.all([
    Promise.all(judged.filter(({ states }) => states.length > 0).map((one) => surveyor.job(one))),
    input.proof === "registry" ? ports.pullProof.checkReachable(loginServer, signal) : undefined,
  ]);
  surveyor.refuse();
  surveyor.requireTargets(jobs.flatMap(({ targets }) => targets).length);
  return {
    registry,
    loginServer,
    caller,
    proof,
    jobs: jobs.filter(({ targets }) => targets.length > 0),
    leftOut: surveyor.leftOut,
  };
}

interface JudgedCluster {
  readonly cluster: SurveyedCluster;
  readonly states: ReadonlyArray<{ readonly target: Target; readonly state: TargetState }>;
}

/** Codes of a cluster's answers that no waiting and no right can mend: they refuse the whole run. */
const neverWorks = new Set(["kubernetes.namespace-not-found", "kubernetes.invalid"]);

class Surveyor {
  readonly #input: SetupInput;
  readonly #ports: SetupPorts;
  readonly #proof: ProofContext;
  readonly #registry: Registry | undefined;
  readonly #caller: Caller | undefined;
  readonly #signal: AbortSignal;
  readonly leftOut: LeftOut[] = [];
  readonly #refusals: ActionableError[] = [];

  constructor(
    input: SetupInput,
    ports: SetupPorts,
    proof: ProofContext,
    registry: Registry | undefined,
    caller: Caller | undefined,
    signal: AbortSignal,
  ) {
    this.#input = input;
    this.#ports = ports;
    this.#proof = proof;
    this.#registry = registry;
    this.#caller = caller;
    this.#signal = signal;
  }

  /** Refuses the run when some target can never be written; all reasons are told at once. */
  refuse(): void {
    const [first, ...more] = this.#refusals;
    if (!first) return;
    if (more.length === 0) throw first;
    const all = this.#refusals.map(({ message }) => message).join("\n");
    throw refused(
      first.code,
      `${this.#refusals.length} targets cannot be written, so none was:\n${all}`,
      first.hint,
    );
  }

  /** Stops the run when every target had to be left out. */
  requireTargets(count: number): void {
    const [first] = this.leftOut;
    if (count > 0 || !first) return;
    const all =
      this.leftOut.length === 1
        ? first.error.message
        : this.leftOut.map(({ error }) => error.message).join("\n");
    const passing = this.leftOut.every(({ error }) => error.retryable);
    throw new ActionableError(all, {
      code: first.error.code,
      hint: first.error.hint,
      docs: first.error.docs,
      retryable: passing,
      // A cluster that does not answer has refused nobody.
      exitCode: passing ? exitCode.failed : exitCode.notAllowed,
      requestId: first.error.requestId,
    });
  }

  judge(cluster: SurveyedCluster): JudgedCluster {
    const states: Array<{ target: Target; state: TargetState }> = [];
    for (const { target, content } of cluster.targets) {
      try {
        if (content instanceof ActionableError) throw content;
        states.push({ target, state: judgeTarget(target, content, this.#policy()) });
      } catch (error) {
        this.#exclude(target, error);
      }
    }
    return { cluster, states };
  }

  #policy(): TargetPolicy {
    const { adopt, createNamespace } = this.#input;
    return { loginServer: this.#proof.loginServer, adopt, createNamespace };
  }

  #exclude(target: Target, error: unknown): void {
    if (!(error instanceof ActionableError) || this.#signal.aborted) throw error;
    if (error.exitCode === exitCode.usage || neverWorks.has(error.code)) {
      this.#refusals.push(
        error.exitCode === exitCode.usage
          ? error
          : refused(error.code, error.message, error.hint, error.docs),
      );
    } else {
      this.leftOut.push({ target, error });
    }
  }

  async job({ cluster, states }: JudgedCluster): Promise<Job> {
    const { clusterId, contexts } = cluster;
    if (clusterId === undefined) throw new TypeError("a cluster with readable targets has an id");
    const held = states.flatMap(({ target, state }) =>
      state.kind === "present" && state.mark
        ? [{ namespace: target.namespace, name: target.name, mark: state.mark, credential: state.credential }]
        : [],
    );
    const identity = await this.#identity(cluster, clusterId, held);
    const application =
      identity && identity.application.kind !== "absent" ? identity.application.application : undefined;
    const appId = identity ? application?.appId : this.#input.servicePrincipal;
    await this.#refuseOtherPrincipal(states, clusterId, appId);
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
        elsewhere: () => this.#elsewhere(cluster, states),
      },
      this.#proof,
      this.#signal,
    );
    if (identity) await this.#checkRights(identity, decision);
    const targets = await this.#targets(states, decision, clusterId, appId);
    const marks = await this.#pendingMarks(cluster, states, decision);
    const isLiveMark = ({ pending, target }: StaleMark) =>
      isLive(pending, target.cluster.serverTime(), this.#ports.process);
    return {
      clusterId,
      contexts,
      surveyed: cluster,
      identity,
      appId,
      decision,
      targets,
      staleMarks: marks.filter((mark) => !isLiveMark(mark)),
      liveMark: marks.find(isLiveMark),
      policy: this.#policy(),
    };
  }

  async #identity(
    cluster: SurveyedCluster,
    clusterId: string,
    held: readonly HeldEntry[],
  ): Promise<JobIdentity | undefined> {
    const { azure } = this.#ports;
    const registry = this.#registry;
    if (!azure || !registry || !this.#caller) return undefined;
    const input = this.#input;
    const applicationWish: ApplicationWish = {
      registry,
      clusterId,
      displayName: input.applicationName,
      reference: input.servicePrincipal,
      owners: input.owners,
      serviceManagementReference: input.serviceManagementReference,
      expected: held.some(({ mark }) => mark.clusterId === clusterId),
      vouchesFor: async ({ keyId, operation }) => {
        const listed = await cluster.managedSecrets(this.#signal);
        const others = (listed ?? []).flatMap((secret) => heldEntry(secret, this.#proof.loginServer) ?? []);
        return [...held, ...others].some(
          ({ mark }) =>
            mark.clusterId === clusterId &&
            (mark.keyId === keyId ||
              mark.pending?.operation === operation ||
              mark.pending?.sweep?.includes(operation)),
        );
      },
    };
    const { directory, roles } = azure;
    const { clock } = this.#ports;
    const application = await inspectApplication(
      applicationWish,
      { directory, roles, clock, caller: this.#caller },
      this.#signal,
    );
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

  /** An entry of another application, or of another cluster, is replaced only on purpose. */
  async #refuseOtherPrincipal(
    states: JudgedCluster["states"],
    clusterId: string,
    appId: string | undefined,
  ): Promise<void> {
    if (this.#input.switchPrincipal) return;
    const vanished = new Map<string, Promise<boolean>>();
    const isGone = (other: string) => {
      const known = vanished.get(other) ?? this.#isGone(other);
      vanished.set(other, known);
      return known;
    };
    for (const { target, state } of states) {
      const mark = state.kind === "present" ? state.mark : undefined;
      if (mark?.appId === undefined) continue;
      if (mark.clusterId !== clusterId) {
        this.#refusals.push(
          otherPrincipal(target, `was made for the cluster ${mark.clusterId}, and this one is ${clusterId}`),
        );
      } else if (mark.appId !== appId && !(await isGone(mark.appId))) {
        const wanted = appId === undefined ? "a new one" : appId;
        this.#refusals.push(
          otherPrincipal(
            target,
            `names the service principal ${mark.appId}, and ${wanted} would be used`,
            mark.appId,
          ),
        );
      }
    }
    this.refuse();
  }

  async #isGone(appId: string): Promise<boolean> {
    const { azure } = this.#ports;
    return azure !== undefined && (await azure.directory.findApplications(appId, this.#signal)).length === 0;
  }

  async #elsewhere(
    cluster: SurveyedCluster,
    states: JudgedCluster["states"],
  ): Promise<readonly HeldEntry[] | undefined> {
    const listed = await cluster.managedSecrets(this.#signal);
    const targets = new Set(states.map(({ target }) => `${target.namespace}/${target.name}`));
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
      changesRoles
        ? azure.roles
            .registryRights(registry.id, this.#signal)
            .then((rights) => checkRoleRights(roles, rights, registry, caller.name))
        : undefined,
    ]);
  }

  async #targets(
    states: JudgedCluster["states"],
    decision: CredentialDecision,
    clusterId: string,
    appId: string | undefined,
  ): Promise<JobTarget[]> {
    const { concurrency } = this.#input;
    const looked = await pMap(states, (one) => this.#target(one, decision, clusterId, appId), {
      concurrency,
    });
    return looked.filter((one) => one !== undefined);
  }

  async #target(
    { target, state }: JudgedCluster["states"][number],
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
      this.#exclude(target, error);
      return undefined;
    }
  }

  /** Pending marks of this cluster for this registry, in the targets and, when a key is made, wherever one may look. */
  async #pendingMarks(
    cluster: SurveyedCluster,
    states: JudgedCluster["states"],
    decision: CredentialDecision,
  ): Promise<StaleMark[]> {
    const inTargets = states.flatMap(({ target, state }) => {
      const pending = state.kind === "present" ? state.mark?.pending : undefined;
      return pending ? [{ target, pending }] : [];
    });
    if (decision.kind === "living") return inTargets;
    const elsewhere = (await this.#elsewhere(cluster, states)) ?? [];
    const others = elsewhere.flatMap(({ namespace, name, mark }) =>
      mark.pending ? [{ target: { cluster: cluster.cluster, namespace, name }, pending: mark.pending }] : [],
    );
    return [...inTargets, ...others];
  }
}

function otherPrincipal(target: Target, what: string, appId?: string): ActionableError {
  const keep = appId === undefined ? "" : `, or keep it with --service-principal ${appId}`;
  return refused(
    "secret.other-principal",
    `The entry in secret ${targetName(target)} ${what}.`,
    `Replace it on purpose with --switch-principal${keep}.`,
  );
}

/** A target keeps the credential it has while that lives; only the others get the one that was chosen. */
function ownOr(decision: LivingCredential, state: TargetState): TargetCredential {
  const own = state.kind === "present" ? state.credential : undefined;
  if (!own || decision.from === "user") return decision;
  return decision.alive.find(({ credential }) => credential.password.equals(own.password)) ?? decision;
}

/** What a target shall hold, credential and marks. */
export function desiredEntry(
  input: SetupInput,
  registry: Registry | undefined,
  loginServer: string,
  clusterId: string,
  appId: string,
  credential: Pick<LivingCredential, "credential" | "keyId" | "expiresAt">,
  state: TargetState,
  keepPending = true,
): DesiredEntry {
  const known = state.kind === "present" ? state.mark?.registry : undefined;
  return {
    loginServer,
    credential: credential.credential,
    keepPending,
    mark: {
      registry: registry?.id ?? known ?? loginServer,
      clusterId,
      appId,
      keyId: credential.keyId,
      expiresAt: credential.expiresAt,
      role: input.role,
    },
  };
}

/** Whether an application of this finding is there already. */
export function applicationOf(finding: ApplicationFinding | undefined): Application | undefined {
  return finding && finding.kind !== "absent" ? finding.application : undefined;
}
