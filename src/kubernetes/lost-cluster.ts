import type { WritableCluster } from "../core/ports.ts";
import type { ActionableError } from "../domain/errors.ts";

/** Stands for a cluster that its context does not lead to: every request to it fails with the reason. */
export function lostCluster(context: string, reason: ActionableError): WritableCluster {
  const told = { context, apiHost: "", serverTime: () => new Date() };
  const fails = () => Promise.reject(reason);
  return new Proxy(told, {
    get: (target, name) => (name in target ? target[name as keyof typeof target] : fails),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  }) as unknown as WritableCluster;
}
