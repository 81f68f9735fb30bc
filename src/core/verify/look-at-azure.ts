import type { PullCredential } from "../../domain/docker-config.ts";
import { ActionableError } from "../../domain/errors.ts";
import type { Application, ServicePrincipal } from "../../domain/identity.ts";
import type { KubeletIdentity } from "../../domain/managed-cluster.ts";
import { registryReference } from "../../domain/names.ts";
import { Once } from "../../domain/once.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import type { AccessedRegistry, RegistryReference, RegistrySearch } from "../../domain/registry.ts";
import { builtInPermissions } from "../../domain/role.ts";
import type { RoleAssignment } from "../../domain/role-assignment.ts";
import { untilAborted } from "../../domain/until-aborted.ts";
import { attachedRegistries } from "../attach/attached-registries.ts";
import { known, unknown, type Known } from "../checks/check.ts";
import type { HeldRole } from "../checks/facts.ts";
import { azureNow } from "../clocks.ts";
import type { Clock, ManagedClusterList, RegistryScope, SignInOutcome } from "../ports.ts";
import type { VerifyAzure } from "./contract.ts";
import { seen } from "./look-at-registry.ts";

/**
 * Azure as verify reads it. Each thing is read once, however many secrets ask for it. Nothing more is read after the
 * sign-in failed or Azure took too long.
 */
export class AzureSight {
  readonly #azure: Promise<Known<VerifyAzure>>;
  readonly #scope: RegistryScope;
  readonly #signal: AbortSignal;
  readonly #patienceMs: number;
  readonly #once = new Once();
  /** Every registry that the caller sees, if somebody asked for them. */
  #listed: Promise<Known<RegistrySearch<AccessedRegistry>>> | undefined;
  /** The first failure to sign in or to get an answer. Every other request would fail in the same way. */
  #lost: Known<never> | undefined;

  constructor(
    open: Promise<VerifyAzure>,
    options: { readonly scope: RegistryScope; readonly patienceMs: number },
    signal: AbortSignal,
  ) {
    this.#scope = options.scope;
    this.#patienceMs = options.patienceMs;
    this.#signal = signal;
    this.#azure = this.#within(open);
    // The run may be stopped before anybody awaits this. Then the run itself fails.
    this.#azure.catch(() => undefined);
  }

  /** Tells which hosts are registries of the cloud, if the cloud could be asked for its endpoints. */
  async ownsLoginServer(): Promise<Known<(host: string) => boolean>> {
    const azure = await this.#azure;
    return azure.known ? known((host) => azure.value.ownsLoginServer(host)) : azure;
  }

  /** Azure's time or, if it was not asked, this machine's. */
  async now(clock: Pick<Clock, "now">): Promise<Date> {
    const azure = await this.#azure;
    return azureNow(azure.known ? azure.value.directory : undefined, clock);
  }

  /** By its resource id; undefined if there is none. */
  registryById(id: string): Promise<Known<AccessedRegistry | undefined>> {
    return this.#once.do("registry", id.toLowerCase(), async () => {
      const listed = await this.#listed;
      const same =
        listed?.known && listed.value.registries.find((one) => one.id.toLowerCase() === id.toLowerCase());
      if (same) return known(same);
      return this.#ask(async (azure) => {
        const reference = referenceOf(id);
        return reference && azure.registries.readAccess(reference, this.#signal);
      });
    });
  }

  /** Every registry that the caller sees. */
  async registries(): Promise<Known<readonly AccessedRegistry[]>> {
    const search = await this.#search();
    return search.known ? known(search.value.registries) : search;
  }

  /** Says that a registry that was not found does not exist, unless a subscription could not be searched. */
  async noRegistry(): Promise<Known<undefined>> {
    const search = await this.#search();
    if (!search.known) return search;
    const [error] = search.value.unseen;
    return error
      ? unknown(
          `Azure shows no such registry in the subscriptions that were searched. ${error.message}`,
          error.hint,
        )
      : known(undefined);
  }

  #search(): Promise<Known<RegistrySearch<AccessedRegistry>>> {
    this.#listed ??= this.#ask((azure) => azure.registries.listAccess(this.#scope, this.#signal));
    return this.#listed;
  }

  application(appId: string): Promise<Known<Application | undefined>> {
    return this.#once.do("application", appId, () =>
      this.#ask((azure) => azure.directory.findApplicationByAppId(appId, this.#signal)),
    );
  }

  /** What the tenant allows the application's next password. */
  passwordPolicy(application: Application): Promise<Known<PasswordPolicy>> {
    return this.#once.do("password policy", application.objectId, () =>
      this.#ask((azure) => azure.directory.passwordPolicy(application, this.#signal)),
    );
  }

  /** The application that an object id belongs to, whether the id is its own or its principal's. */
  applicationOfObject(objectId: string): Promise<Known<Application | undefined>> {
    return this.#once.do("object", objectId, () =>
      this.#ask(async (azure) => (await azure.directory.findApplications(objectId, this.#signal))[0]),
    );
  }

  principal(appId: string): Promise<Known<ServicePrincipal | undefined>> {
    return this.#once.do("principal", appId, () =>
      this.#ask((azure) => azure.directory.findServicePrincipal(appId, this.#signal)),
    );
  }

  /** The roles that a principal holds on a registry or above it, itself or through a group, with their permissions. */
  roles(registryId: string, principalId: string): Promise<Known<readonly HeldRole[]>> {
    return this.#once.do("roles", [registryId, principalId], () =>
      this.#ask(async ({ roles }) => {
        const assignments = await roles.listHeldAssignments(registryId, principalId, this.#signal);
        return Promise.all(
          assignments.map(async (assignment) => ({
            assignment,
            role:
              builtInPermissions(assignment.roleDefinitionId) ??
              (await roles.findRole(assignment.roleDefinitionId, this.#signal)),
          })),
        );
      }),
    );
  }

  /** Every AKS cluster that the caller sees. */
  managedClusters(): Promise<Known<ManagedClusterList>> {
    return this.#once.do("managed clusters", "", () =>
      this.#ask((azure) => azure.managedClusters.listManagedClusters(this.#signal)),
    );
  }

  /** What acr-pull granted the nodes of an AKS cluster. */
  attached(identity: KubeletIdentity): Promise<Known<readonly RoleAssignment[]>> {
    return this.#once.do("attached", identity.objectId, () =>
      this.#ask(({ roles }) => attachedRegistries(identity, roles, this.#signal)),
    );
  }

  /** How Entra answers a sign-in with a credential. */
  async signIn({ username, password }: PullCredential): Promise<Known<SignInOutcome>> {
    const azure = await this.#azure;
    if (!azure.known) return azure;
    // A policy that refuses this principal says nothing about the caller, so it does not end the other requests.
    return seen(azure.value.signIn.signIn(username, password, this.#signal), this.#signal);
  }

  async #ask<T>(read: (azure: VerifyAzure) => Promise<T>): Promise<Known<T>> {
    const azure = await this.#azure;
    if (!azure.known) return azure;
    return this.#lost ?? this.#within(read(azure.value));
  }

  /** What was read, or why it was not: no sign-in, a missing right, or no answer in time. */
  async #within<T>(read: Promise<T>): Promise<Known<T>> {
    const late = AbortSignal.timeout(this.#patienceMs);
    try {
      return known(await untilAborted(read, late));
    } catch (error) {
      if (this.#signal.aborted) throw error;
      if (late.aborted && error === late.reason) {
        this.#lost ??= unknown("Azure did not answer in time, so its checks are skipped.");
        return this.#lost;
      }
      if (!(error instanceof ActionableError)) throw error;
      const why = unknown(error.message, error.hint);
      if (endsAll.has(error.code)) this.#lost ??= why;
      return why;
    }
  }
}

/** Failures that every further request would meet. */
const endsAll = new Set([
  "azure.not-signed-in",
  "azure.wrong-tenant",
  "azure.conditional-access",
  "azure.no-browser",
  "azure.unreachable",
  "azure.untrusted-certificate",
  "azure.timed-out",
]);

function referenceOf(id: string): (RegistryReference & { kind: "resource-id" }) | undefined {
  try {
    const reference = registryReference(id);
    return reference.kind === "resource-id" ? reference : undefined;
  } catch (error) {
    // A mark is text that others may have written.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
