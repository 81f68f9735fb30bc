/*
 * What the name of a login server tells. It is never built from a registry's name, for a name may have a hash behind
 * it; but what a secret holds may have been, and then the name tells which registry was meant.
 */

/**
 * What login servers end in, by cloud.
 * Source: https://github.com/Azure/azure-cli/blob/dev/src/azure-cli-core/azure/cli/core/cloud.py
 */
const suffixes = {
  AzureCloud: ".azurecr.io",
  AzureUSGovernment: ".azurecr.us",
  AzureChinaCloud: ".azurecr.cn",
} as const;

const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** The cloud of Microsoft's that a host is a registry of, by its name alone; undefined when it is of none. */
export function cloudOfLoginServer(host: string): keyof typeof suffixes | undefined {
  const whole = registryHostOf(host);
  return (Object.keys(suffixes) as Array<keyof typeof suffixes>).find(
    (cloud) => whole.endsWith(suffixes[cloud]) && label.test(whole.slice(0, -suffixes[cloud].length)),
  );
}

/**
 * The host of the registry that a regional endpoint (`NAME.REGION.geo.azurecr.io`) leads to; any other host is its own.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference
 */
export function registryHostOf(host: string): string {
  const groups = /^(?<name>[^.]+)\.[a-z0-9]+\.geo(?<suffix>\.azurecr\.[a-z]+)$/.exec(
    host.toLowerCase(),
  )?.groups;
  return groups ? `${groups["name"]}${groups["suffix"]}` : host.toLowerCase();
}

/**
 * The name of the registry that somebody who wrote this host had in mind: the first label without a domain name label's
 * hash, for a name holds no dash.
 */
export function registryNameIn(host: string): string {
  return host.toLowerCase().split(/[.:]/)[0]?.split("-")[0] ?? "";
}
