import type { Later } from "./controller-manager.ts";
import type { ObjectStore } from "./object-store.ts";
import { recountQuotas } from "./resource-quota.ts";

/**
 * What the controller manager does for quotas: it counts once at the start, then a moment after each change of a
 * quota and each object that goes. New objects are counted by the API server itself, as it admits them.
 */
export function runQuotaController(store: ObjectStore, later: Later): void {
  for (const { metadata } of store.list("namespaces")) {
    recountQuotas(store, metadata.name);
  }
  store.subscribe(({ type, resource, object }) => {
    if (type === "DELETED" || resource === "resourcequotas") {
      later(() => {
        recountQuotas(store, object.metadata.namespace ?? "");
      });
    }
  });
}
