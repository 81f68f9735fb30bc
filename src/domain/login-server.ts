/*
 * What the name of a login server says. acr-pull never builds one from a registry's name, because a login server may
 * contain a hash. But somebody may have built a secret's host that way, and then it says which registry was meant.
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

/** The Microsoft cloud that a registry's host belongs to, by its name alone; undefined if it belongs to none. */
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
