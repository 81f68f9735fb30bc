import type { Caller } from "../domain/identity.ts";
import type { Registry } from "../domain/registry.ts";
import type { SecretText } from "../domain/secret-text.ts";
import { parseState, type State } from "../domain/state.ts";
import { proofImage, type ProofContext } from "../core/proof/prove-pull.ts";
import type {
  Clock,
  Directory,
  ProofImage,
  PullProof,
  Roles,
  SignIn,
  WritableCluster,
} from "../core/ports.ts";
import type { Report } from "../core/progress.ts";
import { look } from "./look.ts";
import { leavingTargets, planRemove, type RemoveWish } from "./plan/remove.ts";
import { planRotate, type RotateWish } from "./plan/rotate.ts";
import { planSetup, type SetupWish } from "./plan/setup.ts";
import type { Job } from "./run.ts";
import { ServicePrincipalIdentity } from "./service-principal.ts";
import { FileStateStore } from "./file-state-store.ts";
import type { Documents } from "./ports.ts";
import { SecretStateStore, stateOfSecret, stateType, type StateStore } from "./state-store.ts";
import { findUsers } from "./users.ts";
import type { KnownRegistry, World } from "./world.ts";

/** What the jobs work with. */
export interface JobPorts {
  /** Undefined where nothing in Azure but the registry is called. */
  readonly azure:
    | { readonly directory: Directory; readonly roles?: Roles | undefined; readonly signIn: SignIn }
    | undefined;
  readonly pullProof: PullProof;
  readonly cluster: WritableCluster;
  /** Undefined if secrets lie in the cluster. */
  readonly documents?: Documents | undefined;
  readonly clock: Clock;
  readonly report: Report;
}

/** What every job is asked. */
export interface JobWish {
  readonly stateNamespace: string;
  readonly proof: "registry" | "entra";
  readonly image: ProofImage | undefined;
  /** Bounds each wait for a service, in milliseconds. */
  readonly timeoutMs: number;
}

/** The part of a job that decides what is done. */
export type Work = Pick<Job, "look" | "plan" | "readyToWrite" | "goesOn">;

/** What `setup` was asked for about the identity. */
export interface IdentityWish {
  /** Id or name of an application that was named in this run. */
  readonly servicePrincipal: string | undefined;
  readonly password: SecretText | undefined;
  readonly displayName: string | undefined;
  readonly owners: readonly string[];
  readonly serviceManagementReference: string | undefined;
}

/** The whole job. */
export function setupWork(
  registry: KnownRegistry,
  wish: JobWish & SetupWish & IdentityWish,
  ports: JobPorts,
  signal: AbortSignal,
): Work {
  const { azure } = ports;
  const store = storeOf(registry.loginServer, wish, ports);
  const { password, servicePrincipal } = wish;
  return {
    look: async () => {
      const caller = await azure?.directory.caller(signal);
      const shared = common(registry, store, wish, ports, wish.repositories);
      return look(
        {
          ...shared,
          lookAtIdentity:
            azure && caller && isWhole(registry)
              ? identityOf(registry, wish, { ...ports, ...shared, azure, caller })
              : undefined,
          named: wish.targets,
          given: password && { userName: servicePrincipal, password },
          tries: true,
          adopt: wish.adopt,
          mayBegin: true,
        },
        signal,
      );
    },
    plan: (world) => planSetup(world, wish),
    // The rest of a removal clears the way for what was asked.
    goesOn: ({ state, store: { state: left } }) => state.removing === true && left === undefined,
    readyToWrite: readyToWrite(azure, signal),
  };
}

/** A new password for one installation. */
export function rotateWork(
  state: State,
  wish: JobWish & RotateWish & { readonly servicePrincipal: string | undefined },
  ports: JobPorts,
  signal: AbortSignal,
): Work {
  return {
    look: () => lookAtInstallation(state, wish, ports, { tries: true }, signal),
    plan: (world) => planRotate(world, wish),
  };
}

/** Undoes one installation, or some targets of it. */
export function removeWork(
  state: State,
  wish: JobWish & RemoveWish & { readonly servicePrincipal: string | undefined },
  ports: JobPorts,
  signal: AbortSignal,
): Work {
  const { azure } = ports;
  return {
    look: async () => {
      const world = await lookAtInstallation(state, wish, ports, { tries: false }, signal);
      // Who uses what documents bring is seen by whoever applies them.
      if (world.documents !== undefined) return world;
      const leaving = leavingTargets(world.state.targets, wish.targets);
      return { ...world, users: await findUsers(world, leaving) };
    },
    plan: (world) => planRemove(world, wish),
    readyToWrite: readyToWrite(azure, signal),
  };
}

/** Looks at an installation as it is, for `status`. Azure is asked only if the ports have it. */
export function statusLook(
  state: State,
  wish: JobWish,
  ports: JobPorts,
  signal: AbortSignal,
): Promise<World> {
  return lookAtInstallation(state, { ...wish, servicePrincipal: undefined }, ports, { tries: false }, signal);
}

async function lookAtInstallation(
  state: State,
  wish: JobWish & { readonly servicePrincipal: string | undefined },
  ports: JobPorts,
  { tries }: { readonly tries: boolean },
  signal: AbortSignal,
): Promise<World> {
  const { azure } = ports;
  const { id, loginServer } = state.registry;
  const registry = { name: loginServer.split(".")[0] ?? loginServer, loginServer, ...(id && { id }) };
  const store = storeOf(loginServer, wish, ports);
  const caller = await azure?.directory.caller(signal);
  const identityWish = { ...wish, displayName: undefined, owners: [], serviceManagementReference: undefined };
  const shared = common(registry, store, wish, ports, state.role?.repositories);
  return look(
    {
      ...shared,
      lookAtIdentity:
        azure && caller && id !== undefined && (state.identity.id !== undefined || state.keys.length > 0)
          ? identityOf({ ...registry, id }, identityWish, { ...ports, ...shared, azure, caller })
          : undefined,
      named: [],
      given: undefined,
      tries,
      adopt: false,
      mayBegin: false,
    },
    signal,
  );
}

function storeOf(
  loginServer: string,
  { stateNamespace }: JobWish,
  { cluster, documents }: JobPorts,
): StateStore {
  return documents
    ? new FileStateStore(documents.stateOf(loginServer))
    : new SecretStateStore(cluster, stateNamespace, loginServer);
}

function common(
  registry: KnownRegistry,
  store: StateStore,
  wish: JobWish,
  ports: JobPorts,
  repositories: readonly string[] | undefined,
) {
  const { azure, pullProof, cluster, report } = ports;
  const clock: Clock = {
    now: () => ports.clock.now(),
    sleep: async (ms, signal) => {
      const ends = AbortSignal.any([signal, store.lost]);
      // A timer that is aborted says only that it was.
      await ports.clock.sleep(ms, ends).catch(() => ends.throwIfAborted());
    },
  };
  const { proof: kind, image, timeoutMs, stateNamespace } = wish;
  const { loginServer } = registry;
  const proof: ProofContext = {
    pullProof,
    signIn: azure?.signIn,
    clock,
    report,
    kind,
    loginServer,
    image: proofImage({ image, repositories: repositories ?? [] }),
    timeoutMs,
  };
  const documents = ports.documents?.path;
  const directory = azure?.directory;
  return { registry, store, stateNamespace, documents, cluster, directory, proof, clock, report };
}

function isWhole(registry: KnownRegistry): registry is Registry {
  return registry.id !== undefined;
}

function identityOf(
  registry: Pick<Registry, "id" | "name"> & Partial<Registry>,
  wish: Omit<IdentityWish, "password"> & Pick<JobWish, "timeoutMs">,
  ports: Pick<JobPorts, "clock" | "report"> & {
    readonly azure: NonNullable<JobPorts["azure"]>;
    readonly caller: Caller;
  },
) {
  const { azure, caller, clock, report } = ports;
  const { servicePrincipal: named, displayName, owners, serviceManagementReference } = wish;
  const { directory, roles } = azure;
  const tools = { directory, roles, clock, report, caller, timeoutMs: wish.timeoutMs };
  return (id: string, state: State | undefined, signal: AbortSignal) =>
    ServicePrincipalIdentity.look(
      {
        registry: { ...registry, roleAssignmentMode: registry.roleAssignmentMode },
        id,
        record: state?.identity,
        named,
        displayName,
        owners,
        serviceManagementReference,
        isRemoving: state?.removing === true,
      },
      tools,
      signal,
    );
}

function readyToWrite(azure: JobPorts["azure"], signal: AbortSignal): Work["readyToWrite"] {
  const roles = azure?.roles;
  return roles && (() => roles.readyToWrite(signal));
}

/** The states of a cluster's state namespace. None is nothing to be content with: the caller says so. */
export async function findStates(
  cluster: Pick<WritableCluster, "context" | "listSecretsOfType">,
  stateNamespace: string,
  signal: AbortSignal,
): Promise<readonly State[]> {
  const secrets = await cluster.listSecretsOfType(stateNamespace, stateType, signal);
  return secrets.map((secret) => stateOfSecret(secret));
}

/** The states beside documents. @throws ActionableError `state.malformed`, `state.newer`, exit 2 */
export async function findStatesBeside({
  allStates,
}: Pick<Documents, "allStates">): Promise<readonly State[]> {
  const files = await allStates();
  return Promise.all(files.map(async (file) => parseState((await file.read()) ?? "", file.path)));
}
