/*
 * The built-in roles that the sandbox knows. Names, GUIDs and permissions:
 * https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */

/** A built-in role. */
export interface RoleDefinition {
  readonly guid: string;
  readonly roleName: string;
  readonly description: string;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

/** A role by its GUID, or by any id that ends in it. Letter case does not matter. */
export function roleDefinition(id: string): RoleDefinition | undefined {
  const guid = id.split("/").at(-1)?.toLowerCase();
  return roleDefinitions.find((role) => role.guid === guid);
}

function role(
  guid: string,
  roleName: string,
  description: string,
  permissions: Partial<Pick<RoleDefinition, "actions" | "notActions" | "dataActions">>,
): RoleDefinition {
  return {
    guid,
    roleName,
    description,
    actions: [],
    notActions: [],
    dataActions: [],
    notDataActions: [],
    ...permissions,
  };
}

/** Actions below a registry. */
function registry(...paths: readonly string[]): string[] {
  return paths.map((path) => `Microsoft.ContainerRegistry/registries/${path}`);
}

/** Several operations on one kind of thing below a registry. */
function each(path: string, ...operations: readonly string[]): string[] {
  return registry(...operations.map((operation) => `${path}/${operation}`));
}

const repositoryRead = registry("repositories/metadata/read", "repositories/content/read");
const repositoryWrite = registry("repositories/metadata/write", "repositories/content/write");
const repositoryDelete = registry("repositories/metadata/delete", "repositories/content/delete");
const status = "operationStatuses/read";
const change = ["read", "write", "delete"];
const alertRules = ["Write", "Delete", "Read", "Activated/Action", "Resolved/Action", "Throttled/Action"]
  .concat("Incidents/Read")
  .map((operation) => `Microsoft.Insights/AlertRules/${operation}`);
const insights = registry(
  "providers/Microsoft.Insights/diagnosticSettings/read",
  "providers/Microsoft.Insights/diagnosticSettings/write",
  "providers/Microsoft.Insights/logDefinitions/read",
  "providers/Microsoft.Insights/metricDefinitions/read",
);

/** All built-in roles that the sandbox knows. */
export const roleDefinitions: readonly RoleDefinition[] = [
  role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", "Full access to all resources, including roles.", {
    actions: ["*"],
  }),
  role("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", "Full access, but for assigning roles.", {
    actions: ["*"],
    notActions: [
      "Microsoft.Authorization/*/Delete",
      "Microsoft.Authorization/*/Write",
      "Microsoft.Authorization/elevateAccess/Action",
      "Microsoft.Blueprint/blueprintAssignments/write",
      "Microsoft.Blueprint/blueprintAssignments/delete",
      "Microsoft.Compute/galleries/share/action",
      "Microsoft.Purview/consents/write",
      "Microsoft.Purview/consents/delete",
      "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
      "Microsoft.Subscription/cancel/action",
      "Microsoft.Subscription/enable/action",
    ],
  }),
  role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", "Views all resources.", { actions: ["*/read"] }),
  role("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", "Manages access to resources.", {
    actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
  }),
  role(
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    "Role Based Access Control Administrator",
    "Manages access to resources by assigning roles.",
    {
      actions: [
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "*/read",
        "Microsoft.Support/*",
      ],
    },
  ),
  role("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", "acr pull", { actions: registry("pull/read") }),
  role("8311e382-0749-4cb8-b61a-304f252e45ec", "AcrPush", "acr push", {
    actions: registry("pull/read", "push/write"),
  }),
  role("c2f4ef07-c644-48eb-af81-4b1b4947fb11", "AcrDelete", "acr delete", {
    actions: registry("artifacts/delete"),
  }),
  role("6cef56e8-d556-48e5-a04f-b8e64114680f", "AcrImageSigner", "acr image signer", {
    actions: registry("sign/write"),
    dataActions: registry("trustedCollections/write"),
  }),
  role("cdda3590-29a3-44f6-95f2-9f980659eb04", "AcrQuarantineReader", "acr quarantine data reader", {
    actions: registry("quarantine/read"),
    dataActions: registry("quarantinedArtifacts/read"),
  }),
  role("c8d4ff99-41c3-41a8-9f60-21dfdad59608", "AcrQuarantineWriter", "acr quarantine data writer", {
    actions: each("quarantine", "read", "write"),
    dataActions: each("quarantinedArtifacts", "read", "write"),
  }),
  role(
    "b93aa761-3e63-49ed-ac28-beffa264f7ac",
    "Container Registry Repository Reader",
    "Reads repositories, without listing them.",
    { dataActions: repositoryRead },
  ),
  role(
    "2a1e307c-b015-4ebd-883e-5b7698a07328",
    "Container Registry Repository Writer",
    "Reads and writes repositories, without listing them.",
    { dataActions: [...repositoryRead, ...repositoryWrite] },
  ),
  role(
    "2efddaa5-3f1f-4df3-97df-af3f13818f4c",
    "Container Registry Repository Contributor",
    "Reads, writes and deletes repositories, without listing them.",
    { dataActions: [...repositoryRead, ...repositoryWrite, ...repositoryDelete] },
  ),
  role(
    "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7",
    "Container Registry Repository Catalog Lister",
    "Lists the repositories.",
    { dataActions: registry("catalog/read") },
  ),
  role(
    "577a9874-89fd-4f24-9dbd-b5034d0ad23a",
    "Container Registry Data Importer and Data Reader",
    "Imports images, lists repositories and pulls.",
    {
      actions: registry("importImage/action", "read", "pull/read"),
      dataActions: [
        ...registry("repositories/content/read", "repositories/metadata/read"),
        ...registry("catalog/read"),
      ],
    },
  ),
  role(
    "fb382eab-e894-4461-af04-94435c366c3f",
    "Container Registry Tasks Contributor",
    "Configures and runs tasks.",
    {
      actions: [
        ...each("agentpools", ...change, "listQueueStatus/action", "operationResults/status/read", status),
        ...each("tasks", ...change, "listDetails/action"),
        ...registry("scheduleRun/action", "listBuildSourceUploadUrl/action"),
        ...each("runs", "read", "write", "listLogSasUrl/action", "cancel/action"),
        ...each("taskruns", ...change, "listDetails/action", status),
        "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        ...registry("read"),
      ],
    },
  ),
  role(
    "bf94e731-3a51-4a7c-8c54-a1ab9971dfc1",
    "Container Registry Transfer Pipeline Contributor",
    "Transfers images through pipelines.",
    {
      actions: [
        ...each("exportPipelines", ...change),
        ...each("importPipelines", ...change),
        ...each("pipelineRuns", ...change, status),
        "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        ...registry("read"),
      ],
    },
  ),
  role(
    "69b07be0-09bf-439a-b9a6-e73de851bd59",
    "Container Registry Configuration Reader and Data Access Configuration Reader",
    "Lists registries and their configuration.",
    {
      actions: [
        ...registry(status, "read"),
        ...each("privateEndpointConnections", "read", status),
        ...registry("listCredentials/action"),
        ...each("tokens", "read", status),
        ...each("scopeMaps", "read", status),
        ...each("webhooks", "read", "getCallbackConfig/action", "listEvents/action", status),
        ...each("replications", "read", status),
        ...registry("connectedRegistries/read"),
        ...insights,
        ...alertRules,
      ],
    },
  ),
  role(
    "3bc748fc-213d-45c1-8d91-9da5725539b9",
    "Container Registry Contributor and Data Access Configuration Administrator",
    "Manages registries and their configuration.",
    {
      actions: [
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        ...registry(status, ...change),
        ...registry("listCredentials/action", "regenerateCredential/action", "generateCredentials/action"),
        ...each("replications", ...change, status),
        ...registry("privateEndpointConnectionsApproval/action"),
        ...each("privateEndpointConnections", ...change, status),
        ...each("tokens", ...change, status),
        ...each("scopeMaps", ...change, status),
        ...insights,
        "Microsoft.Resources/deployments/*",
        "Microsoft.Authorization/*/read",
        ...each("connectedRegistries", ...change, "deactivate/action"),
        ...each(
          "webhooks",
          ...change,
          "getCallbackConfig/action",
          "ping/action",
          "listEvents/action",
          status,
        ),
        ...alertRules,
        "Microsoft.ContainerRegistry/locations/operationResults/read",
        "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
        "Microsoft.Network/virtualNetworks/subnets/read",
        "Microsoft.Network/virtualNetworks/subnets/write",
        "Microsoft.Network/virtualNetworks/read",
        "Microsoft.Network/privateEndpoints/privateLinkServiceProxies/write",
      ],
    },
  ),
];
