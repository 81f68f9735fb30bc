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
  /** Finishes a retirement that is due, then makes a new key if the key in use is due. */
  | "rotate"
  /** Finishes a retirement that is due, and nothing else. */
  | "finish"
  /** Replaces and retires every key in use, in this one run. */
  | "compromised";

/** Everything that the user asked `rotate` for, checked for form. Durations are in milliseconds. */
export interface RotateInput {
  readonly intent: RotateIntent;
  /** Undefined for every registry that managed secrets have an entry for. */
  readonly registry: RegistryReference | undefined;
  /** Only keys in secrets of these namespaces. Empty, without a selector: in every visible namespace. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  /** Only keys in secrets with this name; undefined for any name. */
  readonly secretName: string | undefined;
  readonly clusterId: string | undefined;
  /** Replaces a key only in the last third of its life. */
  readonly ifDue: boolean;
  /** Undefined: as long as the replaced key lives. */
  readonly expiresInMs: number | "max" | undefined;
  readonly graceMs: number;
  readonly settleMs: number;
  /** Whether the old password stays in the secrets beside the new one until the grace period is over. */
  readonly overlapEntry: boolean;
  /**
   * With `compromised` and without named namespaces: the secrets that a person agrees to give the new key to. `plan`:
   * those that the plan will show; after that, those that it showed, by `agreedName`. Undefined if nobody is asked.
   */
  readonly agreedTo: "plan" | ReadonlySet<string> | undefined;
  /**
   * Application ids of service principals whose keys may be rotated even though acr-pull did not make the principals.
   */
  readonly servicePrincipals: readonly string[];
  readonly proof: ProofKind;
  readonly image: ProofImage | undefined;
  /** Limits each wait for a service. */
  readonly timeoutMs: number;
  readonly dryRun: boolean;
  readonly suggest: Suggest;
}

/** What `rotate` needs of the outside. connect.ts provides it. */
export interface RotatePorts {
  readonly azure: {
    readonly directory: Directory;
    readonly signIn: SignIn;
    /** Whether signing in needs a person, who should not be asked needlessly. */
    readonly asksPerson: boolean;
    /**
     * Whether a host is a login server of the cloud that the user is signed in to. A new password is sent to no other
     * host.
     */
    ownsLoginServer(loginServer: string): boolean;
  };
  readonly pullProof: PullProof;
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  readonly clock: Clock;
  readonly process: ProcessIdentity;
}

/** How a run of rotate reports, and asks a person. */
export type RotateConversation = Conversation<RotatePlan, RotateResult>;

/** What rotate would do, as data. */
export interface RotatePlan {
  readonly changes: readonly PlannedChange[];
  /** What to know before agreeing to the plan. */
  readonly warnings: readonly string[];
}

/** Why an old key is not retired although it is due, or will not be retired when it is due. */
export type RetireBlock =
  /** The caller may not list secrets cluster-wide. Reported even before the key is due. */
  | "cannot-see-all-namespaces"
  /** Some secret still holds it, for example because that secret could not be written. */
  | "still-held"
  /** acr-pull did not make it for this cluster. */
  | "key-not-ours"
  /** Its id is not known, because the password was given by hand. */
  | "key-unknown"
  /** The directory has removed it, but it is not refused everywhere yet. */
  | "not-yet-refused"
  /** The manifest no longer holds it, but the cluster does until the manifest is applied. */
  | "not-applied";

/** What happened to one key. */
export interface ResultRotation {
  readonly context: string;
  readonly clusterId: string;
  /** The registry's resource id, as the secrets record it; its login server if it was set up without Azure. */
  readonly registry: string;
  readonly loginServer: string;
  readonly appId: string;
  /** The key in use now; null if its id is not known. */
  readonly keyId: string | null;
  /** RFC 3339 UTC */
  readonly expiresAt: string | null;
  /**
   * `unchanged`: nothing was due. `pending`: the new key is in use and the old one stays valid until `retireAfter`.
   * `rotated`: the old key is gone. `failed`: the answer's `error` says why.
   */
  readonly state: "unchanged" | "pending" | "rotated" | "failed";
  /** The key that it replaced, or will replace; null if there is none. */
  readonly replaced: string | null;
  /** RFC 3339 UTC; null if nothing is to be retired. */
  readonly retireAfter: string | null;
  /** Whether the replaced key is gone; also false if nothing was replaced. */
  readonly retired: boolean;
  /** With `retired`: what shows that the key is gone. */
  readonly retirement?: RemovalEvidence;
  readonly retireBlocked?: RetireBlock;
}

/** What rotate did: the document of the published contract, without its envelope. */
export interface RotateResult {
  /** The manifest that the secrets were written to, if not to the cluster. */
  readonly manifest?: string;
  readonly rotations: readonly ResultRotation[];
  readonly secrets: readonly ResultSecret[];
  /** Keys that earlier runs left behind and this one removed. */
  readonly sweptKeys: ReadonlyArray<{ readonly appId: string; readonly keyId: string }>;
  /** Keys that this run made but that no secret is known to hold, because the run ended too early. */
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
  /** When the old key is retired; undefined if no retirement is pending. */
  readonly retireAfter: string | undefined;
}
