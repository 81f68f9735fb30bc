import type { RegistryReference } from "../../domain/registry.ts";
import type { CheckResult } from "../checks/check.ts";
import type { Suggest } from "../suggest.ts";
import type {
  Clock,
  ClusterTarget,
  ManagedClusters,
  PrincipalReads,
  ProofImage,
  RegistryLooks,
  RegistryReads,
  RegistryScope,
  RoleReads,
  Roles,
  SignIn,
} from "../ports.ts";

/** Everything `verify` was asked for, checked for form. */
export interface VerifyInput extends RegistryScope {
  /** Undefined: every registry of Azure that the secrets have an entry for. */
  readonly registry: RegistryReference | undefined;
  /** Empty, and no selector: the context's own. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  /** Instead of those: every namespace that has an entry of ours. */
  readonly allNamespaces: boolean;
  /** Whether nobody named the contexts, so that several may lead to one cluster. */
  readonly allContexts: boolean;
  /** Undefined: every pull secret with an entry for a registry of Azure; the usual name where there is none. */
  readonly secretName: string | undefined;
  /** Service accounts that have to name the secret. */
  readonly serviceAccounts: readonly string[];
  readonly image: ProofImage | undefined;
  /** A pod to say of why it does not get its image; others that wait for one are looked at too. */
  readonly pod: string | undefined;
  /** The longest wait for Azure to let the caller in, in milliseconds: without it Azure's checks are skipped. */
  readonly azurePatienceMs: number;
  readonly concurrency: number;
  readonly suggest: Suggest;
}

/** Azure, signed in, as far as verify reads it. */
export interface VerifyAzure {
  readonly registries: RegistryReads;
  readonly roles: RoleReads & Pick<Roles, "listVisibleAssignments">;
  readonly managedClusters: ManagedClusters;
  readonly directory: PrincipalReads;
  readonly signIn: SignIn;
  /** Whether a host is a registry's of the cloud that is signed in to. */
  ownsLoginServer(loginServer: string): boolean;
}

/** The outside, joined by connect.ts. */
export interface VerifyPorts {
  /** Opened when it is first needed: it may not be there, and nothing of it may be. */
  azure(signal: AbortSignal): Promise<VerifyAzure>;
  readonly registry: RegistryLooks;
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  readonly clock: Clock;
}

/** What a group of checks is about. */
export interface Subject {
  readonly context: string;
  readonly namespace?: string;
  readonly secret?: string;
  /** A login server, of a secret's entry. */
  readonly host?: string;
  readonly pod?: string;
}

/** The checks of one subject. */
export interface CheckedSubject {
  readonly subject: Subject;
  readonly checks: readonly CheckResult[];
}

/** What verify found. */
export interface VerifyResult {
  readonly subjects: readonly CheckedSubject[];
}
