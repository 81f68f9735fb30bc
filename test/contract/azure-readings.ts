import { expect } from "vitest";
import type { DesiredAssignment } from "../../src/domain/role-assignment.ts";
import { rolesFor } from "../../src/domain/role.ts";
import { asAnswer, type Clients } from "./azure-clients.ts";
import { recording, type Json } from "./azure-recordings.ts";
import type { Answer } from "../scripted-server.ts";

/** How a client reads a recorded answer and the answers that follow it. */
interface Reading {
  readonly read: (clients: Clients, signal: AbortSignal) => Promise<unknown>;
  /** What `read` resolves to, or the `code` and `exitCode` that it fails with. */
  readonly makes: object | undefined;
  /** Answers after the recorded one. */
  readonly next?: () => readonly Answer[];
  /** A part of the last request's path and query. */
  readonly asks?: string;
}

const subscription = "00000000-0000-4000-8000-000000000000";
const registryId = `/subscriptions/${subscription}/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/registry`;
const reference = {
  kind: "resource-id",
  id: registryId,
  subscriptionId: subscription,
  resourceGroup: "g",
  name: "registry",
} as const;
const principalId = "13edf5e4-7e22-4dc0-8170-90f902b4702e";
const [acrPull] = rolesFor("acrpull", "LegacyRegistryPermissions");
const desired = (condition?: string): DesiredAssignment => {
  if (!acrPull) throw new Error("no role");
  return { role: acrPull, condition };
};

const readAccess: Reading["read"] = (clients, signal) => clients.registries().readAccess(reference, signal);
const assign: Reading["read"] = (clients, signal) =>
  clients.roles().assignRole(registryId, principalId, desired(), signal);
const rights: Reading["read"] = (clients, signal) => clients.roles().registryRights(registryId, signal);
const signIn: Reading["read"] = (clients, signal) =>
  clients.signIn().signIn("APP", clients.pullCredential.password, signal);
const search: Reading["read"] = (clients, signal) => clients.directory().searchApplications("azure", signal);
const pull =
  (repository: string): Reading["read"] =>
  (clients, signal) =>
    clients.pulls.tryPull(clients.loginServer, clients.pullCredential, { repository }, signal);

const open = {
  publicAccess: true,
  opensToAll: true,
  allowedAddresses: 0,
  privateEndpoints: 0,
};
const legacy = { roleAssignmentMode: "LegacyRegistryPermissions" };
const text = (part: string) => expect.stringContaining(part) as string;
const refusedSecret = { kind: "refused", expired: false, number: 7_000_215 };
const assigned = (condition: string | undefined) => ({
  kind: "assigned",
  assignment: { condition, scope: text("/subscriptions/"), name: expect.any(String) as string },
});
const foo = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:Name] stringEquals 'foo'";

/** For each recording, by name: the client that reads such an answer, or why none does. */
export const readings: Readonly<Record<string, Reading | string>> = {
  "acr-challenge-2025": {
    read: (clients, signal) => clients.pulls.checkReachable(clients.loginServer, signal),
    makes: undefined,
  },
  "acr-challenge-catalog": {
    read: pull("hello-world"),
    makes: { kind: "refused", reason: "authentication required" },
  },
  "acr-challenge-manifest": {
    read: pull("hello-world"),
    makes: { kind: "refused", reason: "authentication required" },
  },
  "acr-exchange-2025-arm-audience": "az exchanges tokens; acr-pull signs in as a node does",
  "acr-exchange-2026-registry-audience": "az exchanges tokens; acr-pull signs in as a node does",
  "acr-token-by-refresh-token": { read: pull("hello-world"), makes: { kind: "allowed" } },
  "arm-api-version-refused-azure-stack-hub": {
    read: (clients, signal) => clients.registries().findRegistries({ kind: "name", name: "n" }, {}, signal),
    next: () => [{ status: 200, json: { value: [] } }],
    makes: { code: "azure.no-subscription" },
    asks: "/subscriptions?api-version=2020-06-01",
  },
  "arm-authorization-failed-management-groups": {
    read: rights,
    makes: { code: "azure.forbidden", exitCode: 3 },
  },
  "arm-c7n-registries": {
    read: listed,
    makes: [{ name: "registry2", loginServer: "registry2.azurecr.io", resourceGroup: "group1", ...legacy }],
  },
  "arm-c7n-roleDefinitions-acdd72a7": {
    read: role,
    makes: {
      name: "Reader",
      sets: [{ actions: ["*/read"], notActions: [], dataActions: [], notDataActions: [] }],
    },
  },
  "arm-check-name-2019-1": "nobody checks a registry's name",
  "arm-linked-authorization-failed": { read: assign, makes: { code: "roles.forbidden", exitCode: 3 } },
  "arm-no-registered-provider-found": {
    read: readAccess,
    // The version that the error names is not the cause, so the client does not ask for it forever.
    next: () => [asAnswer(recording("arm-no-registered-provider-found"))],
    makes: { code: "azure.failed" },
    asks: `${registryId}?api-version=2018-05-01`,
  },
  "arm-permissions-2": { read: rights, makes: { writeRoleAssignments: false, deleteRoleAssignments: false } },
  "arm-permissions-3": { read: rights, makes: { writeRoleAssignments: false, deleteRoleAssignments: false } },
  "arm-registries-list-domain-name-label": {
    read: listed,
    makes: [
      { name: "registry19", loginServer: "registry19-d4dafvhpevapbeaz.azurecr.io", ...legacy },
      { name: "registry20", loginServer: "registry20.azurecr.io", ...legacy },
    ],
  },
  "arm-registry-api-version-refused": {
    read: readAccess,
    next: () => [withoutMode(recording("arm-registry-get-basic-2025"))],
    makes: { name: "clitestabac000002", roleAssignmentMode: undefined, access: open },
    asks: `${registryId}?api-version=2023-07-01`,
  },
  "arm-registry-get-basic-2025": {
    read: readAccess,
    makes: {
      loginServer: "clitestabac000002.azurecr.io",
      location: "southeastasia",
      access: open,
      ...legacy,
    },
  },
  "arm-registry-get-premium-2026": { read: readAccess, makes: { access: open, ...legacy } },
  "arm-registry-network-rules-2": { read: readAccess, makes: { access: { ...open, opensToAll: false } } },
  "arm-registry-private-endpoint-connections": "they are counted in the registry's own answer",
  "arm-registry-public-network-access-2": {
    read: readAccess,
    makes: { access: { ...open, publicAccess: false } },
  },
  "arm-registry-put-abac": { read: readAccess, makes: { roleAssignmentMode: "AbacRepositoryPermissions" } },
  "arm-resource-group-get-2026": "nobody reads resource groups",
  "arm-resource-groups-list": "nobody reads resource groups",
  "arm-resources-filter-registries-2020": "az finds registries so; acr-pull lists them by their own provider",
  "arm-resources-filter-registries-2026": "az finds registries so; acr-pull lists them by their own provider",
  "arm-role-assignment-delete-with-condition": {
    read: (clients, signal) => clients.roles().removeAssignment(`${registryId}/x`, signal),
    makes: undefined,
  },
  "arm-role-assignment-exists-2026": { read: assign, makes: { kind: "exists" } },
  "arm-role-assignment-put-created": { read: assign, makes: assigned(undefined) },
  "arm-role-assignment-put-exists": { read: assign, makes: { kind: "exists" } },
  "arm-role-assignment-put-principal-not-found-2015-07-01": {
    read: assign,
    makes: { kind: "principal-unknown" },
  },
  "arm-role-assignment-put-update-of-existing-is-201": { read: assign, makes: assigned(foo) },
  "arm-role-assignment-put-with-condition": { read: assign, makes: assigned(foo) },
  "arm-role-assignments-assigned-to": {
    read: (clients, signal) => clients.roles().listHeldAssignments(registryId, principalId, signal),
    makes: [
      { principalId: "321b4a11-9c95-4959-8f3b-a82d6473511f", condition: undefined },
      { scope: "/subscriptions/515b0400-a3c6-4697-8977-cce0ab711ed4" },
    ],
  },
  "arm-role-assignments-list-by-principal": {
    read: (clients, signal) => clients.roles().listAssignments(registryId, principalId, signal),
    makes: [{ roleDefinitionId: text("b24988ac-6180-42a0-ab88-20f7382dd24c") }],
  },
  "arm-role-definition-contributor-2026": {
    read: role,
    makes: {
      name: "Contributor",
      sets: [{ notActions: expect.arrayContaining(["Microsoft.Authorization/*/Write"]) as string[] }],
    },
  },
  "arm-role-definitions-by-name": "az finds roles by name; acr-pull knows their ids",
  "entra-expired-secret": { read: signIn, makes: { kind: "refused", expired: true, number: 7_000_222 } },
  "entra-invalid-secret-2020": { read: signIn, makes: refusedSecret },
  "entra-invalid-secret-2026": { read: signIn, makes: refusedSecret },
  "entra-no-federated-credential": { read: signIn, makes: { kind: "refused", number: 700_213 } },
  "entra-resource-unknown": {
    read: signIn,
    next: () => [{ status: 200, json: { access_token: "token", expires_in: 3599 } }],
    makes: { kind: "accepted" },
  },
  "graph-application-add-password": {
    read: (clients, signal) =>
      clients
        .directory()
        .addPassword("id", { displayName: "rbac", endDateTime: new Date("2026-04-08T09:40:17Z") }, signal),
    makes: {
      keyId: "5537288c-8aa2-4e42-83f5-85549fa5d6a8",
      endDateTime: new Date("2026-04-08T09:40:17Z"),
    },
  },
  "graph-application-by-id": {
    read: (clients, signal) => clients.directory().readApplication("id", signal),
    makes: {
      displayName: "azure-cli-test-000001",
      uniqueName: undefined,
      passwords: [{ displayName: "rbac", hint: "JRB", endDateTime: new Date("2026-04-08T09:40:17Z") }],
    },
  },
  "graph-application-delete": "there is nothing in it to read",
  "graph-application-owners-none": { read: owners, makes: [] },
  "graph-application-owners-user": {
    read: owners,
    makes: [
      { objectId: "3c35003c-5002-468a-8efd-91d40ade9482", kind: "user", displayName: "user@example.com" },
    ],
  },
  "graph-application-post-2022": {
    read: (clients, signal) => clients.directory().readApplication("id", signal),
    makes: { appId: "7f40d50f-bc2f-406a-82a8-b0b8fec27e3f", passwords: [] },
  },
  "graph-application-upsert-created": {
    read: (clients, signal) =>
      clients
        .directory()
        .createApplication({ uniqueName: "app-65278", displayName: "Display name", tags: [] }, signal),
    makes: { created: true, application: { uniqueName: "app-65278", displayName: "Display name" } },
  },
  "graph-applications-by-app-id": {
    read: search,
    makes: [{ appId: "15cb8bd9-9b57-4bcc-8022-1399d9934b52", displayName: "azure-cli-test-000001" }],
  },
  "graph-applications-startswith-none": { read: search, makes: [] },
  "graph-deleted-item-delete": "there is nothing in it to read",
  "graph-federated-credential-post": "acr-pull counts federated credentials, and makes none",
  "graph-forbidden": { read: search, makes: { code: "directory.forbidden", exitCode: 3 } },
  "graph-no-credentials-to-remove": {
    read: (clients, signal) => clients.directory().removePassword("id", "gone", signal),
    // No replica lists the key, however often the client asks.
    next: () => Array.from({ length: 9 }, () => asAnswer(recording("graph-application-by-id"))),
    makes: undefined,
  },
  "graph-service-principal-exists": {
    read: (clients, signal) => clients.directory().createServicePrincipal("app", signal),
    next: () => [{ status: 200, json: firstPrincipal() }],
    makes: { objectId: "861e7be1-0afa-42b6-815b-102c2eb5a3f1", enabled: true },
  },
  "graph-service-principal-owners-none": {
    read: (clients, signal) => clients.directory().listPrincipalOwners("id", signal),
    makes: [],
  },
  "graph-service-principals-by-display-name-none": { read: principals, makes: [] },
  "graph-service-principals-by-name-any": {
    read: principals,
    makes: [
      { objectId: "861e7be1-0afa-42b6-815b-102c2eb5a3f1", appId: "06ca55ed-d78f-4c10-80ea-6d8c1979b349" },
    ],
  },
};

async function listed(clients: Clients, signal: AbortSignal): Promise<unknown> {
  return (await clients.registries().listRegistries({ subscription }, signal)).registries;
}

function role(clients: Clients, signal: AbortSignal): Promise<unknown> {
  return clients.roles().findRole(`/providers/Microsoft.Authorization/roleDefinitions/x`, signal);
}

function owners(clients: Clients, signal: AbortSignal): Promise<unknown> {
  return clients.directory().listOwners("id", signal);
}

function principals(clients: Clients, signal: AbortSignal): Promise<unknown> {
  return clients.directory().findServicePrincipals([principalId], signal);
}

/** A registry as an older api-version shows it. */
function withoutMode({ response }: ReturnType<typeof recording>): Answer {
  const { roleAssignmentMode: _, ...properties } = response.body.properties;
  return { status: 200, json: { ...response.body, properties } };
}

function firstPrincipal(): Json {
  return recording("graph-service-principals-by-name-any").response.body.value[0];
}
