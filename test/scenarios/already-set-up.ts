import { createIdSource } from "../../src/sandbox/new-id.ts";
import { assign } from "../../src/sandbox/new-role-assignment.ts";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type {
  ApplicationRecord,
  ClusterRecord,
  PasswordRecord,
  RoleAssignmentRecord,
} from "../../src/sandbox/world.ts";
import { applicationUniqueName } from "../../src/domain/ownership.ts";
import { assignmentName } from "../../src/domain/role-assignment.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;
/** A key is made a little shorter than requested, because the clocks of the services differ. */
const clockSkewMs = 300_000;

/** How a world is to be set up. */
export interface SetUpWish {
  readonly namespaces?: readonly string[];
  readonly secretName?: string;
  readonly context?: string;
  /** How many days the key has lived, and how many it lives in all. */
  readonly ageDays?: number;
  readonly lifetimeDays?: number;
  /** Adds another key to the existing application, like a setup that could not read the other namespaces. */
  readonly beside?: boolean;
}

/** What exists afterwards. */
export interface SetUp {
  readonly clusterId: string;
  readonly appId: string;
  /** The key in use. */
  readonly keyId: string;
  /** RFC 3339 */
  readonly expiresAt: string;
}

/**
 * Puts into a sandbox what `setup` for myregistry left some days ago: an application with its principal, role and
 * key, and a secret with its marks in each namespace. It takes no run of the program.
 */
export function setUp(sandbox: Sandbox, wish: SetUpWish = {}): SetUp {
  const { ageDays = 1 } = wish;
  return leave(sandbox, wish, [Date.now() - ageDays * dayMs]);
}

/**
 * Puts into a sandbox what `rotate` left an hour ago, when the change-over was done and the grace began.
 * @param wish.due whether the grace is over; the change-over was then 25 hours ago
 */
export function changedOver(
  sandbox: Sandbox,
  { due = false, ...wish }: SetUpWish & { readonly due?: boolean } = {},
): SetUp & { readonly old: string } {
  const { ageDays = 120 } = wish;
  const now = Date.now();
  const retireAfter = now + (due ? -1 : 23) * hourMs;
  const starts = [now - ageDays * dayMs, now - (due ? 25 : 1) * hourMs];
  const left = leave(sandbox, wish, starts, retireAfter);
  return { ...left, old: left.keys[0]?.keyId ?? "" };
}

function leave(
  sandbox: Sandbox,
  {
    namespaces = ["awesomeapps"],
    secretName = "acr-secret",
    context = "sandbox",
    lifetimeDays = 180,
    beside = false,
  }: SetUpWish,
  starts: readonly number[],
  retireAfter?: number,
): SetUp & { readonly keys: readonly PasswordRecord[] } {
  const { world } = sandbox;
  const [registry] = world.registries;
  const clusterId = uidOf(world.clusters.find((one) => one.context === context));
  if (!registry || clusterId === undefined) throw new RangeError(`no registry, or no cluster ${context}`);
  const { loginServer } = registry;
  const uniqueName = applicationUniqueName(loginServer, clusterId);
  const standing = beside ? world.applications.find((one) => one.uniqueName === uniqueName) : undefined;
  const application = standing ?? addApplication(sandbox, uniqueName, clusterId);
  const keys = starts.map((start) => newKey(clusterId, start, lifetimeDays));
  application.passwords.push(...keys);
  const [key, before] = keys.toReversed() as [PasswordRecord, PasswordRecord | undefined];
  const { appId } = application;

  const expiresAt = inSeconds(Date.parse(key.endDateTime));
  const mark = {
    registry: registryResourceId(registry),
    clusterId,
    appId,
    keyId: key.keyId,
    expiresAt,
    role: "acrpull",
    ...(before && { retire: { keyId: before.keyId, after: inSeconds(retireAfter ?? 0) } }),
  };
  const auths = {
    [loginServer]: entryOf(appId, key),
    ...(before && { [`https://${loginServer}`]: entryOf(appId, before) }),
  };
  const writtenAt = inSeconds(Math.max(...starts));
  for (const namespace of namespaces) {
    sandbox.addObject(context, {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: {
        name: secretName,
        namespace,
        labels: { "acr-pull/managed": "true", "app.kubernetes.io/managed-by": "acr-pull" },
        annotations: { "acr-pull/entries": JSON.stringify({ [loginServer]: mark }) },
        managedFields: [{ manager: "acr-pull", operation: "Update", apiVersion: "v1", time: writtenAt }],
      },
      data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
    });
  }
  sandbox.invariants.watch();
  return { clusterId, appId, keyId: key.keyId, expiresAt, keys };
}

function uidOf(cluster: ClusterRecord | undefined): string | undefined {
  return cluster?.objects["namespaces"]?.find(({ metadata }) => metadata.name === "kube-system")?.metadata
    .uid;
}

/** The application of one cluster with its principal and role, all made a year ago. */
function addApplication({ world }: Sandbox, uniqueName: string, clusterId: string): ApplicationRecord {
  const ids = createIdSource(undefined);
  const createdAt = Date.now() - yearMs;
  const displayName = `acr-pull-myregistry-${clusterId.slice(0, 8)}`;
  const application: ApplicationRecord = {
    id: ids.guid("application object"),
    appId: ids.guid("application"),
    displayName,
    uniqueName,
    tags: ["acr-pull"],
    notes: null,
    serviceManagementReference: null,
    signInAudience: "AzureADMyOrg",
    passwords: [],
    keyCredentials: [],
    federatedCredentials: [],
    owners: [world.caller.objectId],
    softDeleted: false,
    createdAt,
  };
  const id = ids.guid("principal");
  world.applications.push(application);
  world.servicePrincipals.push({
    id,
    appId: application.appId,
    displayName,
    accountEnabled: true,
    servicePrincipalType: "Application",
    appOwnerOrganizationId: world.tenantId,
    owners: [world.caller.objectId],
    passwords: [],
    graphPermissions: [],
    createdAt,
  });
  assign(world, { role: "AcrPull", scope: "myregistry" }, { id, type: "ServicePrincipal" }, ids);
  nameAsOurs(world.roleAssignments, id);
  return application;
}

/** Gives the newest role assignment the name that `setup` derives, by which it is recognized as ours. */
function nameAsOurs(assignments: RoleAssignmentRecord[], principalId: string): void {
  const made = assignments.pop();
  if (!made) throw new RangeError("a role was assigned");
  const name = assignmentName(made.scope, principalId, made.roleDefinitionId.replace(/^.*\//, ""));
  assignments.push({ ...made, name, id: made.id.replace(/[^/]+$/, name) });
}

function newKey(clusterId: string, startMs: number, lifetimeDays: number): PasswordRecord {
  const ids = createIdSource(undefined);
  const start = Math.floor(startMs / 1000) * 1000;
  const secretText = ids.secret("key");
  return {
    keyId: ids.guid("key"),
    displayName: `acr-pull/${clusterId}/${ids.guid("operation")}`,
    startDateTime: new Date(start).toISOString(),
    endDateTime: new Date(start + lifetimeDays * dayMs - clockSkewMs).toISOString(),
    hint: secretText.slice(0, 3),
    secretText,
    createdAt: start,
  };
}

function entryOf(username: string, { secretText }: PasswordRecord) {
  const auth = Buffer.from(`${username}:${secretText}`).toString("base64");
  return { username, password: secretText, auth };
}

/** RFC 3339 in whole seconds, as marks have it. */
function inSeconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
