import { reviewDefinitions } from "./access-reviews.ts";
import type { JsonObject } from "./json.ts";
import { resourceVerbs } from "./resource-definition.ts";
import { resourceDefinitions } from "./resources.ts";

/*
 * What the server says about itself: versions, groups, resources, and as much OpenAPI as kubectl needs before it
 * applies. Discovery is answered in its plain form, not the aggregated one. Clients must accept both.
 */

/** The release whose behaviour the sandbox follows. */
export const kubernetesVersion = "v1.34.2";

const version = {
  major: "1",
  minor: "34",
  emulationMajor: "1",
  emulationMinor: "34",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "33",
  gitVersion: kubernetesVersion,
  gitCommit: "8cc511e399b929453cd98ae65b419c3cc227ec79",
  gitTreeState: "clean",
  buildDate: "2025-11-11T19:00:39Z",
  goVersion: "go1.24.9",
  compiler: "gc",
  platform: "linux/amd64",
};

const reviewGroups = [...new Set(reviewDefinitions.map(({ group }) => group))];

/** The document at a path; undefined if there is none. @param server the address that clients know */
export function discoveryDocument(path: string, server: string): JsonObject | undefined {
  const trimmed = path.replace(/\/$/, "");
  const groupName = /^\/apis\/([^/]+)$/.exec(trimmed)?.[1];
  const versionedGroup = /^\/apis\/([^/]+)\/v1$/.exec(trimmed)?.[1];
  if (groupName !== undefined && reviewGroups.includes(groupName)) {
    return { kind: "APIGroup", apiVersion: "v1", ...apiGroup(groupName) };
  }
  if (versionedGroup !== undefined && reviewGroups.includes(versionedGroup)) {
    return reviewResources(versionedGroup);
  }
  switch (trimmed) {
    case "/version":
      return version;
    case "/api":
      return {
        kind: "APIVersions",
        versions: ["v1"],
        serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: new URL(server).host }],
      };
    case "/apis":
      return { kind: "APIGroupList", apiVersion: "v1", groups: reviewGroups.map(apiGroup) };
    case "/api/v1":
      return coreResources();
    case "/openapi/v3":
      return { paths: { "api/v1": { serverRelativeURL: "/openapi/v3/api/v1" } } };
    case "/openapi/v3/api/v1":
      return coreOpenApi();
    default:
      return undefined;
  }
}

function apiGroup(name: string): JsonObject {
  const preferredVersion = { groupVersion: `${name}/v1`, version: "v1" };
  return { name, versions: [preferredVersion], preferredVersion };
}

function coreResources(): JsonObject {
  return {
    kind: "APIResourceList",
    groupVersion: "v1",
    resources: resourceDefinitions.map((definition) => ({
      name: definition.plural,
      singularName: definition.singular,
      namespaced: definition.namespaced,
      kind: definition.kind,
      verbs: resourceVerbs.filter((verb) => verb !== "deletecollection" || definition.namespaced),
      ...(definition.shortNames.length > 0 && { shortNames: definition.shortNames }),
      ...(definition.categories.length > 0 && { categories: definition.categories }),
    })),
  };
}

function reviewResources(group: string): JsonObject {
  const resources = reviewDefinitions
    .filter((definition) => definition.group === group)
    .map(({ plural, kind }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced: false,
      kind,
      verbs: ["create"],
    }));
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/v1`, resources };
}

/** The write operations with their kinds. They tell kubectl whether the server validates fields and takes dry runs. */
function coreOpenApi(): JsonObject {
  const parameters = ["dryRun", "fieldManager", "fieldValidation"].map((name) => ({
    name,
    in: "query",
    schema: { type: "string", uniqueItems: true },
  }));
  const paths = resourceDefinitions.map(({ plural, kind, namespaced }) => {
    const operation = {
      parameters,
      responses: { 200: { description: "OK" } },
      "x-kubernetes-group-version-kind": { group: "", version: "v1", kind },
    };
    const path = namespaced ? `/api/v1/namespaces/{namespace}/${plural}/{name}` : `/api/v1/${plural}/{name}`;
    return [path, { put: operation, patch: operation }] as const;
  });
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: kubernetesVersion },
    paths: Object.fromEntries(paths),
    components: { schemas: {} },
  };
}
