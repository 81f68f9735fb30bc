import type { SetupPorts } from "../core/flows/setup-contract.ts";
import type { Report } from "../core/progress.ts";
import type { AuthMethod } from "./options.ts";

/** Which services a run speaks to, and as whom. */
export interface ConnectionRequest {
  /** A name or the URL of a Resource Manager. */
  readonly cloud: string;
  readonly azure:
    | { readonly kind: "signed-in"; readonly tenant: string | undefined; readonly auth: AuthMethod }
    /** Nothing of Azure but this registry is to be called. */
    | { readonly kind: "registry-only"; readonly loginServer: string };
  readonly kubernetes: {
    readonly kubeconfig: string | undefined;
    /** Empty: the current one. */
    readonly contexts: readonly string[];
    readonly allowInsecureTls: boolean;
  };
  /** Bounds each wait for a service, in milliseconds. */
  readonly timeoutMs: number;
}

/** Opens the services a run needs; main.ts joins them. */
export type Connect = (
  request: ConnectionRequest,
  report: Report,
  signal: AbortSignal,
) => Promise<SetupPorts>;
