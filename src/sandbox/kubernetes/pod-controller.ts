import { randomBytes, randomUUID } from "node:crypto";
import type { KubernetesObject } from "../world.ts";
import type { Later } from "./controller-manager.ts";
import { timestampNow } from "./object-metadata.ts";
import type { ObjectStore } from "./object-store.ts";

const component = "acr-pull-sandbox";

/**
 * Reports for each new pod, in an Event like a scheduler's, that nothing runs it here. `kubectl describe pod` then
 * shows why it stays Pending.
 */
export function runPodController(store: ObjectStore, later: Later): void {
  store.subscribe(({ type, resource, object }) => {
    if (type === "ADDED" && resource === "pods") later(() => explainPending(store, object));
  });
}

function explainPending(store: ObjectStore, { metadata }: KubernetesObject): void {
  const { name, namespace = "", uid } = metadata;
  if (store.find("pods", namespace, name)?.metadata.uid !== uid) return;
  const now = timestampNow();
  store.add("events", {
    kind: "Event",
    apiVersion: "v1",
    metadata: {
      // Named as other clients name their events: unique, and short enough even for the longest pod name.
      name: `${name.slice(0, 236)}.${randomBytes(8).toString("hex")}`,
      namespace,
      uid: randomUUID(),
      resourceVersion: "",
      creationTimestamp: now,
    },
    involvedObject: { kind: "Pod", namespace, name, uid, apiVersion: "v1" },
    reason: "NoKubelet",
    message: "The sandbox has no kubelet: pods are accepted and stay pending.",
    source: { component },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type: "Normal",
    eventTime: null,
    reportingComponent: component,
    reportingInstance: "",
  });
}
