import { runGarbageCollector } from "./garbage-collector.ts";
import { runNamespaceController } from "./namespace-controller.ts";
import type { ObjectStore } from "./object-store.ts";
import { runPodController } from "./pod-controller.ts";
import { runQuotaController } from "./quota-controller.ts";

/** How long the controllers take to notice a change, in milliseconds. They never act within the request itself. */
const reactionMs = 20;

/** Lets a controller act some time after a change. */
export type Later = (act: () => void) => void;

/** Starts the controllers, which act by themselves while the API server runs. */
export function runControllers(store: ObjectStore, later: Later = afterReaction): void {
  runNamespaceController(store, later);
  runPodController(store, later);
  runQuotaController(store, later);
  runGarbageCollector(store, later);
}

function afterReaction(act: () => void): void {
  setTimeout(act, reactionMs).unref();
}
