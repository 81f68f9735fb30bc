import type {
  Clock,
  ExecPluginPolicy,
  KubeContext,
  NamedContext,
  ProcessIdentity,
  PullProof,
  RegistryLooks,
  WritableClusterTarget,
} from "../core/ports.ts";
import type { Report } from "../core/progress.ts";
import type { RemovePorts } from "../core/remove/contract.ts";
import type { RotatePorts } from "../core/rotate/contract.ts";
import type { ReadTarget, VerifyAzure } from "../core/verify/contract.ts";
import type { AuthChoice, AuthMethod } from "../domain/identity.ts";

/** Which Azure, and as whom. */
export interface AzureRequest {
  /** A name or the URL of a Resource Manager. */
  readonly cloud: string;
  readonly tenant: string | undefined;
  readonly auth: AuthChoice;
  /** Bounds each wait for a service, in milliseconds. */
  readonly timeoutMs: number;
}

/** Which clusters. */
export interface ClusterRequest {
  readonly kubeconfig: string | undefined;
  /** Empty: the current one. */
  readonly contexts: readonly string[];
  readonly allowInsecureTls: boolean;
  /** Undefined: any program may be run, and one that is not well-known is told of. */
  readonly execPlugins: ExecPluginPolicy | undefined;
  readonly timeoutMs: number;
  /** The most requests under way at once in each cluster. */
  readonly concurrency: number;
  /** Secrets, as `namespace/name`, that are listed as if they were not there. */
  readonly leaveOut?: readonly string[];
}

/** Which Azure a command works in: of its answers, these alone and in this order. */
export function azureRequest({ cloud, tenant, auth, timeoutMs }: AzureRequest): AzureRequest {
  return { cloud, tenant, auth, timeoutMs };
}

/** Which clusters a command works on: of its answers, these alone and in this order. */
export function clusterRequest(answers: ClusterRequest): ClusterRequest {
  const { kubeconfig, contexts, allowInsecureTls, execPlugins, timeoutMs, concurrency } = answers;
  const { leaveOut = [] } = answers;
  return { kubeconfig, contexts, allowInsecureTls, execPlugins, timeoutMs, concurrency, leaveOut };
}

/** Azure, signed in. */
export type AzureConnection = RemovePorts["azure"] &
  VerifyAzure & {
    /** How the sign-in came about. */
    readonly method: AuthMethod;
  };

/** What of Azure needs no Resource Manager, signed in. */
export type DirectoryConnection = RotatePorts["azure"] & Pick<AzureConnection, "method">;

/** The contexts of a kubeconfig. */
export interface KubeContexts {
  readonly current: string | undefined;
  readonly contexts: readonly KubeContext[];
}

/** What a run works with besides Azure. */
export interface Workplace {
  /** One for each chosen context, in their order. */
  readonly clusters: ReadonlyArray<WritableClusterTarget & ReadTarget>;
  readonly pullProof: PullProof & RegistryLooks;
  readonly clock: Clock;
  readonly process: ProcessIdentity;
}

/**
 * Opens the services a run needs, each when it is first asked for; connect.ts joins them. Requests may be all answers of
 * a command. The same request gets the same connection, with its sign-in and its sockets; one that failed is tried anew.
 */
export interface Connections {
  /**
   * Asks for no token yet.
   * @param until ends this connection alone, which then nobody else gets
   */
  azure(request: AzureRequest, until?: AbortSignal): Promise<AzureConnection>;
  /** Asks for no token yet, and never for one of Resource Manager's. */
  directory(request: AzureRequest): Promise<DirectoryConnection>;
  /** Reads files alone. */
  contexts(kubeconfig: string | undefined): Promise<KubeContexts>;
  /** Reads files alone, and loads no client for it; what cannot be read has no contexts. */
  contextNames(kubeconfig: string | undefined): Promise<readonly NamedContext[]>;
  /** One for each context, in their order; sends nothing yet. */
  clusters(request: ClusterRequest): Promise<Workplace["clusters"]>;
  /**
   * Everything besides Azure. Azure is opened after it: what is wrong with the kubeconfig is refused before any request.
   * @param next what of Azure will be opened, whose clients are loaded meanwhile
   */
  workplace(request: ClusterRequest, next?: "azure" | "directory"): Promise<Workplace>;
  /**
   * Refuses a login server that is not the cloud's: a password typed for a registry must not go to a host that only
   * looks like one.
   * @throws ActionableError `registry.foreign-host`
   */
  checkLoginServer(cloud: string, loginServer: string): Promise<void>;
}

/**
 * @param report hears what a person must know to sign in: codes to type, what a plugin says
 * @param signal of the whole run
 */
export type Connect = (report: Report, signal: AbortSignal) => Connections;
