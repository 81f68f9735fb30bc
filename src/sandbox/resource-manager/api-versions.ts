import { armError } from "./errors.ts";
import { registriesAt } from "./scope.ts";
import type { SandboxRequest, SandboxResponse } from "../service.ts";
import type { World } from "../world.ts";

/** The versions of Resource Manager's APIs that a cloud has, oldest first. */
export interface ApiVersions {
  readonly registries: readonly string[];
  readonly managedClusters: readonly string[];
  /** Of role assignments, role definitions and permissions. */
  readonly authorization: readonly string[];
  /** Of tenants, subscriptions, their resource groups and their lists of resources. */
  readonly subscriptions: readonly string[];
}

// As Resource Manager lists them when it refuses one: JulianHayward/Azure-MG-Sub-Governance-Reporting#266,
// Azure/azure-resource-manager-schemas#1886 and pulumi/pulumi-azure-native#3637; newer ones from the documentation.
export const usualApiVersions: ApiVersions = {
  registries: (
    "2017-03-01 2017-10-01 2019-05-01 2019-12-01-preview 2020-11-01-preview 2021-06-01-preview 2021-08-01-preview " +
    "2021-09-01 2021-12-01-preview 2022-02-01-preview 2022-12-01 2023-01-01-preview 2023-06-01-preview 2023-07-01 " +
    "2023-08-01-preview 2023-11-01-preview 2024-11-01-preview 2025-03-01-preview 2025-04-01 2025-05-01-preview " +
    "2025-11-01 2026-09-01-preview"
  ).split(" "),
  // The stable ones from the documentation and from what az asks for; of the previews, only those of 2026.
  managedClusters: (
    "2020-11-01 2020-12-01 2021-02-01 2021-03-01 2021-05-01 2021-07-01 2021-08-01 2021-09-01 2021-10-01 2022-01-01 " +
    "2022-02-01 2022-03-01 2022-04-01 2022-06-01 2022-07-01 2022-09-01 2022-11-01 2023-01-01 2023-02-01 2023-03-01 " +
    "2023-04-01 2023-05-01 2023-06-01 2023-07-01 2023-08-01 2023-09-01 2023-10-01 2023-11-01 2024-01-01 2024-02-01 " +
    "2024-05-01 2024-06-01 2024-07-01 2024-08-01 2024-09-01 2024-10-01 2025-01-01 2025-02-01 2025-03-01 2025-04-01 " +
    "2025-05-01 2025-07-01 2025-08-01 2025-09-01 2025-10-01 2026-01-01 2026-01-02-preview " +
    "2026-04-02-preview 2026-06-01 2026-06-02-preview"
  ).split(" "),
  authorization: (
    "2014-04-01-preview 2014-07-01-preview 2014-10-01-preview 2015-05-01-preview 2015-06-01 2015-07-01 2016-07-01 " +
    "2017-05-01 2017-09-01 2017-10-01-preview 2018-01-01-preview 2018-07-01 2018-09-01-preview 2018-12-01-preview " +
    "2019-04-01-preview 2020-03-01-preview 2020-04-01-preview 2020-08-01-preview 2021-04-01-preview " +
    "2022-01-01-preview 2022-04-01 2022-05-01-preview"
  ).split(" "),
  subscriptions: (
    "2014-04-01 2015-01-01 2015-11-01 2016-02-01 2016-06-01 2016-07-01 2016-09-01 2017-03-01 2017-05-01 2017-05-10 " +
    "2017-06-01 2017-08-01 2017-12-01 2018-01-01 2018-02-01 2018-05-01 2018-06-01 2018-07-01 2018-08-01 2018-09-01 " +
    "2018-11-01 2019-03-01 2019-05-01 2019-05-10 2019-06-01 2019-07-01 2019-08-01 2019-09-01 2019-10-01 2019-11-01 " +
    "2020-01-01 2020-05-01 2020-06-01 2020-07-01 2020-08-01 2020-09-01 2020-10-01 2021-01-01 2021-04-01 2022-01-01 " +
    "2022-03-01-preview 2022-05-01 2022-06-01 2022-09-01 2022-11-01-preview 2022-12-01 2023-03-01-preview " +
    "2023-07-01 2023-07-01-preview 2024-03-01 2024-06-01-preview 2024-08-01 2024-11-01"
  ).split(" "),
};

/** The refusal of a version that the requested API does not have in this cloud. Undefined if it has it. */
export function apiVersionRefusal(
  world: World,
  { path }: SandboxRequest,
  version: string,
): SandboxResponse | undefined {
  const [, provider, type] = /.*\/providers\/(Microsoft\.[^/]+)\/([^/]+)/i.exec(path) ?? [];
  const namespace = provider?.toLowerCase();
  const { registries, authorization, subscriptions, managedClusters } = world.apiVersions;
  if (namespace === "microsoft.authorization") {
    return authorization.includes(version)
      ? undefined
      : unknownType(type ?? "", "Microsoft.Authorization", version, authorization);
  }
  if (namespace === "microsoft.containerservice") {
    return managedClusters.includes(version)
      ? undefined
      : unknownType("managedClusters", "Microsoft.ContainerService", version, managedClusters);
  }
  if (namespace === "microsoft.containerregistry") {
    if (registries.includes(version)) return undefined;
    const [registry] = /\/registries\/[^/]+/i.test(path) ? registriesAt(world, scopeOf(path)) : [];
    return registry
      ? armError(
          400,
          "NoRegisteredProviderFound",
          `No registered resource provider found for location '${registry.location}' and API version '${version}' for type 'registries'. The supported api-versions are '${registries.join(", ")}'. The supported locations are '${registry.location}'.`,
        )
      : unknownType("registries", "Microsoft.ContainerRegistry", version, registries);
  }
  return subscriptions.includes(version)
    ? undefined
    : armError(
        400,
        "InvalidApiVersionParameter",
        `The api-version '${version}' is invalid. The supported versions are '${subscriptions.toReversed().join(",")}'.`,
      );
}

/** Without a resource, there is no location to name in the error: https://github.com/Azure/acs-engine/issues/4037 */
function unknownType(
  type: string,
  namespace: string,
  version: string,
  supported: readonly string[],
): SandboxResponse {
  return armError(
    404,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${version}'. The supported api-versions are '${supported.join(",")}'.`,
  );
}

/** The registry that a path leads to or through. */
function scopeOf(path: string): string {
  return /^.*?\/registries\/[^/]+/i.exec(path)?.[0] ?? path;
}
