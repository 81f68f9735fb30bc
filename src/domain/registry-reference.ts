import { closestName } from "./closest-name.ts";
import { registryNameIn } from "./login-server.ts";
import type { Registry, RegistryReference } from "./registry.ts";

/**
 * The registry that somebody may have meant by a reference that matches none of these, named in the same way. Login
 * servers are compared by the name in them: they all end alike, and one may contain a hash that nobody knows by heart.
 */
export function nearRegistry(
  reference: RegistryReference,
  registries: ReadonlyArray<Pick<Registry, "name" | "loginServer">>,
): string | undefined {
  const names = registries.map(({ name }) => name);
  if (reference.kind === "name") return closestName(reference.name, names);
  if (reference.kind === "resource-id") return undefined;
  const near = closestName(registryNameIn(reference.loginServer), names);
  return registries.find(({ name }) => name === near)?.loginServer;
}

/** A registry as the user named it. */
export function namedAs(reference: RegistryReference): string {
  switch (reference.kind) {
    case "name":
      return reference.name;
    case "login-server":
      return reference.loginServer;
    case "resource-id":
      return reference.id;
    default:
      return reference satisfies never;
  }
}
