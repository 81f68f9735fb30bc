import type {
  Clock,
  KubeContext,
  Manifest,
  NamedContext,
  ProcessIdentity,
  PullProof,
  RegistryLooks,
  WritableClusterTarget,
} from "../core/ports.ts";
import type { Report } from "../core/progress.ts";
import type { RemovePorts } from "../core/remove/contract.ts";
import type { RotatePorts } from "../core/rotate/contract.ts";
import type { VerifyAzure } from "../verify/contract.ts";
import type { AuthChoice, AuthMethod } from "../domain/identity.ts";

/** Which Azure, and as whom. */
export interface AzureSignIn {
  /** A name or the URL of a Resource Manager. */
  readonly cloud: string;
  readonly tenant: string | undefined;
  /** Id or name of the subscription that is worked in; it tells the Azure CLI which tenant is meant. */
  readonly subscription?: string | undefined;
  readonly auth: AuthChoice;
  /** Bounds each wait for a service, in milliseconds. */
  readonly timeoutMs: number;
}

/** Which clusters. */
export interface ClusterRequest {
  readonly kubeconfig: string | undefined;
  /** Empty for the current one. */
  readonly contexts: readonly string[];
  readonly timeoutMs: number;
}

/** Where documents go instead of changes to the cluster. The rest is as in ClusterRequest. */
export interface ManifestRequest extends ClusterRequest {
  /** A file, a folder, or `-` for standard output; undefined if the cluster itself is written to. */
  readonly manifest?: string | undefined;
  /** The command that seals each document, in words. */
  readonly sealWith?: readonly string[] | undefined;
  readonly clusterId?: string | undefined;
  /** Whether documents can be written for a cluster that no kubeconfig leads to, if its id is known. */
  readonly mayBeUnreached?: boolean;
}

/** Picks only these answers, in a fixed order, so that equal requests share one connection. */
export function azureSignIn({ cloud, tenant, subscription, auth, timeoutMs }: AzureSignIn): AzureSignIn {
  return { cloud, tenant, subscription, auth, timeoutMs };
}

/** Picks only these answers, in a fixed order, so that equal requests share one connection. */
export function clusterRequest(answers: ClusterRequest): ClusterRequest {
  const { kubeconfig, contexts, timeoutMs } = answers;
  return { kubeconfig, contexts, timeoutMs };
}

/** Azure, signed in. */
export type AzureConnection = RemovePorts["azure"] &
  VerifyAzure & {
    /** How the caller signed in. */
    readonly method: AuthMethod;
  };

/** The part of Azure that works without Resource Manager, signed in. */
export type DirectoryConnection = RotatePorts["azure"] & Pick<AzureConnection, "method">;

/** The contexts of a kubeconfig. */
export interface KubeContexts {
  readonly current: string | undefined;
  readonly contexts: readonly KubeContext[];
}

/** What a run works with, apart from Azure. */
export interface Workplace {
  /** One for each chosen context, in the order of the contexts. */
  readonly clusters: readonly WritableClusterTarget[];
  readonly pullProof: PullProof & RegistryLooks;
  readonly clock: Clock;
  readonly process: ProcessIdentity;
  /** Undefined if the clusters themselves are written to. */
  readonly manifest: Manifest | undefined;
}

/**
 * Opens the services that a run needs, each on first use. A command may pass all its answers as the request. Equal
 * requests share one connection, with its sign-in and its sockets; a failed one is opened again.
 */
export interface Connections {
  /**
   * Does not request a token yet.
   * @param until ends this connection, which is then not shared
   */
  azure(request: AzureSignIn, until?: AbortSignal): Promise<AzureConnection>;
  /** Does not request a token yet, and never requests one for Resource Manager. */
  directory(request: AzureSignIn): Promise<DirectoryConnection>;
  /** Reads only files. */
  contexts(kubeconfig: string | undefined): Promise<KubeContexts>;
  /** Reads only files, and loads no client. A file that cannot be read has no contexts. */
  contextNames(kubeconfig: string | undefined): Promise<readonly NamedContext[]>;
  /** One for each context, in order. Sends nothing yet. */
  clusters(request: ClusterRequest): Promise<Workplace["clusters"]>;
  /**
   * Everything but Azure. Open this first: a broken kubeconfig is then refused before any request.
   * @param next the part of Azure that is opened next; its clients are loaded meanwhile
   */
  workplace(request: ManifestRequest, next?: "azure" | "directory"): Promise<Workplace>;
  /**
   * Refuses a login server of another cloud: no password may go to a host that only looks like a registry.
   * @throws ActionableError `registry.foreign-host`
   */
  checkLoginServer(cloud: string, loginServer: string): Promise<void>;
}

/**
 * @param report receives what a person needs to sign in: codes to type, messages of plugins
 * @param signal the signal of the whole run
 */
export type Connect = (report: Report, signal: AbortSignal) => Connections;
