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
import type { ManagedClusterList, RegistryScope, SignInOutcome } from "../ports.ts";
import type { VerifyAzure } from "./contract.ts";
import { seen } from "./look-at-registry.ts";

/**
 * Azure as verify reads it: each thing once, however many secrets ask, and nothing at all once the sign-in failed or took
 * too long.
 */
export class AzureSight {
  readonly #azure: Promise<Known<VerifyAzure>>;
  readonly #scope: RegistryScope;
  readonly #signal: AbortSignal;
  readonly #patienceMs: number;
  readonly #once = new Once();
  /** Every registry that the caller sees, where somebody asked for them. */
  #listed: Promise<Known<RegistrySearch<AccessedRegistry>>> | undefined;
  /** The first failure to sign in: whatever else would be asked fails with it. */
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
    // Stopped before anybody waits for it: then its failure is that of the run.
    this.#azure.catch(() => undefined);
  }

  /** Tells hosts that are registries of the cloud, where the cloud could be asked for its endpoints. */
  async ownsLoginServer(): Promise<Known<(host: string) => boolean>> {
    const azure = await this.#azure;
    return azure.known ? known((host) => azure.value.ownsLoginServer(host)) : azure;
  }

  /** By its resource id; undefined when there is none. */
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

  /** That there is no such registry, where none of those seen is it: not known while a subscription was not seen. */
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

  /** What the tenant allows its next password. */
  passwordPolicy(application: Application): Promise<Known<PasswordPolicy>> {
    return this.#once.do("password policy", application.objectId, () =>
      this.#ask((azure) => azure.directory.passwordPolicy(application, this.#signal)),
    );
  }

  /** The application that an object id is of, be it its own or its principal's. */
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

  /** What a principal holds on a registry and above it, by itself or by a group, with what each role gives. */
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

  /** Every managed cluster of AKS that the caller sees. */
  managedClusters(): Promise<Known<ManagedClusterList>> {
    return this.#once.do("managed clusters", "", () =>
      this.#ask((azure) => azure.managedClusters.listManagedClusters(this.#signal)),
    );
  }

  /** What acr-pull granted the nodes of a managed cluster. */
  attached(identity: KubeletIdentity): Promise<Known<readonly RoleAssignment[]>> {
    return this.#once.do("attached", identity.objectId, () =>
      this.#ask(({ roles }) => attachedRegistries(identity, roles, this.#signal)),
    );
  }

  /** How Entra receives a credential. */
  async signIn({ username, password }: PullCredential): Promise<Known<SignInOutcome>> {
    const azure = await this.#azure;
    if (!azure.known) return azure;
    // A policy that refuses this principal says nothing of the caller, so that nothing is lost by it.
    return seen(azure.value.signIn.signIn(username, password, this.#signal), this.#signal);
  }

  async #ask<T>(read: (azure: VerifyAzure) => Promise<T>): Promise<Known<T>> {
    const azure = await this.#azure;
    if (!azure.known) return azure;
    return this.#lost ?? this.#within(read(azure.value));
  }

  /** What was read, or that it was not: for want of a sign-in, of a right, or of an answer in time. */
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
    // Marks are somebody else's text as well.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
