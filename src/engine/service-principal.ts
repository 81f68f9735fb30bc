import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { Application, Caller, ServicePrincipal } from "../domain/identity.ts";
import { applicationTag } from "../domain/ownership.ts";
import type { Registry } from "../domain/registry.ts";
import { assignmentName, type RoleAssignment } from "../domain/role-assignment.ts";
import {
  builtInRole,
  repositoriesIn,
  repositoryCondition,
  rolesFor,
  sameCondition,
  type BuiltInRole,
} from "../domain/role.ts";
import { bearsId, uniqueNameOf, type GrantedRole, type IdentityRecord } from "../domain/state.ts";
import { waitReporting, waitUntil, untilBelievable } from "../core/patience.ts";
import type { Clock, Directory, RegistryRights, Roles } from "../core/ports.ts";
import type { Report } from "../core/progress.ts";
import { addKey } from "./client-secret.ts";
import { explainRefusal, explainRefusedOwner } from "./explained-refusal.ts";
import type { Identity, KeyLife, ListedKey, NewKey } from "./identity.ts";
import type { Step } from "./step.ts";

/** What an identity works with. */
export interface IdentityTools {
  readonly directory: Directory;
  /** Undefined where only keys matter. */
  readonly roles: Roles | undefined;
  readonly clock: Clock;
  readonly report: Report;
  readonly caller: Caller;
  readonly timeoutMs: number;
}

/** Whose identity, and what was said about it. */
export interface PrincipalWish {
  readonly registry: Pick<Registry, "id" | "name" | "roleAssignmentMode">;
  /** The installation's. */
  readonly id: string;
  /** What the state remembers; undefined for a new installation. */
  readonly record: IdentityRecord | undefined;
  /** Id or name of an application that was named in this run. */
  readonly named: string | undefined;
  readonly displayName: string | undefined;
  readonly owners: readonly string[];
  readonly serviceManagementReference: string | undefined;
  /** Whether the state says that it is being removed: then it may be gone already, in whole or in part. */
  readonly isRemoving: boolean;
}

/** What the state names and Azure does not show is asked for so long before it counts as gone. */
const missedMs = 60_000;

/** An application of Entra and its service principal, with a role on one registry. */
export class ServicePrincipalIdentity implements Identity {
  readonly mostKeys = Number.POSITIVE_INFINITY;
  readonly proof = { times: 3, spreadMs: 0 };
  readonly #wish: PrincipalWish;
  readonly #tools: IdentityTools;
  #application: Application | undefined;
  #principal: ServicePrincipal | undefined;
  #assignments: readonly RoleAssignment[] = [];
  readonly #revoked: RoleAssignment[] = [];
  #rights: RegistryRights | undefined;
  #missingOwners: readonly string[];

  private constructor(wish: PrincipalWish, tools: IdentityTools) {
    this.#wish = wish;
    this.#tools = tools;
    this.#missingOwners = wish.owners;
  }

  /**
   * Looks at what there is of it. A new installation has none, and nothing is asked.
   * @returns undefined if the application that the state names is gone
   * @throws ActionableError `state.foreign-application` if it does not carry the installation's id, and was not named
   */
  static async look(
    wish: PrincipalWish,
    tools: IdentityTools,
    signal: AbortSignal,
  ): Promise<ServicePrincipalIdentity | undefined> {
    const identity = new ServicePrincipalIdentity(wish, tools);
    const { record, named } = wish;
    const rights = tools.roles?.registryRights(wish.registry.id, signal);
    // Awaited below; until then, a failure is not unhandled.
    rights?.catch(() => {});
    if (named !== undefined) identity.#application = await findNamed(named, record, tools.directory, signal);
    else if (record) {
      identity.#application = await identity.#find(record, signal);
      if (!identity.#application && record.id !== undefined && !wish.isRemoving) return undefined;
    }
    if (identity.#application) await identity.#lookFurther(identity.#application, signal);
    identity.#rights = await rights;
    return identity;
  }

  async #find({ id }: IdentityRecord, signal: AbortSignal): Promise<Application | undefined> {
    const { directory, clock } = this.#tools;
    // A run that was cut off may have made it before it saved its id.
    if (id === undefined)
      return untilBelievable(
        () => directory.findApplicationByUniqueName(uniqueNameOf(this.#wish.id), signal),
        (found) => found !== undefined,
        clock,
        signal,
      );
    let seen: Application | undefined;
    const application = await waitUntil(
      async () => {
        seen = (await directory.readApplication(id, signal)) ?? seen;
        // A replica that lags may show the application without the key that bears the id.
        return seen && this.#carriesId(seen) ? seen : undefined;
      },
      { timeoutMs: this.#wish.isRemoving ? 0 : missedMs },
      clock,
      signal,
    );
    if (!application && seen && !this.#wish.isRemoving) throw foreignApplication(seen);
    return application;
  }

  async #lookFurther(application: Application, signal: AbortSignal): Promise<void> {
    const { directory, roles, clock } = this.#tools;
    if (!roles) return;
    const isThere = (found: unknown) => found !== undefined;
    const [principal, owners] = await Promise.all([
      untilBelievable(
        () => directory.findServicePrincipal(application.appId, signal),
        isThere,
        clock,
        signal,
      ),
      this.#wish.owners.length > 0 ? directory.listOwners(application.objectId, signal) : [],
    ]);
    const present = new Set(owners.map(({ objectId }) => objectId.toLowerCase()));
    this.#missingOwners = this.#wish.owners.filter((owner) => !present.has(owner.toLowerCase()));
    this.#principal = principal;
    if (!principal) return;
    // If a stale answer hides a role, the one that would then be granted may differ.
    this.#assignments = await untilBelievable(
      () => roles.listAssignments(this.#wish.registry.id, principal.objectId, signal),
      (some) => some.length > 0,
      clock,
      signal,
    );
  }

  get #roles(): Roles {
    const { roles } = this.#tools;
    if (!roles) throw new TypeError("roles were looked at first");
    return roles;
  }

  get #isOwn(): boolean {
    return this.#application?.uniqueName === uniqueNameOf(this.#wish.id);
  }

  #carriesId({ uniqueName, passwords }: Application): boolean {
    const { id } = this.#wish;
    return uniqueName === uniqueNameOf(id) || passwords.some((key) => bearsId(key.displayName, id));
  }

  get record(): IdentityRecord {
    const { objectId, appId } = this.#application ?? {};
    return {
      kind: "service-principal",
      ...(objectId !== undefined && { id: objectId }),
      ...(appId !== undefined && { userName: appId }),
      displayName: this.#displayName,
    };
  }

  get #displayName(): string {
    const { displayName, registry, id, record } = this.#wish;
    return (
      this.#application?.displayName ??
      displayName ??
      record?.displayName ??
      `acr-pull-${registry.name}-${id.slice(0, 8)}`
    );
  }

  get keys(): readonly ListedKey[] {
    return listed(this.#application);
  }

  async listKeys(signal: AbortSignal): Promise<readonly ListedKey[]> {
    return listed(await this.#tools.directory.readApplication(this.#made.objectId, signal));
  }

  get #made(): Application {
    if (!this.#application) throw new TypeError("the application is made first");
    return this.#application;
  }

  toMake(): readonly Step[] {
    const name = this.#displayName;
    const steps: Step[] = [];
    if (!this.#application)
      steps.push({
        kind: "application",
        action: "create",
        name,
        run: ({ signal }) => this.#createApplication(signal),
      });
    if (!this.#principal)
      steps.push({
        kind: "service principal",
        action: "create",
        name,
        run: ({ signal }) => this.#createPrincipal(signal),
      });
    for (const owner of this.#missingOwners)
      steps.push({
        kind: "owner",
        action: "create",
        name: owner,
        run: ({ signal }) => this.#addOwner(owner, signal),
      });
    return steps;
  }

  /** @throws ActionableError `roles.forbidden`, exit 3, if the caller is known not to have the right to grant them */
  toGrant(role: GrantedRole): readonly Step[] {
    const { registry } = this.#wish;
    const steps = this.#grants(role);
    if (steps.length > 0 && this.#rights?.writeRoleAssignments === false)
      throw mayNotAssign(registry, this.#tools.caller);
    return steps;
  }

  #grants(role: GrantedRole): readonly Step[] {
    const { registry } = this.#wish;
    return rolesFor(role.name, registry.roleAssignmentMode).flatMap((azureRole): Step[] => {
      const condition = repositoryCondition(azureRole, role.repositories);
      const present = this.#assignmentOf(azureRole);
      if (present && sameCondition(present.condition, condition)) return [];
      if (present && !this.#isOurs(present)) throw foreignAssignment(registry, present);
      return [
        {
          kind: "role",
          action: present ? "update" : "create",
          name: `${azureRole.name} on ${registry.name}`,
          ...(present && { before: reach(present.condition) }),
          ...((present || condition !== undefined) && { after: reach(condition) }),
          run: ({ signal }) => this.#assign(azureRole, condition, signal),
        },
      ];
    });
  }

  toRevoke(role: GrantedRole): readonly Step[] {
    const { registry } = this.#wish;
    const needed = rolesFor(role.name, registry.roleAssignmentMode);
    return this.#assignments
      .filter((one) => this.#isOurs(one))
      .filter(({ roleDefinitionId }) => {
        const known = builtInRole(roleDefinitionId);
        return known && !needed.includes(known);
      })
      .map((one) => this.#revocation(one));
  }

  toRemove(): readonly Step[] {
    const application = this.#application;
    if (!application) return [];
    const { id } = this.#wish;
    const roles = this.#assignments.filter((one) => this.#isOurs(one)).map((one) => this.#revocation(one));
    // Without the application, nobody would find the roles, so they go first.
    if (this.#isOwn)
      return [
        ...roles,
        {
          kind: "application",
          action: "remove",
          name: this.#displayName,
          run: async ({ signal }) => {
            await this.#tools.directory.removeApplication(application.objectId, signal);
          },
        },
      ];
    const keys = application.passwords.filter((key) => bearsId(key.displayName, id));
    // The keys show that this installation uses the application, so they go last.
    return [
      ...roles,
      ...keys.map(({ keyId }): Step => ({
        kind: "password",
        action: "remove",
        name: keyId,
        run: ({ signal }) => this.removeKey(keyId, signal),
      })),
    ];
  }

  async makeKey(name: string, life: KeyLife, signal: AbortSignal): Promise<NewKey> {
    try {
      return await addKey(this.#made, { displayName: name, life }, this.#tools, signal);
    } catch (error) {
      throw await explainRefusal(error, this.#made, this.#tools, signal);
    }
  }

  async removeKey(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#tools.directory.removePassword(this.#made.objectId, id, signal);
    } catch (error) {
      throw await explainRefusal(error, this.#made, this.#tools, signal);
    }
  }

  async #addOwner(owner: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#tools.directory.addOwner(this.#made.objectId, owner, signal);
    } catch (error) {
      throw await explainRefusedOwner(error, owner, this.#tools, signal);
    }
  }

  /** The unique name follows from a number that only the state holds, so whatever bears it is the installation's. */
  async #createApplication(signal: AbortSignal): Promise<void> {
    const { id, serviceManagementReference } = this.#wish;
    const { directory } = this.#tools;
    const wanted = {
      uniqueName: uniqueNameOf(id),
      displayName: this.#displayName,
      tags: [applicationTag],
      serviceManagementReference,
    };
    try {
      this.#application = (await directory.createApplication(wanted, signal)).application;
    } catch (error) {
      throw await explainRefusal(error, undefined, this.#tools, signal);
    }
  }

  async #createPrincipal(signal: AbortSignal): Promise<void> {
    const { directory } = this.#tools;
    const { appId } = this.#made;
    this.#principal = await waitReporting(
      () => directory.createServicePrincipal(appId, signal),
      { id: "service-principal", what: "Entra to recognize the new application" },
      this.#tools,
      signal,
    );
    if (this.#principal) return;
    throw new ActionableError(
      `The directory made no service principal for the application ${this.#displayName}: it does not know the application, or says that you do not own it.`,
      {
        code: "directory.application-unknown",
        hint: "Run the same command again later. If that does not help, a right is missing: the caller has to own the application (Application.ReadWrite.OwnedBy) or have the role Application Administrator.",
        retryable: true,
      },
    );
  }

  async regrant(signal: AbortSignal): Promise<void> {
    for (const { roleDefinitionId, condition } of this.#revoked) {
      const role = builtInRole(roleDefinitionId);
      if (role) await this.#assign(role, condition, signal);
    }
  }

  /** Whether an assignment is this installation's: another one may use the same principal. */
  #isOurs({ name, scope, roleDefinitionId }: RoleAssignment): boolean {
    const { registry } = this.#wish;
    const guid = roleDefinitionId.split("/").at(-1) ?? "";
    return scope.toLowerCase() === registry.id.toLowerCase() && name.toLowerCase() === this.#nameFor(guid);
  }

  #nameFor(roleGuid: string): string {
    const { registry, id } = this.#wish;
    return assignmentName(registry.id, id, roleGuid);
  }

  #assignmentOf({ guid }: BuiltInRole): RoleAssignment | undefined {
    const here = this.#wish.registry.id.toLowerCase();
    return this.#assignments.find(
      (one) => one.scope.toLowerCase() === here && one.roleDefinitionId.toLowerCase().endsWith(`/${guid}`),
    );
  }

  /** A 409 is success only if the assignment that stands in the way is the same. */
  async #assign(role: BuiltInRole, condition: string | undefined, signal: AbortSignal): Promise<void> {
    const { registry } = this.#wish;
    const roles = this.#roles;
    const principalId = this.#principal?.objectId;
    if (principalId === undefined) throw new TypeError("the service principal is made first");
    const assigned = await waitReporting(
      async () => {
        const name = this.#nameFor(role.guid);
        const outcome = await roles.assignRole(registry.id, principalId, { role, condition, name }, signal);
        if (outcome.kind === "assigned") {
          const others = this.#assignments.filter(({ id }) => id !== outcome.assignment.id);
          this.#assignments = [...others, outcome.assignment];
          return true;
        }
        if (outcome.kind === "principal-unknown") return undefined;
        this.#assignments = await roles.listAssignments(registry.id, principalId, signal);
        const present = this.#assignmentOf(role);
        if (!present || sameCondition(present.condition, condition)) return present && true;
        if (this.#isOurs(present)) return undefined;
        throw foreignAssignment(registry, present);
      },
      { id: "role", what: "Azure Resource Manager to recognize the new service principal" },
      this.#tools,
      signal,
    );
    if (assigned) return;
    throw new ActionableError(
      `Azure Resource Manager did not recognize the service principal ${principalId} in time.`,
      {
        code: "roles.principal-unknown",
        hint: "Run the same command again later to continue.",
        docs: "https://aka.ms/docs-principaltype",
        retryable: true,
      },
    );
  }

  #revocation({ id, roleDefinitionId, condition }: RoleAssignment): Step {
    const { registry } = this.#wish;
    return {
      kind: "role",
      action: "remove",
      name: `${builtInRole(roleDefinitionId)?.name} on ${registry.name}`,
      ...(condition !== undefined && { before: reach(condition) }),
      run: async ({ signal }) => {
        await this.#roles.removeAssignment(id, signal);
        this.#revoked.push(...this.#assignments.filter((one) => one.id === id));
        this.#assignments = this.#assignments.filter((one) => one.id !== id);
      },
    };
  }
}

/** How far a role reaches, for people. */
function reach(condition: string | undefined): string {
  if (condition === undefined) return "every repository";
  return repositoriesIn(condition).join(", ") || "some repositories, by a condition of somebody else";
}

function listed(application: Application | undefined): readonly ListedKey[] {
  return (application?.passwords ?? []).map(({ keyId, displayName }) => ({ id: keyId, name: displayName }));
}

async function findNamed(
  reference: string,
  record: IdentityRecord | undefined,
  directory: Directory,
  signal: AbortSignal,
): Promise<Application> {
  const [first, ...others] = await directory.findApplications(reference, signal);
  if (!first)
    throw refused(
      "service-principal.not-found",
      `No application or service principal has the id or name ${JSON.stringify(reference)} in this tenant.`,
      "Give its application id, its object id or its exact display name. Omit --service-principal to create one.",
    );
  if (others.length > 0)
    throw refused(
      "service-principal.ambiguous",
      `${others.length + 1} applications are called ${JSON.stringify(reference)}: ${[first, ...others].map(({ appId }) => appId).join(", ")}.`,
      `Name one by its application id: --service-principal ${first.appId}`,
    );
  if (record?.id !== undefined && record.id !== first.objectId)
    throw refused(
      "service-principal.other",
      `This installation pulls as ${record.displayName} (${record.userName}), not as ${first.displayName} (${first.appId}).`,
      "Set the other one up beside it, with --adopt and another --state-namespace. Then remove this one, which leaves what is no longer its own.",
    );
  return first;
}

function foreignApplication({ displayName, appId }: Application): ActionableError {
  return refused(
    "state.foreign-application",
    `The state names the application ${displayName} (${appId}), which does not carry the id of this installation.`,
    `Somebody changed the state, or the application's passwords. If it is meant: --service-principal ${appId}`,
  );
}

function mayNotAssign({ name }: PrincipalWish["registry"], caller: Caller): ActionableError {
  return new ActionableError(
    `${caller.name} may not assign roles on ${name}: Microsoft.Authorization/roleAssignments/write is missing.`,
    {
      code: "roles.forbidden",
      exitCode: exitCode.notAllowed,
      hint: "Ask an Owner, User Access Administrator or Role Based Access Control Administrator of the registry to run this, or to assign you one of these roles on it.",
      docs: "https://learn.microsoft.com/azure/role-based-access-control/role-assignments-steps",
    },
  );
}

function foreignAssignment(registry: PrincipalWish["registry"], assignment: RoleAssignment): ActionableError {
  const { name: role } = builtInRole(assignment.roleDefinitionId) ?? {};
  const condition = assignment.condition === undefined ? "without a condition" : "with another condition";
  return new ActionableError(
    `The service principal already holds ${role} on ${registry.name} ${condition}, by an assignment that acr-pull did not make (${assignment.name}).`,
    {
      code: "roles.foreign-assignment",
      exitCode: exitCode.usage,
      hint: `Azure keeps one assignment per role. Ask for the same rights, or have its owner delete it: az role assignment delete --ids ${assignment.id}`,
    },
  );
}
