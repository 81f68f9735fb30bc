import { rolesFor } from "../../../domain/role.ts";
import { pass, type Check } from "../check.ts";
import type { ClusterFacts } from "../facts.ts";
import { az } from "../remedies.ts";

/**
 * What the names of AKS's API servers end in, in each cloud.
 * Source: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
 */
const suffixes = [".azmk8s.io", ".cx.aks.containerservice.azure.us", ".cx.prod.service.azk8s.cn"];

/** Is it a cluster of AKS, whose nodes have an identity of their own that could pull without any secret? */
export const aks: Check<ClusterFacts> = {
  id: "aks",
  needs: [],
  look: ({ apiHost, context, registry }) => {
    if (!suffixes.some((suffix) => apiHost.toLowerCase().endsWith(suffix))) return undefined;
    const abac = registry?.roleAssignmentMode === "AbacRepositoryPermissions";
    const role =
      rolesFor("acrpull", registry?.roleAssignmentMode ?? "LegacyRegistryPermissions")[0]?.name ?? "";
    const attach = az(
      "aks",
      "update",
      "--name",
      "CLUSTER",
      "--resource-group",
      "GROUP",
      "--attach-acr",
      registry?.name ?? "REGISTRY",
    );
    const assign = az(
      "role",
      "assignment",
      "create",
      "--role",
      role,
      "--scope",
      registry?.id ?? "REGISTRY_ID",
      "--assignee-principal-type",
      "ServicePrincipal",
      "--assignee-object-id",
    );
    return pass(
      `Context ${context} leads to a cluster of AKS: with the registry attached its nodes pull by an identity of their own, with no secret and no password that ends.`,
      {
        hint: abac
          ? `--attach-acr grants AcrPull, which does nothing on a registry in ABAC mode; grant the nodes' identity its role: ${assign} "$(az aks show --name CLUSTER --resource-group GROUP --query identityProfile.kubeletidentity.objectId --output tsv)"`
          : `Attach it: ${attach}`,
        docs: "https://learn.microsoft.com/azure/aks/cluster-container-registry-integration",
      },
    );
  },
};
