import { newCluster, type ClusterContext } from "./new-cluster.ts";
import { createIdSource, type IdSource } from "./new-id.ts";
import { SandboxOptionsError } from "./option-schema.ts";
import { registryResourceId } from "./resource-manager/registry-resource.ts";
import { Replication } from "./replication.ts";
import { roleDefinitions } from "./resource-manager/role-definitions.ts";
import type {
  ApplicationRecord,
  PasswordRecord,
  RegistryRecord,
  ServicePrincipalRecord,
  SubscriptionRecord,
  World,
} from "./world.ts";
import type {
  ApplicationSettings,
  GrantSettings,
  RegistrySettings,
  SandboxSettings,
} from "./world-options.ts";

const dayMs = 86_400_000;
const yearMs = 365 * dayMs;

/** A world as it was before anybody came, and the contexts that lead to its clusters. */
export interface NewWorld {
  readonly world: World;
  readonly contexts: readonly ClusterContext[];
}

/**
 * Makes the world that options describe. What is in it has been there for a year, so every replica knows it.
 * @throws SandboxOptionsError when the options name a role, registry or subscription that there is not
 */
export function newWorld(settings: SandboxSettings): NewWorld {
  const ids = createIdSource(settings.seed);
  const subscriptions = settings.subscriptions.map(({ subscriptionId, displayName }, index) => ({
    subscriptionId: subscriptionId ?? ids.guid(`subscription ${index}`),
    displayName,
  }));
  const clusters = settings.clusters.map((cluster) => newCluster(cluster, ids));
  const caller = {
    appId: ids.guid("caller application"),
    objectId: ids.guid("caller principal"),
    secretText: ids.secret("caller"),
  };
  const world: World = {
    tenantId: ids.guid("tenant"),
    subscriptions,
    applications: [],
    servicePrincipals: [],
    users: [],
    policy: settings.policy,
    ...(settings.deviceSignIn ? { deviceSignIn: settings.deviceSignIn } : {}),
    registries: settings.registries.map((registry) => newRegistry(registry, subscriptions)),
    roleAssignments: [],
    clusters: clusters.map(({ cluster }) => cluster),
    caller,
    pageSize: settings.pageSize,
    replication: new Replication(settings.replicationLag),
    azureUrl: "",
    committed: () => undefined,
  };

  addCaller(world, settings.caller, ids);
  for (const { roles, ...user } of settings.users) {
    const id = ids.guid(`user ${user.userPrincipalName}`);
    world.users.push({ ...user, id });
    for (const role of roles) assign(world, role, { id, type: "User" }, ids);
  }
  for (const application of settings.applications) addApplication(world, application, ids);
  return { world, contexts: clusters.flatMap(({ contexts }) => contexts) };
}

function addCaller(world: World, settings: SandboxSettings["caller"], ids: IdSource): void {
  const { appId, objectId, secretText } = world.caller;
  const displayName = "sandbox-caller";
  world.applications.push(emptyApplication(ids.guid("caller application object"), appId, displayName));
  // On the principal, where a password signs in as well: the applications' passwords are those that matter here.
  world.servicePrincipals.push({
    ...newPrincipal(objectId, appId, displayName),
    passwords: [newPassword({ displayName: null, secretText }, "caller", ids)],
    graphPermissions: [...settings.graphPermissions],
  });
  for (const role of settings.roles) assign(world, role, { id: objectId, type: "ServicePrincipal" }, ids);
}

/** Adds an application that was there beforehand, with its principal and roles. */
function addApplication(world: World, settings: ApplicationSettings, ids: IdSource): void {
  const { displayName } = settings;
  const key = `application ${world.applications.length} ${displayName}`;
  const appId = settings.appId ?? ids.guid(key);
  // Recently: after thirty days it would be gone for good. Its principal goes with it.
  const removal = settings.softDeleted ? { removedAt: Date.now() - dayMs } : {};
  world.applications.push({
    ...emptyApplication(ids.guid(`${key} object`), appId, displayName),
    uniqueName: settings.uniqueName ?? null,
    tags: [...settings.tags],
    passwords: settings.passwords.map((password, index) => newPassword(password, `${key} ${index}`, ids)),
    keyCredentials: settings.certificates.map((name, index) => ({
      keyId: ids.guid(`${key} certificate ${index}`),
      displayName: name,
    })),
    federatedCredentials: settings.federatedCredentials.map((credential) => ({
      ...credential,
      id: ids.guid(`${key} federated ${credential.name}`),
    })),
    owners: settings.owners.map((owner) => (owner === "caller" ? world.caller.objectId : owner)),
    softDeleted: settings.softDeleted,
    ...removal,
  });
  if (!settings.servicePrincipal) return;
  const principal = { ...newPrincipal(ids.guid(`${key} principal`), appId, displayName), ...removal };
  world.servicePrincipals.push(principal);
  for (const role of settings.roles) assign(world, role, { id: principal.id, type: "ServicePrincipal" }, ids);
}

function emptyApplication(id: string, appId: string, displayName: string): ApplicationRecord {
  return {
    id,
    appId,
    displayName,
    uniqueName: null,
    tags: [],
    notes: null,
    serviceManagementReference: null,
    signInAudience: "AzureADMyOrg",
    passwords: [],
    keyCredentials: [],
    federatedCredentials: [],
    owners: [],
    softDeleted: false,
    createdAt: aYearAgo(),
  };
}

function newPrincipal(id: string, appId: string, displayName: string): ServicePrincipalRecord {
  return {
    id,
    appId,
    displayName,
    accountEnabled: true,
    owners: [],
    passwords: [],
    graphPermissions: [],
    createdAt: aYearAgo(),
  };
}

type PasswordSettings = Partial<ApplicationSettings["passwords"][number]>;

function newPassword(settings: PasswordSettings, key: string, ids: IdSource): PasswordRecord {
  const secretText = settings.secretText ?? ids.secret(key);
  return {
    keyId: settings.keyId ?? ids.guid(`${key} password`),
    displayName: settings.displayName ?? null,
    startDateTime: settings.startDateTime ?? new Date(aYearAgo()).toISOString(),
    endDateTime: settings.endDateTime ?? new Date(Date.now() + yearMs).toISOString(),
    hint: secretText.slice(0, 3),
    secretText,
    createdAt: aYearAgo(),
  };
}

function newRegistry(
  settings: RegistrySettings,
  subscriptions: readonly SubscriptionRecord[],
): RegistryRecord {
  const { mode, images, subscriptionId = subscriptions[0]?.subscriptionId, ...registry } = settings;
  const subscription = subscriptions.find((one) => one.subscriptionId === subscriptionId);
  if (!subscription)
    throw new SandboxOptionsError(`registry ${registry.name}: no subscription ${subscriptionId}`);
  return {
    ...registry,
    subscriptionId: subscription.subscriptionId,
    roleAssignmentMode: mode === "abac" ? "AbacRepositoryPermissions" : "LegacyRegistryPermissions",
    loginServer: "",
    images: images.map((image) => {
      const colon = image.lastIndexOf(":");
      return { repository: image.slice(0, colon), tag: image.slice(colon + 1) };
    }),
  };
}

/** Gives a role to a principal at the scopes that the options name. */
function assign(
  world: World,
  grant: GrantSettings,
  principal: { readonly id: string; readonly type: string },
  ids: IdSource,
): void {
  const wanted = grant.role.toLowerCase();
  const role = roleDefinitions.find(
    ({ roleName, guid }) => roleName.toLowerCase() === wanted || guid === wanted,
  );
  if (!role) throw new SandboxOptionsError(`no built-in role ${grant.role}`);
  for (const scope of scopesOf(world, grant.scope)) {
    const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
    const name = ids.guid(`role assignment ${scope} ${principal.id} ${role.guid}`);
    world.roleAssignments.push({
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      name,
      scope,
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.guid}`,
      principalId: principal.id,
      principalType: principal.type,
      condition: grant.condition ?? null,
      conditionVersion: grant.condition === undefined ? null : "2.0",
      description: null,
      createdBy: world.caller.objectId,
      createdAt: aYearAgo(),
    });
  }
}

function scopesOf(world: World, scope: string | undefined): string[] {
  if (scope === undefined) return world.subscriptions.map((one) => `/subscriptions/${one.subscriptionId}`);
  if (scope.startsWith("/")) return [scope.replace(/\/$/, "")];
  const registry = world.registries.find(({ name }) => name === scope);
  if (!registry) throw new SandboxOptionsError(`no registry ${scope}, and no resource id`);
  return [registryResourceId(registry)];
}

function aYearAgo(): number {
  return Date.now() - yearMs;
}
