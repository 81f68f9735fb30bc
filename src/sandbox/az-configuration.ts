import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resourceManagerAudiences } from "./entra/token.ts";
import type { World } from "./world.ts";

const cloud = "sandbox";

/**
 * Writes the files that `az cloud register`, `az cloud set` and `az login --service-principal` leave behind, so that
 * `az` works in the sandbox at once. They have the form that az 2.91 writes. The peer tests run az with them.
 * @param folder az's `AZURE_CONFIG_DIR`; created here, for its user alone
 */
export async function writeAzConfiguration(folder: string, world: World): Promise<void> {
  const { appId, secretText } = world.caller;
  const { tenantId, azureUrl, subscriptions } = world;
  const [audience] = resourceManagerAudiences;
  const files = {
    "clouds.config": section(cloud, {
      endpoint_active_directory: azureUrl,
      endpoint_active_directory_resource_id: audience,
      endpoint_management: audience,
      endpoint_microsoft_graph_resource_id: azureUrl,
      endpoint_resource_manager: azureUrl,
      suffix_acr_login_server_endpoint: ".localhost",
      subscription: subscriptions[0]?.subscriptionId ?? "",
    }),
    config: section("cloud", { name: cloud }),
    "azureProfile.json": JSON.stringify({
      subscriptions: subscriptions.map(({ subscriptionId, displayName }, index) => ({
        id: subscriptionId,
        name: displayName,
        state: "Enabled",
        user: { name: appId, type: "servicePrincipal" },
        isDefault: index === 0,
        tenantId,
        environmentName: cloud,
        homeTenantId: tenantId,
        managedByTenants: [],
      })),
    }),
    "service_principal_entries.json": JSON.stringify([
      { client_id: appId, tenant: tenantId, client_secret: secretText },
    ]),
  };
  await mkdir(folder, { mode: 0o700 });
  await Promise.all(
    Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text, { mode: 0o600 })),
  );
}

/** A section of an INI file. */
function section(name: string, values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
  return [`[${name}]`, ...lines, ""].join("\n");
}
