import type { RemovedItem } from "./contract.ts";
import type { Removal } from "./removal.ts";

/** Every thing that was to go, or to lose what is acr-pull's in it, as one that was not come to. */
export function thingsToGo(removals: readonly Removal[]): RemovedItem[] {
  return removals.flatMap(({ users, entries, verdicts }) => [
    ...users.links.map(({ cluster: { context }, namespace, account: id }) =>
      notReached({ kind: "service-account", id, context, namespace }),
    ),
    ...entries.entries.map(({ target: { cluster, namespace, name: id } }) =>
      notReached({ kind: "secret", id, context: cluster.context, namespace }),
    ),
    ...verdicts.flatMap(({ application, principal, keys, roles, keptBecause }) => [
      ...keys.map(({ keyId: id }) => notReached({ kind: "key", id })),
      ...roles.map(({ id }) => notReached({ kind: "role-assignment", id })),
      ...(principal && !keptBecause
        ? [notReached({ kind: "service-principal", id: principal.objectId })]
        : []),
      ...(keptBecause ? [] : [notReached({ kind: "application", id: application.appId })]),
    ]),
  ]);
}

function notReached(thing: Pick<RemovedItem, "kind" | "id" | "context" | "namespace">): RemovedItem {
  return { ...thing, action: "skipped" };
}
