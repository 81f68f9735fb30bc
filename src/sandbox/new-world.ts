import { randomUUID } from "node:crypto";
import { newCluster, type ClusterContext } from "./new-cluster.ts";
import { credentialFor, newJob } from "./job/new-job.ts";
import { createIdSource, type IdSource } from "./new-id.ts";
import { addManagedCluster } from "./new-managed-cluster.ts";
import { SandboxOptionsError } from "./option-schema.ts";
import { assign } from "./new-role-assignment.ts";
import { Replication } from "./replication.ts";
import { usualApiVersions } from "./resource-manager/api-versions.ts";
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
  ForeignPrincipalSettings,
  GroupSettings,
  RegistrySettings,
  SandboxSettings,
} from "./world-options.ts";

const dayMs = 86_400_000;
const yearMs = 365 * dayMs;

/** A world that nobody has used yet, and the contexts that lead to its clusters. */
export interface NewWorld {
  readonly world: World;
  readonly contexts: readonly ClusterContext[];
}

/**
 * Makes the world that options describe. Its content is a year old, so every replica knows it.
 * @throws SandboxOptionsError if the options name a role, registry or subscription that does not exist
 */
export function newWorld(settings: SandboxSettings): NewWorld {
  const ids = createIdSource(settings.seed);
  const subscriptions = settings.subscriptions.map(({ subscriptionId, displayName, tenantId }, index) => ({
    subscriptionId: subscriptionId ?? ids.guid(`subscription ${index}`),
    displayName,
    ...(tenantId !== undefined && { tenantId }),
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
    groups: [],
    policy: settings.policy,
    managementPolicies: [],
    customRoles: [],
    ...(settings.deviceSignIn ? { deviceSignIn: settings.deviceSignIn } : {}),
    registries: settings.registries.map((registry) => newRegistry(registry, subscriptions)),
    roleAssignments: [],
    apiVersions: { ...usualApiVersions, ...settings.apiVersions },
    clusters: clusters.map(({ cluster }) => cluster),
    managedClusters: [],
    caller,
    ...(settings.job && { job: newJob(settings.job, ids) }),
    clockAheadMs: settings.clockAheadMs,
    pageSize: settings.pageSize,
    certificateReads: { since: 0, count: 0 },
    replication: new Replication({
      replicas: settings.replicas,
      lagMs: settings.replicationLag,
      pattern: settings.replication,
      seed: settings.seed ?? randomUUID(),
    }),
    azureUrl: "",
    committed: () => undefined,
  };

  addCaller(world, settings.caller, ids);
  for (const { roles, customRoles, ...user } of settings.users) {
    const id = ids.guid(`user ${user.userPrincipalName}`);
    world.users.push({ ...user, id });
    world.customRoles.push(...customRoles.map((role) => ({ ...role, principalId: id })));
    for (const role of roles) assign(world, role, { id, type: "User" }, ids);
  }
  for (const application of settings.applications) addApplication(world, application, ids);
  for (const principal of settings.foreignPrincipals) addForeignPrincipal(world, principal, ids);
  for (const cluster of settings.managedClusters) {
    addManagedCluster(world, cluster, ids, (...principal) => newPrincipal(world, ...principal));
  }
  for (const group of settings.groups) addGroup(world, group, ids);
  return { world, contexts: clusters.flatMap(({ contexts }) => contexts) };
}

function addCaller(world: World, settings: SandboxSettings["caller"], ids: IdSource): void {
  const { appId, objectId, secretText } = world.caller;
  const displayName = "sandbox-caller";
  const trusted = settings.federatedCredentials ?? (world.job ? [credentialFor(world.job)] : []);
  world.applications.push({
    ...emptyApplication(ids.guid("caller application object"), appId, displayName),
    federatedCredentials: trusted.map((one) => ({ ...one, id: ids.guid(`caller federated ${one.name}`) })),
  });
  // On the principal, where a password also works. The passwords of applications are the ones that matter here.
  const password = newPassword({ displayName: null, secretText }, "caller", ids);
  world.servicePrincipals.push({
    ...newPrincipal(world, objectId, appId, displayName),
    passwords: world.job ? [] : [password],
    graphPermissions: [...settings.graphPermissions],
  });
  world.customRoles.push(...settings.customRoles.map((role) => ({ ...role, principalId: objectId })));
  for (const role of settings.roles) assign(world, role, { id: objectId, type: "ServicePrincipal" }, ids);
}

/** Adds an application that exists when the sandbox starts, with its principal and roles. */
function addApplication(world: World, settings: ApplicationSettings, ids: IdSource): void {
  const { displayName } = settings;
  const key = `application ${world.applications.length} ${displayName}`;
  const appId = settings.appId ?? ids.guid(key);
  // Removed recently: after thirty days it would be deleted permanently. Its principal is removed too.
  const removal = settings.softDeleted ? { removedAt: Date.now() - dayMs } : {};
  const policy = settings.passwordPolicy && {
    ...settings.passwordPolicy,
    id: ids.guid(`${key} policy`),
    displayName: `Policy of ${displayName}`,
  };
  if (policy) world.managementPolicies.push(policy);
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
    ...(settings.createdDateTime !== undefined && { createdDateTime: settings.createdDateTime }),
    ...(policy && { managementPolicy: policy }),
    ...removal,
  });
  if (!settings.servicePrincipal) return;
  const principal = {
    ...newPrincipal(world, ids.guid(`${key} principal`), appId, displayName),
    accountEnabled: !settings.disabled,
    ...removal,
  };
  world.servicePrincipals.push(principal);
  for (const role of settings.roles) assign(world, role, { id: principal.id, type: "ServicePrincipal" }, ids);
}

/** Adds the principal of a managed identity, or of an application that lives in another tenant. */
function addForeignPrincipal(world: World, settings: ForeignPrincipalSettings, ids: IdSource): void {
  const { displayName, kind, roles } = settings;
  const key = `foreign principal ${displayName}`;
  const id = ids.guid(key);
  world.servicePrincipals.push({
    ...newPrincipal(world, id, ids.guid(`${key} application`), displayName),
    ...(kind === "application"
      ? { appOwnerOrganizationId: ids.guid(`${key} tenant`) }
      : { servicePrincipalType: "ManagedIdentity", appOwnerOrganizationId: null }),
  });
  for (const role of roles) assign(world, role, { id, type: "ServicePrincipal" }, ids);
}

/** Adds a group with its members and roles. */
function addGroup(world: World, { displayName, members, roles }: GroupSettings, ids: IdSource): void {
  const id = ids.guid(`group ${displayName}`);
  world.groups.push({ id, displayName, members: members.map((member) => memberId(world, member)) });
  for (const role of roles) assign(world, role, { id, type: "Group" }, ids);
}

function memberId(world: World, name: string): string {
  const found =
    world.servicePrincipals.find(({ displayName }) => displayName === name) ??
    world.users.find(({ userPrincipalName }) => userPrincipalName === name) ??
    world.groups.find(({ displayName }) => displayName === name);
  if (!found) throw new SandboxOptionsError(`no application, user or group ${name} to be a member`);
  return found.id;
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

function newPrincipal(
  { tenantId }: World,
  id: string,
  appId: string,
  displayName: string,
): ServicePrincipalRecord {
  return {
    id,
    appId,
    displayName,
    accountEnabled: true,
    servicePrincipalType: "Application",
    appOwnerOrganizationId: tenantId,
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
  const { mode, images, network, subscriptionId = subscriptions[0]?.subscriptionId, ...registry } = settings;
  const subscription = subscriptions.find((one) => one.subscriptionId === subscriptionId);
  if (!subscription)
    throw new SandboxOptionsError(`registry ${registry.name}: no subscription ${subscriptionId}`);
  return {
    ...registry,
    subscriptionId: subscription.subscriptionId,
    roleAssignmentMode: mode === "abac" ? "AbacRepositoryPermissions" : "LegacyRegistryPermissions",
    loginServer: "",
    // A firewalled registry keeps clients out by its rules.
    network: { ...network, defaultAction: network.defaultAction ?? (settings.firewalled ? "Deny" : "Allow") },
    images: images.map((image) => {
      const { name, ...rest } = typeof image === "string" ? { name: image } : image;
      const colon = name.lastIndexOf(":");
      return { repository: name.slice(0, colon), tag: name.slice(colon + 1), ...rest };
    }),
  };
}

function aYearAgo(): number {
  return Date.now() - yearMs;
}
