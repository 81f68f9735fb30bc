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

/** The metadata of a new object: whatever the client may not set is the server's. The version comes when it is kept. */
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
 * The metadata of a changed object: what a client may leave out or only seem to set stays as it was; what it may not
 * change is kept as sent, for validation to refuse.
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

/** So much of a prefix is kept that the name could still be a label. */
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

/** Whether finalizers keep a deleted object; a namespace has a list of its own besides. */
export function isHeld({ kind, metadata, ...object }: KubernetesObject): boolean {
  const spec = object["spec"] as { finalizers?: unknown[] } | undefined;
  const ofNamespace = kind === "Namespace" ? (spec?.finalizers?.length ?? 0) : 0;
  return ofNamespace + (metadata.finalizers?.length ?? 0) > 0;
}
