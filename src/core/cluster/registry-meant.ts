import type { RegistryReference } from "../../domain/registry.ts";

export { namedAs, nearRegistry } from "../../domain/registry-reference.ts";

/** Whether an entry belongs to the registry that was asked for. */
export function isMeant(
  reference: RegistryReference | undefined,
  loginServer: string,
  registryId: string,
): boolean {
  switch (reference?.kind) {
    case undefined:
      return true;
    case "login-server":
      return reference.loginServer.toLowerCase() === loginServer;
    case "resource-id":
      return reference.id.toLowerCase() === registryId.toLowerCase();
    case "name":
      return registryName(registryId, loginServer).toLowerCase() === reference.name.toLowerCase();
    default:
      return reference satisfies never;
  }
}

/** A registry's name, from its resource id. One that was set up without Azure is known by its login server alone. */
export function registryName(registryId: string, loginServer: string): string {
  return nameInId(registryId) ?? loginServer.split(/[.:]/)[0] ?? "";
}

/** The name of a registry in its resource id. Undefined for any other text. */
export function nameInId(registryId: string | undefined): string | undefined {
  return /\/registries\/(?<name>[^/]+)$/i.exec(registryId ?? "")?.groups?.["name"];
}

/** How `--registry` names a registry: by its name, or by its login server if it was set up without Azure. */
export function registryNamed({
  registry,
  loginServer,
}: {
  readonly registry: string;
  readonly loginServer: string;
}): string {
  return nameInId(registry) ?? loginServer;
}
