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

/** The object of a write, and how the write ended. */
export interface WriteOutcome {
  readonly object: KubernetesObject;
  readonly created: boolean;
  /** Whether something was stored: it is not after a dry run, or after a change that changes nothing. */
  readonly committed: boolean;
}

/**
 * Records who owns which field of a completed object.
 * @param now the time of the write
 */
export type OwnershipTracking = (object: KubernetesObject, now: string) => KubernetesObject;

/**
 * Takes an object through the steps of the API server, in its order: admit, complete, validate, admit again, store. A
 * dry run stops just before the last.
 */
export class ObjectLifecycle {
  readonly #cluster: ClusterRecord;
  readonly #store: ObjectStore;

  constructor(cluster: ClusterRecord, store: ObjectStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  /** @throws StatusError if the object is not admitted, not valid, or exists already */
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
    // A new quota limits nothing until its controller has counted for it.
    if (definition.plural !== "resourcequotas") {
      recountQuotas(this.#store, namespace);
    }
    return { object: kept, created: true, committed: true };
  }

  /**
   * Replaces an object. If the object is being deleted, it is removed with its last finalizer.
   * @throws StatusError if the writer knew another version, or the object is not admitted or not valid
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
      // The API server validates the metadata by itself, and then again with the rules of the kind.
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

  /** Deletes an existing object: right away, or when its finalizers are done. @throws StatusError */
  delete(definition: ResourceDefinition, existing: KubernetesObject, options: DeleteOptions): WriteOutcome {
    const { dryRun, propagation } = options;
    const admission = this.#admission(definition, existing);
    admitDeletion(admission);
    checkPreconditions(definition, existing, options);
    admitByPolicies(admission);
    const ending = inOrder(definition, ended(existing, propagation));
    const waits = isHeld(ending);
    // Pods end gracefully, even if there is nothing to wait for, so they are last seen as ending.
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

/** A resource version as a number, 0 for none. @throws StatusError 500 if it is not a number, as with the API server */
export function versionNumber(resourceVersion: string | undefined): bigint {
  if (!/^\d*$/.test(resourceVersion ?? "")) {
    throw unconverted(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  }
  return BigInt(resourceVersion || "0");
}

function groupResource(definition: ResourceDefinition): GroupResource {
  return { group: "", resource: definition.plural };
}

/** The object with its fields in the order of the type, without empty ones. */
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

/** The object while it is being deleted, if something holds it. */
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

/** The start of a deletion counts as a change, in kinds that count changes. */
function nextGeneration({ metadata }: KubernetesObject): { generation?: number } {
  const { generation, deletionTimestamp } = metadata;
  return typeof generation === "number" && deletionTimestamp === undefined
    ? { generation: generation + 1 }
    : {};
}

/**
 * If a policy is given, it replaces the finalizers of the garbage collector.
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
