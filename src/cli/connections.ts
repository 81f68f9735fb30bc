import type { ClusterTarget, ExecPluginPolicy, KubeContext, NamedContext, Writing } from "../core/ports.ts";
import type { RemovePorts } from "../core/remove/contract.ts";
import type { RotatePorts } from "../core/rotate/contract.ts";
import type { StatusPorts } from "../core/status/contract.ts";
import type { SetupPorts } from "../core/setup/contract.ts";
import type { VerifyPorts } from "../core/verify/contract.ts";
import type { AuthChoice, AuthMethod } from "../domain/identity.ts";
import type { Report } from "../core/progress.ts";

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

/** Which services `setup` speaks to. */
export interface SetupRequest {
  readonly azure:
    | ({ readonly kind: "signed-in" } & AzureRequest)
    /** Nothing of Azure but this registry is to be called. */
    | { readonly kind: "registry-only"; readonly cloud: string; readonly loginServer: string };
  readonly clusters: ClusterRequest;
}

/** Which services `rotate` speaks to. */
export interface RotateRequest {
  readonly azure: AzureRequest;
  readonly clusters: ClusterRequest;
}

/** Which services `status` speaks to. */
export type StatusRequest = RotateRequest;

/** Which services `verify` speaks to; Azure only if it lets the caller in. */
export type VerifyRequest = RotateRequest;

/** Which services `remove` speaks to. */
export interface RemoveRequest {
  readonly azure: AzureRequest;
  readonly clusters: ClusterRequest;
}

/** Azure, signed in. */
export type AzureConnection = RemovePorts["azure"] & {
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

/**
 * Opens the services a run needs, each when it is first asked for; connect.ts joins them. The same request gets the same
 * connection, with its sign-in and its sockets; one that failed is tried anew.
 */
export interface Connections {
  /** Asks for no token yet. */
  azure(request: AzureRequest): Promise<AzureConnection>;
  /** Asks for no token yet, and never for one of Resource Manager's. */
  directory(request: AzureRequest): Promise<DirectoryConnection>;
  /** Reads files alone. */
  contexts(kubeconfig: string | undefined): Promise<KubeContexts>;
  /** Reads files alone, and loads no client for it; what cannot be read has no contexts. */
  contextNames(kubeconfig: string | undefined): Promise<readonly NamedContext[]>;
  /** One for each context, in their order; sends nothing yet. */
  clusters(request: ClusterRequest): Promise<readonly ClusterTarget[]>;
  /** Everything for `setup`. */
  setup(request: SetupRequest): Promise<Writing<SetupPorts>>;
  /** Everything for `rotate`. */
  rotate(request: RotateRequest): Promise<Writing<RotatePorts>>;
  /** Everything for `status`; signs in to nothing before the directory is asked for. */
  status(request: StatusRequest): Promise<StatusPorts>;
  /** Everything for `verify`; Azure is opened when it is first asked for. */
  verify(request: VerifyRequest): Promise<VerifyPorts>;
  /** Everything for `remove`. */
  remove(request: RemoveRequest): Promise<Writing<RemovePorts>>;
}

/**
 * @param report hears what a person must know to sign in: codes to type, what a plugin says
 * @param signal of the whole run
 */
export type Connect = (report: Report, signal: AbortSignal) => Connections;
