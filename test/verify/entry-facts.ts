import { known, unknown } from "../../src/verify/known.ts";
import type { EntryFacts } from "../../src/verify/facts.ts";
import { suggest } from "../core/suggest.ts";
import type { AccessedRegistry } from "../../src/domain/registry.ts";
import type { RolePermissions } from "../../src/domain/role.ts";
import { SecretText } from "../../src/domain/secret-text.ts";

export const appId = "11111111-1111-4111-8111-111111111111";
export const registryId =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/contoso";

/** A registry of Azure's public cloud. */
export function registry(more: Partial<AccessedRegistry> = {}): AccessedRegistry {
  return {
    id: registryId,
    name: "contoso",
    loginServer: "contoso.azurecr.io",
    roleAssignmentMode: "LegacyRegistryPermissions",
    subscriptionId: "s",
    resourceGroup: "g",
    location: "westeurope",
    access: {
      publicAccess: true,
      opensToAll: true,
      allowedAddresses: 0,
      privateEndpoints: 0,
    },
    ...more,
  };
}

/** What is unusual about a role. */
interface HeldWish {
  readonly dataActions?: readonly string[];
  readonly notActions?: readonly string[];
  readonly scope?: string;
  readonly name?: string;
}

/** A role held on the registry. */
export function held(actions: readonly string[], wish: HeldWish = {}) {
  const { dataActions = [], notActions = [], scope = registryId, name = "Custom" } = wish;
  const role: RolePermissions = { name, sets: [{ actions, notActions, dataActions, notDataActions: [] }] };
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/a`;
  const assignment = {
    id,
    name: "a",
    roleDefinitionId: "/providers/Microsoft.Authorization/roleDefinitions/custom",
    principalId: "p",
    scope,
    condition: undefined,
  };
  return { assignment, role };
}

/** An entry that is in order except for the given facts. */
export function entryFacts(more: Partial<EntryFacts> = {}): EntryFacts {
  return {
    place: { context: "blue", namespace: "apps", name: "acr-secret" },
    key: "contoso.azurecr.io",
    host: "contoso.azurecr.io",
    isOurs: true,
    writtenBy: undefined,
    credential: { username: appId, password: new SecretText("abc8Q~the-password") },
    expectedHost: "contoso.azurecr.io",
    registry: known(registry()),
    unreachable: undefined,
    isLeftOver: false,
    pull: { kind: "allowed" },
    image: { repository: "any" },
    imageIsNamed: false,
    signIn: unknown("Not asked."),
    application: unknown("Not asked."),
    principal: unknown("Not asked."),
    passwordPolicy: unknown("Not asked."),
    meantApplication: undefined,
    roles: known([held(["Microsoft.ContainerRegistry/registries/pull/read"], { name: "AcrPull" })]),
    second: undefined,
    platforms: unknown("Not asked."),
    nodes: unknown("Not asked."),
    now: new Date("2026-06-01T00:00:00Z"),
    inNamespace: {
      context: "blue",
      namespace: "apps",
      pods: unknown("Not asked."),
      accounts: unknown("Not asked."),
      pullSecrets: unknown("Not asked."),
    },
    suggest,
    ...more,
  };
}
