import type { DockerConfig, PullCredential } from "../../domain/docker-config.ts";
import type { Application, ApplicationSummary, ServicePrincipal } from "../../domain/identity.ts";
import type {
  NodePlatform,
  PodEvent,
  PodObject,
  ServiceAccountObject,
} from "../../domain/kubernetes-objects.ts";
import type { ManagedCluster } from "../../domain/managed-cluster.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { EntryMark } from "../../domain/ownership.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import type { AccessedRegistry } from "../../domain/registry.ts";
import type { RolePermissions } from "../../domain/role.ts";
import type { RoleAssignment } from "../../domain/role-assignment.ts";
import type { TokenWriter } from "../../domain/token-writer.ts";
import type { ActionableError } from "../../domain/errors.ts";
import type { ProofImage, PullOutcome, SignInOutcome } from "../ports.ts";
import type { Suggest } from "../suggest.ts";
import type { CheckResult, Known } from "./check.ts";

/*
 * What is known before any check is asked.
 */

/** Which secret. */
export interface SecretPlace {
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
}

/** What is known of a namespace besides its secrets. */
export interface NamespaceFacts {
  readonly context: string;
  readonly namespace: string;
  readonly pods: Known<readonly PodObject[]>;
  readonly accounts: Known<readonly ServiceAccountObject[]>;
  /** Names of all its pull secrets. */
  readonly pullSecrets: Known<readonly string[]>;
}

/** What is known of a secret. */
export interface SecretFacts {
  readonly place: SecretPlace;
  /** Undefined: there is none. */
  readonly secret: PullSecret | undefined;
  /** The controller that writes it; undefined when none does. */
  readonly writtenBy: string | undefined;
  /** Why it could not be read. */
  readonly forbidden: ActionableError | undefined;
  /** Of a secret that is missing: whether anybody wants it. */
  readonly isNeeded: boolean;
  /** Of a secret that is missing and that nobody names: registries that the nodes pull from without one. */
  readonly withoutSecret: readonly string[];
  /** Of a secret that is missing: whether its namespace is, as far as that is known. */
  readonly namespaceMissing: boolean;
  /** Of a namespace or a secret that is missing: a name that is there and much like it. */
  readonly meant: string | undefined;
  /** Of a secret that is missing: namespaces that have one of that name. */
  readonly elsewhere: readonly string[];
  /** What is in it; undefined where it cannot be read, or is not there. */
  readonly config: DockerConfig | undefined;
  /** Why it cannot be read; it quotes nothing of it. */
  readonly malformed: string | undefined;
  /** The registry that was asked for, as the user named it. */
  readonly wanted: string | undefined;
  /** Its login server, where that is known. */
  readonly wantedHost: string | undefined;
  /** Whether Azure shows no such registry. */
  readonly wantedMissing: boolean;
  /** The name of one that Azure shows and that is much like it. */
  readonly registryMeant: string | undefined;
  /** Registries that it may be meant for, as commands name them: one where that is known. */
  readonly registries: readonly string[];
  /** Of a secret without an entry: whether its marks were made for another cluster. */
  readonly isOfAnotherCluster: boolean;
  /** Whether the cloud could be asked which hosts are its registries. */
  readonly cloud: Known<unknown>;
  /** Hosts in it that are registries of Azure, as they are spelled. */
  readonly registryKeys: readonly string[];
  readonly suggest: Suggest;
}

/** A role that a principal holds on a registry or above it, by itself or by a group. */
export interface HeldRole {
  readonly assignment: RoleAssignment;
  /** Undefined when there is no such role any more. */
  readonly role: RolePermissions | undefined;
}

/** What is known of one host's entry in a secret. */
export interface EntryFacts {
  readonly place: SecretPlace;
  /** As it is spelled in the secret. */
  readonly key: string;
  /** The host it means, in lower case. */
  readonly host: string;
  readonly mark: EntryMark | undefined;
  /** Whether its mark was made for another cluster: then `rotate` leaves it alone here, and `setup` too unless told to. */
  readonly isOfAnotherCluster: boolean;
  /** The controller that writes the secret; undefined when none does. */
  readonly writtenBy: string | undefined;
  /** Who writes it, were its password a token. */
  readonly tokenWriter: TokenWriter;
  readonly credential: PullCredential;
  /** The login server that it should have; undefined where that is not known. */
  readonly expectedHost: string | undefined;
  /** Where the registry that is expected was found, how; undefined where Azure was not asked, or knows none. */
  readonly registry: Known<AccessedRegistry | undefined>;
  /** Why the registry cannot be asked from here; undefined: it answers. */
  readonly unreachable: ActionableError | undefined;
  /** Whether the secret holds an entry for the expected login server as well, so that this one serves nobody. */
  readonly isLeftOver: boolean;
  /** How the pull ended; undefined where none was tried. */
  readonly pull: PullOutcome | undefined;
  /** What was pulled. */
  readonly image: ProofImage;
  /** Whether somebody named that image; else any name is as good. */
  readonly imageIsNamed: boolean;
  /** How a sign-in with the same password ended at Entra; asked only where the registry does not settle it. */
  readonly signIn: Known<SignInOutcome>;
  readonly application: Known<Application | undefined>;
  readonly principal: Known<ServicePrincipal | undefined>;
  /** What the tenant allows the application's next password. */
  readonly passwordPolicy: Known<PasswordPolicy>;
  /** The application that somebody named by an object id in place of its application id. */
  readonly meantApplication: ApplicationSummary | undefined;
  readonly roles: Known<readonly HeldRole[]>;
  /** How a second credential for the host fares; undefined when there is none. */
  readonly second: PullOutcome | undefined;
  readonly platforms: Known<readonly string[]>;
  readonly nodes: Known<readonly NodePlatform[]>;
  /** By the registry's clock; by the cluster's where that does not tell. */
  readonly now: Date;
  readonly inNamespace: NamespaceFacts;
  /** Service accounts that have to name the secret. */
  readonly wantedAccounts: readonly string[];
  readonly suggest: Suggest;
}

/** What is known of a cluster as a whole. */
export interface ClusterFacts {
  readonly context: string;
  readonly apiHost: string;
  /** How far its clock is ahead of this machine's, in milliseconds. */
  readonly clusterAheadMs: number;
  /** The same of a registry's; undefined where none was asked. */
  readonly registryAheadMs: number | undefined;
  /** A registry that could be attached instead of a secret; undefined where none is known. */
  readonly registry: AccessedRegistry | undefined;
  /** What its nodes may pull by themselves, of a cluster of AKS; undefined: it is not one that is seen. */
  readonly nodes: Known<NodesFacts | undefined>;
  readonly suggest: Suggest;
}

/** What is known of the nodes of a managed cluster. */
export interface NodesFacts {
  readonly cluster: ManagedCluster;
  /** Each registry that is meant, or that acr-pull let them pull from. */
  readonly registries: readonly NodesOnRegistry[];
}

/** What the nodes' identity holds on a registry. */
export interface NodesOnRegistry {
  readonly registry: AccessedRegistry;
  readonly roles: Known<readonly HeldRole[]>;
}

/** How one secret fared, for whoever asks why a pod does not pull. */
export interface SecretOutcome {
  readonly name: string;
  readonly config: DockerConfig | undefined;
  /** Whether acr-pull keeps it: else setup leaves it alone unless it is told to adopt it. */
  readonly isOurs: boolean;
  /** The first check of the secret itself that fails. */
  readonly failed: CheckResult | undefined;
  /** The first check that fails, of each host's entry. */
  readonly entries: ReadonlyMap<string, CheckResult | undefined>;
}

/** What is known of a pod that waits for an image, or was asked for by name. */
export interface PodFacts {
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined: there is none of that name. */
  readonly pod: Known<PodObject | undefined>;
  readonly events: Known<readonly PodEvent[]>;
  /** The secrets that it names, by name. */
  readonly secrets: ReadonlyMap<string, SecretOutcome>;
  /** Login servers that the nodes pull from by their own identity. */
  readonly nodesPull: ReadonlySet<string>;
  /** Its service account; undefined when there is none. */
  readonly account: Known<ServiceAccountObject | undefined>;
  /** How the pull of each of its images ended with what fits it, by the image as the pod names it. */
  readonly pulls: ReadonlyMap<string, PullOutcome>;
  /** What each image that it could pull can run on, by the image as the pod names it. */
  readonly platforms: ReadonlyMap<string, Known<readonly string[]>>;
  /** What its node is; undefined when that is gone, or it has none. Asked only where an image could be pulled. */
  readonly node: Known<NodePlatform | undefined>;
  /** Whether a host is a registry of Azure's. */
  readonly isRegistry: (host: string) => boolean;
  /** Every registry that the caller sees. Asked only where no secret is for the host of an image. */
  readonly registries: Known<readonly AccessedRegistry[]>;
  readonly suggest: Suggest;
}
