import { newWorld } from "../../src/sandbox/new-world.ts";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import type { SandboxRequest } from "../../src/sandbox/service.ts";
import { issueToken, resourceManagerAudiences } from "../../src/sandbox/entra/token.ts";
import { readSandboxOptions, type SandboxOptions } from "../../src/sandbox/world-options.ts";
import type {
  ApplicationRecord,
  RegistryRecord,
  ServicePrincipalRecord,
  World,
} from "../../src/sandbox/world.ts";

/** The password of the application in these worlds. */
export const password = "abc8Q~the-password-of-the-puller";

type Grants = NonNullable<NonNullable<SandboxOptions["applications"]>[number]["roles"]>;

/** A world with an application `puller`, and the records that tests need. */
export interface RegistryWorld {
  readonly world: World;
  readonly legacy: RegistryRecord;
  readonly abac: RegistryRecord;
  readonly application: ApplicationRecord;
  readonly principal: ServicePrincipalRecord;
}

/** @param roles the roles of the application */
export function registryWorld(roles: Grants = [], options: SandboxOptions = {}): RegistryWorld {
  const settings = readSandboxOptions(
    {
      seed: "registry",
      clusters: [],
      ...options,
      applications: [{ displayName: "puller", passwords: [{ secretText: password }], roles }],
    } satisfies SandboxOptions,
    "test",
  );
  const { world } = newWorld(settings);
  world.azureUrl = "https://localhost:4430";
  world.registries.forEach((registry, index) => {
    registry.loginServer = `localhost:${4431 + index}`;
  });
  const [legacy, abac] = world.registries;
  const application = world.applications.find(({ displayName }) => displayName === "puller");
  const principal = world.servicePrincipals.find(({ displayName }) => displayName === "puller");
  if (!legacy || !abac || !application || !principal) throw new Error("the world lacks what tests need");
  return { world, legacy, abac, application, principal };
}

/** Gives the application a role later on. */
export function grant(
  { world, principal }: RegistryWorld,
  registry: RegistryRecord,
  roleGuid: string,
  { condition, createdAt = 0 }: { readonly condition?: string; readonly createdAt?: number } = {},
): void {
  const scope = registryResourceId(registry);
  world.roleAssignments.push({
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${roleGuid}`,
    name: roleGuid,
    scope,
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${roleGuid}`,
    principalId: principal.id,
    principalType: "ServicePrincipal",
    condition: condition ?? null,
    conditionVersion: condition === undefined ? null : "2.0",
    description: null,
    createdBy: world.caller.objectId,
    createdAt,
  });
}

/** A request as a service sees it. A body that is not text is sent as JSON. */
export function request(
  method: string,
  url: string,
  { headers = {}, body = "" }: { readonly headers?: Record<string, string>; readonly body?: unknown } = {},
): SandboxRequest {
  const { pathname, searchParams } = new URL(url, "https://localhost");
  return {
    method,
    path: pathname,
    query: searchParams,
    headers,
    body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    remoteAddress: "::ffff:192.0.2.7",
    closed: new AbortController().signal,
  };
}

/** An Entra token for Resource Manager, for the caller or another principal. */
export async function armToken(world: World, objectId: string = world.caller.objectId): Promise<string> {
  const record = world.servicePrincipals.find(({ id }) => id === objectId);
  if (!record) throw new Error(`no service principal ${objectId}`);
  return issueToken(world, {
    audience: resourceManagerAudiences[0] ?? "",
    subject: { kind: "service-principal", record },
  });
}

/** The header of basic authentication. */
export function basic(username: string, secret: string): string {
  return `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`;
}
