import type { Conversation, Outcome, ResultSecret } from "../ending.ts";
import type { ProofKind } from "../proof/prove-pull.ts";
import type { RemovalEvidence } from "../proof/prove-removed.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import type { PlannedChange } from "../plan.ts";
import type { Suggest } from "../suggest.ts";
import type {
  Clock,
  Directory,
  ProofImage,
  PullProof,
  SignIn,
  ClusterTarget,
  ProcessIdentity,
} from "../ports.ts";

/** What a run of `rotate` is for. */
export type RotateIntent =
  /** Finishes a retirement that is due; without one it makes a new key. */
  | "rotate"
  /** Finishes a retirement that is due, and nothing else. */
  | "finish"
  /** Back to the old key, and the new one is removed. */
  | "abort"
  /** Every key in use is replaced and retired in this one run. */
  | "compromised";

/** Everything `rotate` was asked for, checked for form. Durations are milliseconds. */
export interface RotateInput {
  readonly intent: RotateIntent;
  /** Undefined: every registry that managed secrets have an entry for. */
  readonly registry: RegistryReference | undefined;
  /** Keys that secrets of these namespaces hold; empty, and no selector: of every namespace that can be seen. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  /** Keys that secrets of this name hold; undefined: of any name. */
  readonly secretName: string | undefined;
  /** Secrets, as `namespace/name`, that a person left out: the clusters do not list them. */
  readonly leaveOut: readonly string[];
  readonly clusterId: string | undefined;
  /**
   * Nothing is begun for a key that has longer to live than this; of one whose whole life is no longer, than the time
   * at which renewal is due. Undefined: whatever its age.
   */
  readonly ifExpiringWithinMs: number | undefined;
  /** Undefined: as long as the key that is replaced. */
  readonly expiresInMs: number | "max" | undefined;
  readonly graceMs: number;
  /** Stay until the grace is over and the old key is retired. */
  readonly wait: boolean;
  /** Retire although some secret could not be updated; with `compromised` alone. */
  readonly acceptOutage: boolean;
  readonly settleMs: number;
  /** Whether the old password stays in the secrets beside the new one until the grace is over. */
  readonly overlapEntry: boolean;
  /** The secrets that can be seen are all there are. */
  readonly namespacesComplete: boolean;
  /**
   * With `compromised`: the secrets of which a person agrees that they get the new key, where no namespaces were named.
   * `plan`: those that the plan will show; then those that it has shown, by `agreedName`. Undefined: nobody is asked.
   */
  readonly agreedTo: "plan" | ReadonlySet<string> | undefined;
  /** Application ids of service principals that acr-pull did not make, and whose keys are meant all the same. */
  readonly servicePrincipals: readonly string[];
  /** A key that is not ours and may be retired all the same. */
  readonly retireKey: string | undefined;
  readonly proof: ProofKind;
  readonly image: ProofImage | undefined;
  readonly waitBusyMs: number;
  /** Bounds each wait for a service, never a grace. */
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly dryRun: boolean;
  readonly suggest: Suggest;
}

/** The outside, joined by connect.ts. */
export interface RotatePorts {
  readonly azure: {
    readonly directory: Directory;
    readonly signIn: SignIn;
    /** Whether signing in takes a person, who is not to be asked in vain. */
    readonly asksPerson: boolean;
    /** Whether a host is a registry's of the cloud that is signed in to: a new password is sent to no other. */
    ownsLoginServer(loginServer: string): boolean;
  };
  readonly pullProof: PullProof;
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  readonly clock: Clock;
  readonly process: ProcessIdentity;
}

/** What the view and the person do while rotate runs. */
export type RotateConversation = Conversation<RotatePlan, RotateResult>;

/** What rotate would do, as data. */
export interface RotatePlan {
  readonly changes: readonly PlannedChange[];
  /** Things to know before saying yes. */
  readonly warnings: readonly string[];
}

/** Why an old key still lives although its time was over, or would be. */
export type RetireBlock =
  /** Secrets may not be listed cluster-wide, and nobody said that the list is whole: said also before its time is over. */
  | "cannot-see-all-namespaces"
  /** Some secret still holds it, and could not be written. */
  | "still-held"
  /** It is not a key that acr-pull made for this cluster, and `--retire-key` does not name it. */
  | "key-not-ours"
  /** Its id is not known: the password was given by hand. */
  | "key-unknown"
  /** The directory has removed it, and it still signs in somewhere. */
  | "not-yet-refused"
  /** It is out of the manifest, and the cluster holds it until that is applied. */
  | "not-applied";

/** What became of one key. */
export interface ResultRotation {
  readonly context: string;
  readonly clusterId: string;
  /** The registry's resource id as the secrets record it; its login server when set up without Azure. */
  readonly registry: string;
  readonly loginServer: string;
  readonly appId: string;
  /** The key in use now; null when its id is not known. */
  readonly keyId: string | null;
  /** RFC 3339 UTC */
  readonly expiresAt: string | null;
  /**
   * `unchanged`: nothing was due. `pending`: the new key is in use and the old one stays valid until `retireAfter`.
   * `rotated`: the old key is gone. `aborted`: the old key is in use again. `failed`: see `error`.
   */
  readonly state: "unchanged" | "pending" | "rotated" | "aborted" | "failed";
  /** The key that was or will be replaced by it; null when nothing is. */
  readonly replaced: string | null;
  /** RFC 3339 UTC; null when nothing is to be retired. */
  readonly retireAfter: string | null;
  /** Whether the replaced key is gone; false too when nothing was replaced. */
  readonly retired: boolean;
  /** With `retired`: by what that is known. */
  readonly retirement?: RemovalEvidence;
  readonly retireBlocked?: RetireBlock;
}

/** What rotate did: the document of the published contract, without its envelope. */
export interface RotateResult {
  /** Where the secrets were written instead of to the cluster. */
  readonly manifest?: string;
  readonly rotations: readonly ResultRotation[];
  readonly secrets: readonly ResultSecret[];
  /** Keys that earlier runs left behind and this one removed. */
  readonly sweptKeys: ReadonlyArray<{ readonly appId: string; readonly keyId: string }>;
  /** Keys that this run made and that no secret is known to hold: it ended before that. */
  readonly unwrittenKeys: ReadonlyArray<{
    readonly appId: string;
    readonly keyId: string;
    /** RFC 3339 UTC */
    readonly expiresAt: string;
  }>;
}

/** How rotate ended. */
export type RotateOutcome = Outcome<RotatePlan, RotateResult>;

/** A key in use that could be rotated, for a list to choose from. */
export interface RotatableKey {
  readonly contexts: readonly string[];
  readonly clusterId: string;
  readonly registry: string;
  readonly loginServer: string;
  readonly appId: string;
  readonly keyId: string | null;
  /** RFC 3339 UTC, as the secrets record it. */
  readonly expiresAt: string | null;
  /** `namespace/name` of each secret that holds it. */
  readonly secrets: readonly string[];
  /** When the key before it is retired; undefined: no retirement is pending. */
  readonly retireAfter: string | undefined;
}
