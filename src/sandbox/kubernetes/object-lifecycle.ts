import type { ClusterRecord, KubernetesObject } from "../world.ts";
import {
  admitByPolicies,
  admitDeletion,
  admitIntoNamespace,
  admitServiceAccount,
  admitWithinQuota,
  type AdmissionRequest,
} from "./admission.ts";
import type { DeleteOptions, PropagationPolicy } from "./delete-options.ts";
import type { FieldError } from "./field-error.ts";
import { commonErrors, metadataErrors, metadataUpdateErrors } from "./metadata-validation.ts";
import { isHeld, newMetadata, timestampNow, updatedMetadata } from "./object-metadata.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { recountQuotas } from "./resource-quota.ts";
import { isUnchanged } from "./server-side-apply.ts";
import { alreadyExists, conflict, invalid, modified, unconverted, type GroupResource } from "./status.ts";
import { fitToSchema } from "./typing.ts";

/** What a write was about and how it ended. */
export interface WriteOutcome {
  readonly object: KubernetesObject;
  readonly created: boolean;
  /** Something was kept: neither a dry run nor a change that changes nothing. */
  readonly committed: boolean;
}

/**
 * Marks who owns which field of a completed object.
 * @param now the time of the write
 */
export type OwnershipTracking = (object: KubernetesObject, now: string) => KubernetesObject;

/**
 * The life of an object in the order in which the API server goes through it: admit, complete, validate, admit
 * again, keep. A dry run stops just before the last.
 */
export class ObjectLifecycle {
  readonly #cluster: ClusterRecord;
  readonly #store: ObjectStore;

  constructor(cluster: ClusterRecord, store: ObjectStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  /** @throws StatusError when it is not admitted, not valid or there already */
  create(
    definition: ResourceDefinition,
    sent: KubernetesObject,
    dryRun: boolean,
    track: OwnershipTracking,
  ): WriteOutcome {
    const now = timestampNow();
    const named = { ...sent, metadata: newMetadata(sent, now) };
    admitIntoNamespace(this.#admission(definition, named));
    const admitted = admitServiceAccount(this.#admission(definition, named));
    const object = track(inOrder(definition, definition.strategy.prepareForCreate(admitted)), now);
    this.#validate(definition, object, [
      ...metadataErrors(object, definition.nameRule),
      ...definition.strategy.validate(object),
    ]);
    const admission = this.#admission(definition, object);
    admitByPolicies(admission);
    admitWithinQuota(admission);
    if (/^0*[1-9]\d*$/.test(sent.metadata.resourceVersion)) {
      throw unconverted("resourceVersion should not be set on objects to be created");
    }
    const { name, namespace = "" } = object.metadata;
    const there = this.#store.find(definition.plural, namespace, name);
    if (there) {
      throw alreadyExists(groupResource(definition), name, there.metadata.deletionTimestamp !== undefined);
    }
    if (dryRun) {
      return { object, created: true, committed: false };
    }
    const kept = this.#store.add(definition.plural, object);
    // A new quota limits nothing before its controller has counted for it.
    if (definition.plural !== "resourcequotas") {
      recountQuotas(this.#store, namespace);
    }
    return { object: kept, created: true, committed: true };
  }

  /**
   * Puts an object in the place of another; with the last finalizer an ending object goes.
   * @throws StatusError when the writer knew another version, or it is not admitted or not valid
   */
  update(
    definition: ResourceDefinition,
    existing: KubernetesObject,
    sent: KubernetesObject,
    dryRun: boolean,
    track: OwnershipTracking,
  ): WriteOutcome {
    const { strategy, plural } = definition;
    const { name } = existing.metadata;
    const known = versionNumber(sent.metadata.resourceVersion);
    if (known !== 0n && known !== versionNumber(existing.metadata.resourceVersion)) {
      throw modified(groupResource(definition), name);
    }
    const completed = { ...sent, metadata: updatedMetadata(existing, sent) };
    const prepared = inOrder(definition, strategy.prepareForUpdate(completed, existing));
    const object = track(prepared, timestampNow());
    const ofMetadata = metadataUpdateErrors(object, existing);
    this.#validate(definition, object, [
      // The API server looks at the metadata by itself, and then again with the rules of the kind.
      ...commonErrors(object),
      ...ofMetadata,
      ...ofMetadata,
      ...strategy.validateUpdate(object, existing),
      ...metadataErrors(object, definition.nameRule),
      ...strategy.validate(object),
    ]);
    admitByPolicies(this.#admission(definition, object));
    if (isUnchanged(object, existing)) {
      return { object: existing, created: false, committed: false };
    }
    if (dryRun) {
      return { object, created: false, committed: false };
    }
    const isEnding = existing.metadata.deletionTimestamp !== undefined && !isHeld(object);
    if (isEnding) {
      this.#store.remove(plural, existing, object);
      return { object, created: false, committed: true };
    }
    return { object: this.#store.replace(plural, existing, object), created: false, committed: true };
  }

  /** Deletes an object that is there: at once, or when its finalizers are done. @throws StatusError */
  delete(definition: ResourceDefinition, existing: KubernetesObject, options: DeleteOptions): WriteOutcome {
    const { dryRun, propagation } = options;
    const admission = this.#admission(definition, existing);
    admitDeletion(admission);
    checkPreconditions(definition, existing, options);
    admitByPolicies(admission);
    const ending = inOrder(definition, ended(existing, propagation));
    const waits = isHeld(ending);
    // Pods end gracefully, even where there is nothing to wait for, and are last seen so.
    const last = waits || definition.kind === "Pod" ? ending : existing;
    if (dryRun) {
      return { object: last, created: false, committed: false };
    }
    if (!waits) {
      const object = this.#store.remove(definition.plural, existing, last);
      return { object, created: false, committed: true };
    }
    const object = isUnchanged(ending, existing)
      ? existing
      : this.#store.replace(definition.plural, existing, ending);
    return { object, created: false, committed: object !== existing };
  }

  #admission(definition: ResourceDefinition, object: KubernetesObject): AdmissionRequest {
    return { cluster: this.#cluster, store: this.#store, definition, object };
  }

  #validate({ kind }: ResourceDefinition, object: KubernetesObject, errors: readonly FieldError[]): void {
    if (errors.length > 0) {
      throw invalid({ group: "", kind }, object.metadata.name ?? "", errors);
    }
  }
}

/** A resource version as a number, 0 for none. @throws StatusError 500 for one that is none, as with the API server */
export function versionNumber(resourceVersion: string | undefined): bigint {
  if (!/^\d*$/.test(resourceVersion ?? "")) {
    throw unconverted(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  }
  return BigInt(resourceVersion || "0");
}

function groupResource(definition: ResourceDefinition): GroupResource {
  return { group: "", resource: definition.plural };
}

/** Fields in the order of the type, empty ones left out. */
function inOrder({ schema, kind }: ResourceDefinition, object: KubernetesObject): KubernetesObject {
  return fitToSchema(schema, object, kind).object as unknown as KubernetesObject;
}

/** 409: the writer means another object of the same name. */
export function uidMismatch(definition: ResourceDefinition, existing: KubernetesObject, uid: string): Error {
  return conflict(
    groupResource(definition),
    existing.metadata.name,
    `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${existing.metadata.uid}`,
  );
}

function checkPreconditions(
  { kind }: ResourceDefinition,
  { metadata }: KubernetesObject,
  { uid, resourceVersion }: DeleteOptions,
): void {
  if (uid !== undefined && uid !== metadata.uid) {
    const detail =
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). ` +
      "The object might have been deleted and then recreated";
    throw conflict({ group: "", resource: kind }, metadata.name, detail);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const detail =
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record ` +
      `(${metadata.resourceVersion}). The object might have been modified`;
    throw conflict({ group: "", resource: kind }, metadata.name, detail);
  }
}

/** The object as it stands while something holds it. */
function ended(existing: KubernetesObject, propagation: PropagationPolicy | undefined): KubernetesObject {
  const isNamespace = existing.kind === "Namespace";
  return {
    ...existing,
    metadata: {
      ...existing.metadata,
      finalizers: finalizersFor(existing, propagation),
      deletionTimestamp: existing.metadata.deletionTimestamp ?? timestampNow(),
      ...nextGeneration(existing),
      ...(!isNamespace && { deletionGracePeriodSeconds: 0 }),
    },
    ...(isNamespace && { status: { phase: "Terminating" } }),
  };
}

/** To begin to end is a change that is counted, where changes are. */
function nextGeneration({ metadata }: KubernetesObject): { generation?: number } {
  const { generation, deletionTimestamp } = metadata;
  return typeof generation === "number" && deletionTimestamp === undefined
    ? { generation: generation + 1 }
    : {};
}

/**
 * A policy that is said replaces the finalizers of the garbage collector.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/registry/generic/registry/store.go
 * (deletionFinalizersForGarbageCollection)
 */
function finalizersFor({ metadata }: KubernetesObject, propagation: PropagationPolicy | undefined): string[] {
  const { finalizers = [] } = metadata;
  if (propagation === undefined) {
    return finalizers;
  }
  const others = finalizers.filter((one) => one !== "orphan" && one !== "foregroundDeletion");
  return [
    ...others,
    ...(propagation === "Orphan" ? ["orphan"] : []),
    ...(propagation === "Foreground" ? ["foregroundDeletion"] : []),
  ];
}
