import { AskedAzure } from "./azure-sandbox.ts";
import type { Recording } from "./azure-recordings.ts";

type Answer = Promise<Recording["response"]>;

const guid = (digit: string) => `${digit.repeat(8)}-0000-4000-8000-${digit.repeat(12)}`;
const unknownGuid = guid("9");
const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const condition = "ActionMatches{'x'}";

/** An application that has a principal and, if asked for, roles. */
const puller = (roles: Array<{ role: string; scope?: string; condition?: string }> = []) => ({
  applications: [{ displayName: "puller", owners: ["caller"], roles }],
});

const api = { of2019: "2019-12-01-preview", of2020: "2020-04-01-preview", of2022: "2022-04-01" };

function principalOf({ world }: AskedAzure): string {
  return world.servicePrincipals.find(({ displayName }) => displayName === "puller")?.id ?? "";
}

function subscriptionOf({ registryId }: AskedAzure): string {
  return registryId.split("/").slice(0, 3).join("/");
}

function registryGet(version: string, sku: "Basic" | "Premium") {
  return (): Answer => {
    const azure = new AskedAzure({ registries: [{ name: "myregistry", sku }] });
    return azure.arm(`GET ${azure.registryId}?api-version=${version}`);
  };
}

function registryPatch(properties: object) {
  return (): Answer => {
    const azure = new AskedAzure();
    return azure.arm(`PATCH ${azure.registryId}?api-version=${api.of2019}`, { properties });
  };
}

/** Assigns Reader to the puller: once, or again under the same or another name. */
function assign(version: string, ...tries: ReadonlyArray<{ name: string; more?: object }>) {
  return async (azure = new AskedAzure(puller())): Answer => {
    let last: Recording["response"] | undefined;
    for (const { name, more } of tries) {
      const path = `${azure.registryId}/providers/Microsoft.Authorization/roleAssignments/${name}`;
      last = await azure.arm(`PUT ${path}?api-version=${version}`, {
        properties: {
          roleDefinitionId: `${subscriptionOf(azure)}/providers/Microsoft.Authorization/roleDefinitions/${reader}`,
          principalId: principalOf(azure),
          ...more,
        },
      });
    }
    if (!last) throw new Error("nothing was asked");
    return last;
  };
}

const limited = { condition, conditionVersion: "2.0", description: "for a test" };

function assignments(version: string, filter: (principalId: string) => string) {
  return (): Answer => {
    const azure = new AskedAzure(puller([{ role: "Reader", scope: "myregistry" }]));
    const path = `${subscriptionOf(azure)}/providers/Microsoft.Authorization/roleAssignments`;
    return azure.arm(`GET ${path}?api-version=${version}&$filter=${filter(principalOf(azure))}`);
  };
}

function subscription(path: string, options = {}) {
  return (): Answer => {
    const azure = new AskedAzure(options);
    return azure.arm(`GET ${subscriptionOf(azure)}${path}`);
  };
}

function signIn(form: (azure: AskedAzure) => Record<string, string>) {
  return (): Answer => {
    const secretText = "old8Q~secret";
    const passwords = [
      { secretText, startDateTime: "2025-01-01T00:00:00Z", endDateTime: "2026-01-01T00:00:00Z" },
    ];
    const azure = new AskedAzure({ applications: [{ displayName: "puller", passwords }] });
    const client_id = azure.world.applications.find((one) => one.displayName === "puller")?.appId ?? "";
    const usual = {
      grant_type: "client_credentials",
      client_id,
      scope: "https://management.azure.com/.default",
    };
    return azure.form(`POST /${azure.world.tenantId}/oauth2/v2.0/token`, { ...usual, ...form(azure) });
  };
}

const assertion = [{ alg: "none" }, { iss: "https://x.example", sub: "s", aud: "a", exp: 9_999_999_999 }, ""]
  .map((part) => (part === "" ? "" : Buffer.from(JSON.stringify(part)).toString("base64url")))
  .join(".");

/** Asks Graph about an application by its object id, after a password was added to it. */
function application(
  line: (azure: AskedAzure, id: string) => string,
  { body, before, asUser = false }: { body?: object; before?: string; asUser?: boolean } = {},
) {
  return async (): Answer => {
    const azure = new AskedAzure();
    const made = await azure.graph("POST /v1.0/applications", { displayName: "mine" }, asUser);
    const { id } = made.body as { id: string };
    const passwordCredential = { displayName: "rbac", ...life };
    if (before !== "none")
      await azure.graph(`POST /v1.0/applications/${id}/addPassword`, { passwordCredential });
    if (before === "deleted") await azure.graph(`DELETE /v1.0/applications/${id}`);
    if (before === "owned by nobody") {
      const [owner] = azure.world.users;
      await azure.graph(`DELETE /v1.0/applications/${id}/owners/${owner?.id}/$ref`, undefined, true);
    }
    return azure.graph(line(azure, id), body);
  };
}

const life = {
  startDateTime: new Date().toISOString().replace(/\.\d+/, ""),
  endDateTime: new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+/, ""),
};

/** Makes an application and its principal as a person, then asks Graph. */
function principal(line: (ids: { id: string; appId: string }) => string, body?: (appId: string) => object) {
  return async (): Answer => {
    const azure = new AskedAzure();
    const made = await azure.graph("POST /v1.0/applications", { displayName: "mine" }, true);
    const { appId } = made.body as { appId: string };
    const { body: principalBody } = await azure.graph("POST /v1.0/servicePrincipals", { appId }, true);
    const { id } = principalBody as { id: string };
    return azure.graph(line({ id, appId }), body?.(appId), true);
  };
}

async function exchanged(azure: AskedAzure, audience: string): Answer {
  return azure.form("POST /oauth2/exchange", {
    grant_type: "access_token",
    service: "localhost:18444",
    tenant: azure.world.tenantId,
    access_token: await azure.token(audience, true),
  });
}

/** For each recording, by name: the same question to the sandbox, or why there is none. */
export const questions: Readonly<Record<string, (() => Answer) | string>> = {
  "acr-challenge-2025": () => new AskedAzure().form("GET /v2/"),
  "acr-challenge-catalog": () => new AskedAzure().form("GET /v2/_catalog"),
  "acr-challenge-manifest": () => new AskedAzure().form("GET /v2/hello-world/manifests/latest"),
  "acr-exchange-2025-arm-audience": () => exchanged(new AskedAzure(), "https://management.core.windows.net/"),
  "acr-exchange-2026-registry-audience": () =>
    exchanged(new AskedAzure(), "https://containerregistry.azure.net"),
  "acr-token-by-refresh-token": async () => {
    const azure = new AskedAzure();
    const { body } = await exchanged(azure, "https://management.core.windows.net/");
    const { refresh_token } = body as { refresh_token: string };
    const scope = "repository:hello-world:pull,push,metadata_write,metadata_read,delete";
    const form = { grant_type: "refresh_token", service: "localhost:18444", scope, refresh_token };
    return azure.form("POST /oauth2/token", form);
  },
  "arm-api-version-refused-azure-stack-hub": () =>
    new AskedAzure({ apiVersions: { subscriptions: ["2019-10-01", "2020-06-01"] } }).arm(
      "GET /subscriptions?api-version=2021-04-01",
    ),
  "arm-authorization-failed-management-groups": () => {
    const azure = new AskedAzure({ caller: { roles: [{ role: "AcrPull" }] } });
    return azure.arm(`GET ${azure.registryId}?api-version=2025-11-01`);
  },
  "arm-c7n-registries": subscription(
    "/providers/Microsoft.ContainerRegistry/registries?api-version=2017-10-01",
    { registries: [{ name: "myregistry", sku: "Basic" }] },
  ),
  "arm-c7n-roleDefinitions-acdd72a7": subscription(
    `/providers/Microsoft.Authorization/roleDefinitions/${reader}?api-version=2018-01-01-preview`,
  ),
  "arm-check-name-2019-1": "nothing of acr-pull's or of az's recipe checks a registry's name",
  "arm-linked-authorization-failed": "the sandbox has no resource that links to another subscription's",
  "arm-no-registered-provider-found": () => {
    const azure = new AskedAzure();
    return azure.arm(`GET ${azure.registryId}?api-version=2018-05-01`);
  },
  "arm-permissions-2": () => permissions("Reader"),
  "arm-permissions-3": () => permissions("Reader"),
  "arm-registries-list-domain-name-label": subscription(
    "/providers/Microsoft.ContainerRegistry/registries?api-version=2023-07-01",
    { registries: [{ name: "myregistry", sku: "Standard" }] },
  ),
  "arm-registry-api-version-refused": () => {
    const azure = new AskedAzure({ apiVersions: { registries: ["2023-07-01"] } });
    return azure.arm(`GET ${azure.registryId}?api-version=2024-01-01-preview`);
  },
  "arm-registry-get-basic-2025": registryGet("2025-03-01-preview", "Basic"),
  "arm-registry-get-premium-2026": registryGet("2026-09-01-preview", "Premium"),
  "arm-registry-network-rules-2": registryPatch({
    networkRuleSet: { defaultAction: "Deny", virtualNetworkRules: [], ipRules: [] },
  }),
  "arm-registry-private-endpoint-connections": () => {
    const network = { privateEndpoints: 1 };
    const azure = new AskedAzure({ registries: [{ name: "myregistry", network }] });
    return azure.arm(`GET ${azure.registryId}/privateEndpointConnections?api-version=${api.of2019}`);
  },
  "arm-registry-public-network-access-2": registryPatch({ publicNetworkAccess: "Disabled" }),
  "arm-registry-put-abac": "the sandbox makes no registries",
  "arm-resource-group-get-2026": subscription("/resourcegroups/sandbox-group?api-version=2024-11-01"),
  "arm-resource-groups-list": subscription(
    "/resourcegroups?%24filter=tagName+eq+%27a%27+and+tagValue+eq+%27b%27&api-version=2021-04-01",
  ),
  "arm-resources-filter-registries-2020": subscription(
    "/resources?$filter=resourceType eq 'Microsoft.ContainerRegistry/registries'&api-version=2020-06-01".replaceAll(
      " ",
      "%20",
    ),
  ),
  "arm-resources-filter-registries-2026": subscription(
    "/resources?$filter=resourceType%20eq%20'Microsoft.ContainerRegistry%2Fregistries'&api-version=2024-11-01",
  ),
  "arm-role-assignment-delete-with-condition": async () => {
    const azure = new AskedAzure(puller());
    await assign(api.of2020, { name: guid("1"), more: limited })(azure);
    const path = `${azure.registryId}/providers/Microsoft.Authorization/roleAssignments/${guid("1")}`;
    return azure.arm(`DELETE ${path}?api-version=${api.of2020}`);
  },
  "arm-role-assignment-exists-2026": assign(api.of2022, { name: guid("1") }, { name: guid("2") }),
  "arm-role-assignment-put-created": assign(api.of2020, { name: guid("1") }),
  "arm-role-assignment-put-exists": assign(api.of2020, { name: guid("1") }, { name: guid("2") }),
  "arm-role-assignment-put-principal-not-found-2015-07-01": assign("2015-07-01", {
    name: guid("1"),
    more: { principalId: unknownGuid },
  }),
  "arm-role-assignment-put-update-of-existing-is-201": assign(
    api.of2020,
    { name: guid("1") },
    { name: guid("1"), more: limited },
  ),
  "arm-role-assignment-put-with-condition": assign(api.of2020, { name: guid("1"), more: limited }),
  "arm-role-assignments-assigned-to": assignments(api.of2022, (id) => `assignedTo('${id}')`),
  "arm-role-assignments-list-by-principal": assignments(api.of2020, (id) => `principalId%20eq%20%27${id}%27`),
  "arm-role-definition-contributor-2026": subscription(
    `/providers/Microsoft.Authorization/roleDefinitions/${contributor}?api-version=${api.of2022}`,
  ),
  "arm-role-definitions-by-name": subscription(
    "/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName%20eq%20%27Contributor%27&api-version=2018-01-01-preview",
  ),
  "entra-expired-secret": signIn(() => ({ client_secret: "old8Q~secret" })),
  "entra-invalid-secret-2020": signIn(() => ({ client_secret: "wrong" })),
  "entra-invalid-secret-2026": signIn(() => ({ client_secret: "wrong" })),
  "entra-no-federated-credential": signIn(() => ({
    client_assertion: assertion,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  })),
  "entra-resource-unknown": signIn(({ world }) => ({
    client_id: world.caller.appId,
    client_secret: world.caller.secretText,
    scope: "https://unknown.example/.default",
  })),
  "graph-application-add-password": application((_azure, id) => `POST /v1.0/applications/${id}/addPassword`, {
    before: "none",
    body: { passwordCredential: { displayName: "rbac", ...life } },
  }),
  "graph-application-by-id": application((_azure, id) => `GET /v1.0/applications/${id}`),
  "graph-application-delete": application((_azure, id) => `DELETE /v1.0/applications/${id}`),
  "graph-application-owners-none": application((_azure, id) => `GET /v1.0/applications/${id}/owners`, {
    asUser: true,
    before: "owned by nobody",
  }),
  "graph-application-owners-user": async () => {
    const graphPermissions = ["Application.ReadWrite.All", "User.Read.All"];
    const azure = new AskedAzure({ caller: { graphPermissions } });
    const { body } = await azure.graph("POST /v1.0/applications", { displayName: "mine" }, true);
    return azure.graph(`GET /v1.0/applications/${(body as { id: string }).id}/owners`);
  },
  "graph-application-post-2022": () =>
    new AskedAzure().graph("POST /v1.0/applications", { displayName: "mine", keyCredentials: [] }),
  "graph-application-upsert-created":
    "the documentation shows a shortened answer; a whole one of the same kind is graph-application-post-2022",
  "graph-applications-by-app-id": application(
    ({ world }) => `GET /v1.0/applications?$filter=appId%20eq%20%27${world.applications.at(-1)?.appId}%27`,
  ),
  "graph-applications-startswith-none": () =>
    new AskedAzure().graph("GET /v1.0/applications?$filter=startswith%28displayName%2C%27none%27%29"),
  "graph-deleted-item-delete": application((_azure, id) => `DELETE /v1.0/directory/deletedItems/${id}`, {
    before: "deleted",
  }),
  "graph-federated-credential-post":
    "the sandbox's federated credentials are made beforehand, by the options of its world",
  "graph-forbidden": () =>
    new AskedAzure({ caller: { graphPermissions: [] } }).graph(
      "GET /v1.0/applications?$filter=startswith%28displayName%2C%27none%27%29",
    ),
  "graph-no-credentials-to-remove": application(
    (_azure, id) => `POST /v1.0/applications/${id}/removePassword`,
    { body: { keyId: unknownGuid } },
  ),
  "graph-service-principal-exists": principal(
    () => "POST /v1.0/servicePrincipals",
    (appId) => ({ appId }),
  ),
  "graph-service-principal-owners-none": principal(({ id }) => `GET /v1.0/servicePrincipals/${id}/owners`),
  "graph-service-principals-by-display-name-none": () =>
    new AskedAzure().graph("GET /v1.0/servicePrincipals?$filter=displayName%20eq%20%27none%27"),
  "graph-service-principals-by-name-any": principal(
    ({ appId }) => `GET /v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c%20eq%20'${appId}')`,
  ),
};

function permissions(role: string): Answer {
  const azure = new AskedAzure({ caller: { roles: [{ role }] } });
  return azure.arm(
    `GET ${azure.registryId}/providers/Microsoft.Authorization/permissions?api-version=${api.of2022}`,
  );
}
