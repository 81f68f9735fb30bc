import type { Later } from "./controller-manager.ts";
import type { ObjectStore } from "./object-store.ts";
import { recountQuotas } from "./resource-quota.ts";

/**
 * Starts the quota controller. It counts once at the start, then a moment after each change of a quota and each removal
 * of an object. The API server itself counts new objects when it admits them.
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
