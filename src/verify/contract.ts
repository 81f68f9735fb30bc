import type { RegistryReference } from "../domain/registry.ts";
import type {
  Clock,
  ClusterTarget,
  Directory,
  ManagedClusters,
  PrincipalReads,
  ProofImage,
  RegistryLooks,
  RegistryReads,
  RegistryScope,
  RoleReads,
  Roles,
  SignIn,
  Suggest,
} from "../core/ports.ts";
import type { CheckResult } from "./check.ts";

/** Everything the user asked `verify` for, with its form checked. */
export interface VerifyInput extends RegistryScope {
  /** Undefined for every Azure registry that the secrets have an entry for. */
  readonly registry: RegistryReference | undefined;
  /** If empty, and if there is no selector, the context's own namespace is meant. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  /** Look at every namespace with a pull secret for an Azure registry, instead of those. */
  readonly allNamespaces: boolean;
  /** Undefined for every pull secret with an entry for an Azure registry, or the usual name if there is none. */
  readonly secretName: string | undefined;
  readonly image: ProofImage | undefined;
  /** A pod that does not get its image, for verify to say why. Other pods that wait for an image are looked at too. */
  readonly pod: string | undefined;
  /** How long Azure may take to let the caller in or to answer, in milliseconds. Then its checks are skipped. */
  readonly azurePatienceMs: number;
  readonly suggest: Suggest;
}

/** The parts of Azure that verify reads, signed in. */
export interface VerifyAzure {
  readonly registries: RegistryReads;
  readonly roles: RoleReads & Pick<Roles, "listVisibleAssignments">;
  readonly managedClusters: ManagedClusters;
  readonly directory: PrincipalReads & Pick<Directory, "serverTime">;
  readonly signIn: SignIn;
  /** Whether a host is a registry of the cloud that the caller is signed in to. */
  ownsLoginServer(loginServer: string): boolean;
}

/** The outside, joined by connect.ts. */
export interface VerifyPorts {
  /** Opened on demand. Azure may be out of reach, and verify works without it. */
  azure(signal: AbortSignal): Promise<VerifyAzure>;
  readonly registry: RegistryLooks;
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  readonly clock: Pick<Clock, "now">;
}

/** What a group of checks is about. */
export interface CheckTarget {
  readonly context: string;
  readonly namespace?: string;
  readonly secret?: string;
  /** The login server of an entry in the secret. */
  readonly host?: string;
  readonly pod?: string;
}

/** The checks of one target. */
export interface CheckedTarget {
  readonly target: CheckTarget;
  readonly checks: readonly CheckResult[];
}

/** What verify found. */
export interface VerifyResult {
  readonly targets: readonly CheckedTarget[];
}
