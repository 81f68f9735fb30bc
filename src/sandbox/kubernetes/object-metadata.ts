import { randomInt, randomUUID } from "node:crypto";
import type { KubernetesObject } from "../world.ts";

/*
 * The part of an object's metadata that the API server itself sets.
 */

type ObjectMetadata = KubernetesObject["metadata"];

/** The current time to the second, as metadata carries it. */
export function timestampNow(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}

/** The metadata of a new object. The server sets what the client may not. Storing the object sets its version. */
export function newMetadata({ metadata }: KubernetesObject, now: string): ObjectMetadata {
  const {
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    managedFields: _managers,
    selfLink: _link,
    ...kept
  } = metadata;
  const name = metadata.name || generatedName(metadata["generateName"]);
  return { ...kept, name, uid: randomUUID(), creationTimestamp: now, resourceVersion: "" };
}

/**
 * The metadata of a changed object. Fields that a client may leave out, or that the server ignores, stay as they were.
 * Fields that a client may not change are kept as sent, so that validation refuses them.
 */
export function updatedMetadata(existing: KubernetesObject, sent: KubernetesObject): ObjectMetadata {
  const {
    uid,
    resourceVersion,
    creationTimestamp,
    generation,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  } = existing.metadata;
  const { selfLink: _link, generation: _generation, ...metadata } = sent.metadata;
  return {
    ...metadata,
    uid: metadata.uid || uid,
    resourceVersion,
    creationTimestamp,
    ...(generation !== undefined && { generation }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp, deletionGracePeriodSeconds }),
  };
}

/** How much of a prefix is kept, so that the name is still short enough for a label. */
const prefixLimit = 58;
/** Letters that cannot form words. Source: k8s.io/apimachinery/pkg/util/rand */
const suffixLetters = "bcdfghjklmnpqrstvwxz2456789";

function generatedName(prefix: unknown): string {
  if (typeof prefix !== "string" || prefix === "") {
    return "";
  }
  const suffix = Array.from({ length: 5 }, () => suffixLetters[randomInt(suffixLetters.length)]);
  return prefix.slice(0, prefixLimit) + suffix.join("");
}

/** Whether finalizers hold a deleted object. A namespace also has a list of its own, in its spec. */
export function isHeld({ kind, metadata, ...object }: KubernetesObject): boolean {
  const spec = object["spec"] as { finalizers?: unknown[] } | undefined;
  const ofNamespace = kind === "Namespace" ? (spec?.finalizers?.length ?? 0) : 0;
  return ofNamespace + (metadata.finalizers?.length ?? 0) > 0;
}
