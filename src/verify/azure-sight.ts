import type { ManagedClusterList, RegistryScope, SignInOutcome } from "../core/ports.ts";
import type { PullCredential } from "../domain/docker-config.ts";
import { ActionableError } from "../domain/errors.ts";
import type { Application, ServicePrincipal } from "../domain/identity.ts";
import type { KubeletIdentity } from "../domain/managed-cluster.ts";
import { Once } from "../domain/once.ts";
import type { PasswordPolicy } from "../domain/password-policy.ts";
import type { AccessedRegistry, RegistryReference, RegistrySearch } from "../domain/registry.ts";
import { namedAs, nearRegistry } from "../domain/registry-reference.ts";
import { isAttachment } from "../domain/role-assignment.ts";
import { builtInPermissions } from "../domain/role.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import type { VerifyAzure } from "./contract.ts";
import type { Wanted } from "./entries.ts";
import type { HeldRole } from "./facts.ts";
import { known, seen, unknown, valueOf, type Known, type Unknown } from "./known.ts";

/** A registry by its resource id. */
type RegistryId = Extract<RegistryReference, { kind: "resource-id" }>;

/**
 * Azure as verify reads it. Each thing is read once, however many secrets ask for it. Nothing more is read after the
 * sign-in failed or Azure took too long.
 */
export class AzureSight {
  readonly #azure: Promise<Known<VerifyAzure>>;
  readonly #scope: RegistryScope;
  readonly #patienceMs: number;
  readonly #signal: AbortSignal;
  readonly #once = new Once();
  /** The first failure to sign in or to get an answer. Every other request would fail in the same way. */
  #lost: Unknown | undefined;

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

  /** Azure's time, by which passwords begin and end; undefined if Azure was not asked. */
  async now(): Promise<Date | undefined> {
    return valueOf(await this.#azure)?.directory.serverTime();
  }

  /** The registry that was asked for, with its login server if that is known without Azure or Azure says it. */
  async wanted(reference: RegistryReference): Promise<Wanted> {
    const text = namedAs(reference);
    if (reference.kind === "login-server") {
      const loginServer = reference.loginServer.toLowerCase();
      const all = valueOf(await this.registries()) ?? [];
      const registry = all.find((one) => one.loginServer === loginServer);
      return { reference, text, loginServer, registry, isMissing: false, meant: undefined };
    }
    if (reference.kind === "resource-id") {
      const found = await this.#registryById(reference);
      const registry = valueOf(found);
      const isMissing = found.known && !registry;
      return { reference, text, loginServer: registry?.loginServer, registry, isMissing, meant: undefined };
    }
    const all = valueOf(await this.registries()) ?? [];
    const [only, ...more] = all.filter(({ name }) => name.toLowerCase() === reference.name.toLowerCase());
    const registry = more.length === 0 ? only : undefined;
    return {
      reference,
      text,
      loginServer: registry?.loginServer,
      registry,
      isMissing: only === undefined && (await this.noRegistry()).known,
      meant: only ? undefined : nearRegistry(reference, all),
    };
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

  application(appId: string): Promise<Known<Application | undefined>> {
    return this.#ask("application", appId, ({ directory }) =>
      directory.findApplicationByAppId(appId, this.#signal),
    );
  }

  /** What the tenant allows the application's next password. */
  passwordPolicy(application: Application): Promise<Known<PasswordPolicy>> {
    return this.#ask("password policy", application.objectId, ({ directory }) =>
      directory.passwordPolicy(application, this.#signal),
    );
  }

  /** The application that an object id belongs to, whether the id is its own or its principal's. */
  applicationOfObject(objectId: string): Promise<Known<Application | undefined>> {
    return this.#ask("object", objectId, async ({ directory }) => {
      const [first] = await directory.findApplications(objectId, this.#signal);
      return first;
    });
  }

  principal(appId: string): Promise<Known<ServicePrincipal | undefined>> {
    return this.#ask("principal", appId, ({ directory }) =>
      directory.findServicePrincipal(appId, this.#signal),
    );
  }

  /** The roles that a principal holds on a registry or above it, itself or through a group, with their permissions. */
  roles(registryId: string, principalId: string): Promise<Known<readonly HeldRole[]>> {
    return this.#ask("roles", [registryId, principalId], async ({ roles }) => {
      const assignments = await roles.listHeldAssignments(registryId, principalId, this.#signal);
      return Promise.all(
        assignments.map(async (assignment) => ({
          assignment,
          role:
            builtInPermissions(assignment.roleDefinitionId) ??
            (await roles.findRole(assignment.roleDefinitionId, this.#signal)),
        })),
      );
    });
  }

  /** Every AKS cluster that the caller sees. */
  managedClusters(): Promise<Known<ManagedClusterList>> {
    return this.#ask("managed clusters", "", ({ managedClusters }) =>
      managedClusters.listManagedClusters(this.#signal),
    );
  }

  /** The registries that acr-pull let the nodes of an AKS cluster pull from. */
  async attached({ objectId }: KubeletIdentity): Promise<AccessedRegistry[]> {
    const granted = await this.#ask("attached", objectId, ({ roles }) =>
      roles.listVisibleAssignments(objectId, this.#signal),
    );
    const ids = new Set(
      (valueOf(granted) ?? []).filter(isAttachment).map(({ scope }) => scope.toLowerCase()),
    );
    if (ids.size === 0) return [];
    const all = await this.registries();
    return (valueOf(all) ?? []).filter(({ id }) => ids.has(id.toLowerCase()));
  }

  /** How Entra answers a sign-in with a credential. */
  async signIn({ username, password }: PullCredential): Promise<Known<SignInOutcome>> {
    const azure = await this.#azure;
    if (!azure.known) return azure;
    // A policy that refuses this principal says nothing about the caller, so it does not end the other requests.
    return seen(azure.value.signIn.signIn(username, password, this.#signal), this.#signal);
  }

  #registryById(reference: RegistryId): Promise<Known<AccessedRegistry | undefined>> {
    return this.#ask("registry", reference.id.toLowerCase(), ({ registries }) =>
      registries.readAccess(reference, this.#signal),
    );
  }

  #search(): Promise<Known<RegistrySearch<AccessedRegistry>>> {
    return this.#ask("registries", "", ({ registries }) => registries.listAccess(this.#scope, this.#signal));
  }

  /** Reads something once. */
  #ask<T>(kind: string, request: unknown, read: (azure: VerifyAzure) => Promise<T>): Promise<Known<T>> {
    return this.#once.do(kind, request, async () => {
      const azure = await this.#azure;
      if (!azure.known) return azure;
      return this.#lost ?? this.#within(read(azure.value));
    });
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
  "azure.unreachable",
  "azure.untrusted-certificate",
]);
