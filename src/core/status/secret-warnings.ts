import { isMeant } from "../cluster/registry-meant.ts";
import { isChosen, type ClusterView } from "../cluster/view.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { StatusInput, StatusResult } from "./contract.ts";

/** What will hurt one day about the secrets that were asked for: one that is immutable is refused by whoever writes it. */
export function secretWarnings(
  managed: ClusterView,
  { registry, secretName }: Pick<StatusInput, "registry" | "secretName">,
): StatusResult["warnings"] {
  const { cluster } = managed;
  return managed.secrets
    .filter((secret) => secret.immutable && isChosen(secret, managed, secretName))
    .flatMap((secret) =>
      Object.entries(secret.marks)
        .filter(([loginServer, mark]) => isMeant(registry, loginServer, mark.registry))
        .flatMap(([, { appId }]) => {
          if (appId === undefined) return [];
          const name = targetName({ cluster, namespace: secret.namespace, name: secret.name });
          const message = `${name} is immutable: pulls work, and rotate and remove refuse to write it. Before its password ends, delete it and run the same setup again`;
          return [{ code: "secret.immutable", appId, message }];
        }),
    );
}
