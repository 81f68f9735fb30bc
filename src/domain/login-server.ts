/*
 * What the name of a login server tells. acr-pull never builds one from a registry's name, because a login server may
 * contain a hash. But a secret's host may have been built that way, and then the name tells which registry was meant.
 */

/**
 * The suffixes of login servers, by cloud.
 * Source: https://github.com/Azure/azure-cli/blob/dev/src/azure-cli-core/azure/cli/core/cloud.py
 */
const suffixes = {
  AzureCloud: ".azurecr.io",
  AzureUSGovernment: ".azurecr.us",
  AzureChinaCloud: ".azurecr.cn",
} as const;

const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** The cloud of Microsoft's that a host is a registry of, by its name alone; undefined if there is none. */
export function cloudOfLoginServer(host: string): keyof typeof suffixes | undefined {
  const whole = registryHostOf(host);
  return (Object.keys(suffixes) as Array<keyof typeof suffixes>).find(
    (cloud) => whole.endsWith(suffixes[cloud]) && label.test(whole.slice(0, -suffixes[cloud].length)),
  );
}

/**
 * The registry's host for a regional endpoint (`NAME.REGION.geo.azurecr.io`); any other host is returned as it is.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference
 */
export function registryHostOf(host: string): string {
  const groups = /^(?<name>[^.]+)\.[a-z0-9]+\.geo(?<suffix>\.azurecr\.[a-z]+)$/.exec(
    host.toLowerCase(),
  )?.groups;
  return groups ? `${groups["name"]}${groups["suffix"]}` : host.toLowerCase();
}

/**
 * The registry's name in a host: the first label without the hash of a domain name label. A registry's name has no
 * dash.
 */
export function registryNameIn(host: string): string {
  return host.toLowerCase().split(/[.:]/)[0]?.split("-")[0] ?? "";
}
