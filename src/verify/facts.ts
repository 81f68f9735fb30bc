import type { ProofImage, PullOutcome, SignInOutcome, Suggest } from "../core/ports.ts";
import type { DockerConfig, PullCredential } from "../domain/docker-config.ts";
import type { ActionableError } from "../domain/errors.ts";
import type { Application, ApplicationSummary, ServicePrincipal } from "../domain/identity.ts";
import type {
  NodePlatform,
  PodEvent,
  PodObject,
  ServiceAccountObject,
} from "../domain/kubernetes-objects.ts";
import type { ManagedCluster } from "../domain/managed-cluster.ts";
import type { PasswordPolicy } from "../domain/password-policy.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import type { AccessedRegistry } from "../domain/registry.ts";
import type { RoleAssignment } from "../domain/role-assignment.ts";
import type { RolePermissions } from "../domain/role.ts";
import type { CheckResult } from "./check.ts";
import type { Wanted } from "./entries.ts";
import type { Known } from "./known.ts";

/*
 * What is known before any check is asked.
 */

/** Which secret is meant. */
export interface SecretPlace {
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
}

/** What is known about a namespace, apart from its secrets. */
export interface NamespaceFacts {
  readonly context: string;
  readonly namespace: string;
  readonly pods: Known<readonly PodObject[]>;
  readonly accounts: Known<readonly ServiceAccountObject[]>;
  /** Names. */
  readonly pullSecrets: Known<readonly string[]>;
}

/** What is known about a secret. */
export interface SecretFacts {
  readonly place: SecretPlace;
  /** Undefined if it does not exist or may not be read. */
  readonly secret: PullSecret | undefined;
  readonly forbidden: ActionableError | undefined;
  readonly writtenBy: string | undefined;
  /** What it holds; undefined if that cannot be read. */
  readonly config: DockerConfig | undefined;
  readonly malformed: string | undefined;
  /** The hosts in it that are Azure registries, as the secret spells them. */
  readonly registryKeys: readonly string[];
  readonly wanted: Wanted | undefined;
  /** The registries that it may be meant for, as commands name them. Only one if that is known. */
  readonly registries: readonly string[];
  /** Whether the cloud could be asked which hosts are its registries. */
  readonly cloud: Known<unknown>;
  readonly absence: Absence;
  readonly suggest: Suggest;
}

/** What is known about a secret that does not exist. */
export interface Absence {
  readonly isNeeded: boolean;
  /** If nobody names it: the registries that the nodes pull from without one. */
  readonly nodesPullFrom: readonly string[];
  /** Whether its namespace is missing too, as far as that is known. */
  readonly namespaceMissing: boolean;
  /** A similar name of a namespace or a secret that exists. */
  readonly meant: string | undefined;
  /** The namespaces that have a secret with that name. */
  readonly elsewhere: readonly string[];
}

/** A role that a principal holds on a registry or above it, itself or through a group. */
export interface HeldRole {
  readonly assignment: RoleAssignment;
  /** Undefined if the role no longer exists. */
  readonly role: RolePermissions | undefined;
}

/** What is known about one host's entry in a secret. */
export interface EntryFacts {
  readonly place: SecretPlace;
  readonly writtenBy: string | undefined;
  readonly inNamespace: NamespaceFacts;
  /** The entry's key, as the secret spells it. */
  readonly key: string;
  readonly host: string;
  readonly credential: PullCredential;
  /**
   * Whether the secret says that acr-pull keeps it and the application, if it is known, that acr-pull made it or a key
   * on it. It decides only which command is suggested.
   */
  readonly isOurs: boolean;
  /** The registry that the entry is meant for. The value is undefined if Azure has no such registry. */
  readonly registry: Known<AccessedRegistry | undefined>;
  /** The login server that the entry should have; undefined if that is not known. */
  readonly expectedHost: string | undefined;
  /** Whether the secret also holds an entry for the expected login server, so that this one serves nobody. */
  readonly isLeftOver: boolean;
  /** Why the registry cannot be asked from here; undefined if it answers or was not asked. */
  readonly unreachable: ActionableError | undefined;
  /** How the pull ended; undefined if none was tried or the registry did not answer. */
  readonly pull: PullOutcome | undefined;
  readonly image: ProofImage;
  /** Whether the user or the role's condition named that image. If not, any name is as good. */
  readonly imageIsNamed: boolean;
  /** How a pull with the second credential for the host ended; undefined if there is none. */
  readonly second: PullOutcome | undefined;
  /** How a sign-in to Entra with the same password ended. Tried only if the registry does not settle it. */
  readonly signIn: Known<SignInOutcome>;
  readonly application: Known<Application | undefined>;
  readonly principal: Known<ServicePrincipal | undefined>;
  /** What the tenant allows the application's next password. */
  readonly passwordPolicy: Known<PasswordPolicy>;
  /** The application that somebody named by an object id instead of its application id. */
  readonly meantApplication: ApplicationSummary | undefined;
  readonly roles: Known<readonly HeldRole[]>;
  readonly platforms: Known<readonly string[]>;
  readonly nodes: Known<readonly NodePlatform[]>;
  /** Azure's time or, if it was not asked, this machine's. */
  readonly now: Date;
  readonly suggest: Suggest;
}

/** What is known about a cluster as a whole. */
export interface ClusterFacts {
  readonly context: string;
  readonly apiHost: string;
  /** What the nodes of an AKS cluster may pull by themselves. The value is undefined if Azure shows no such cluster. */
  readonly nodes: Known<NodesFacts | undefined>;
  readonly wanted: Pick<Wanted, "text"> | undefined;
  readonly suggest: Suggest;
}

/** What is known about the nodes of an AKS cluster. */
export interface NodesFacts {
  readonly cluster: ManagedCluster;
  /** The registry that was asked for, or else each that acr-pull let them pull from. */
  readonly registries: readonly NodesOnRegistry[];
}

/** The roles that the nodes' identity holds on a registry. */
export interface NodesOnRegistry {
  readonly registry: AccessedRegistry;
  readonly roles: Known<readonly HeldRole[]>;
}

/** What was found about one secret, to explain why a pod does not pull. */
export interface SecretOutcome {
  readonly name: string;
  readonly config: DockerConfig | undefined;
  /** Whether the secret says that acr-pull keeps it. If not, setup leaves it alone unless it is told to adopt it. */
  readonly isOurs: boolean;
  readonly failed: CheckResult | undefined;
  /** For each entry's key, the first check that fails. */
  readonly entries: ReadonlyMap<string, CheckResult | undefined>;
}

/** What is known about a pod that waits for an image, or was asked for by name. */
export interface PodFacts {
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
  /** The value is undefined if there is no pod with that name. */
  readonly pod: Known<PodObject | undefined>;
  readonly events: Known<readonly PodEvent[]>;
  readonly secrets: ReadonlyMap<string, SecretOutcome>;
  readonly account: Known<ServiceAccountObject | undefined>;
  /** The best outcome of a pull with a credential that fits, by the image as the pod names it. */
  readonly pulls: ReadonlyMap<string, PullOutcome>;
  /** The platforms of each image that could be pulled, by the image as the pod names it. */
  readonly platforms: ReadonlyMap<string, Known<readonly string[]>>;
  /** Its node; the value is undefined if that is gone or the pod has none. */
  readonly node: Known<NodePlatform | undefined>;
  /** Login servers that the nodes pull from by their own identity. */
  readonly nodesPull: ReadonlySet<string>;
  readonly isRegistry: (host: string) => boolean;
  /** Every registry that the caller sees. Read only if no secret is for the host of an image. */
  readonly registries: Known<readonly AccessedRegistry[]>;
  readonly suggest: Suggest;
}
