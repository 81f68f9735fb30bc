import type { SandboxRequest } from "../service.ts";
import type { ClusterRecord, ClusterUserRecord, KubernetesObject } from "../world.ts";
import {
  admitByWebhook,
  admitDeletion,
  admitIntoNamespace,
  admitServiceAccount,
  admitWithinQuota,
  type AdmissionRequest,
} from "./admission.ts";
import { mayDo } from "./authorization.ts";
import { invalidValue, type FieldError } from "./field-error.ts";
import type { JsonObject } from "./json.ts";
import { trackCreate, trackUpdate } from "./managed-fields.ts";
import { metadataErrors, metadataUpdateErrors } from "./metadata-validation.ts";
import { isHeld, newMetadata, timestampNow, updatedMetadata } from "./object-metadata.ts";
import type { ObjectStore } from "./object-store.ts";
import { applyPatchType, patched, patchType } from "./patching.ts";
import type { ResourceRequest } from "./request-attributes.ts";
import { decodeObject, readBody, strictError } from "./request-body.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { applyConfiguration, isUnchanged } from "./server-side-apply.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  modified,
  notFound,
  unconverted,
  type GroupResource,
} from "./status.ts";
import { readAppliedConfiguration } from "./applied-configuration.ts";
import { fitToSchema } from "./typing.ts";
import type { DeleteOptions } from "./delete-options.ts";
import { readWriteOptions, type WriteOptions } from "./write-options.ts";

/** What a write was about and how it ended. */
export interface WriteOutcome {
  readonly object: KubernetesObject;
  readonly created: boolean;
  /** Something was kept: neither a dry run nor a change that changes nothing. */
  readonly committed: boolean;
}

/** One write, as all of them need it. */
export interface WriteTarget {
  readonly definition: ResourceDefinition;
  readonly attributes: ResourceRequest;
  readonly request: SandboxRequest;
  readonly user: ClusterUserRecord;
}

/**
 * Creates, changes and deletes objects in the order in which the API server does it: decode, admit, complete,
 * validate, admit again, keep. A dry run stops just before the last.
 */
export class ObjectWriter {
  readonly #cluster: ClusterRecord;
  readonly #store: ObjectStore;

  constructor(cluster: ClusterRecord, store: ObjectStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  /** POST. @throws StatusError */
  create(target: WriteTarget): WriteOutcome {
    const options = readWriteOptions(target.request, "CreateOptions");
    const sent = decodeObject(
      readBody(target.request, target.definition.kind),
      bodyKind(target),
      options.strict,
    );
    return this.#createObject(target, inNamespace(target, sent), options, (object, now) =>
      trackCreate(target.definition.schema, object, options.manager, now),
    );
  }

  /** PUT. @throws StatusError */
  update(target: WriteTarget): WriteOutcome {
    const options = readWriteOptions(target.request, "UpdateOptions");
    const { name } = target.attributes;
    const decoded = decodeObject(
      readBody(target.request, target.definition.kind),
      bodyKind(target),
      options.strict,
    );
    const sent = inNamespace(target, decoded);
    if (sent.metadata.name !== name) {
      const given = sent.metadata.name ?? "";
      throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
    }
    const existing = this.#find(target);
    if (!existing && target.definition.createsOnUpdate) {
      this.#requireCreate(target);
      return this.#createObject(target, sent, options, (object, now) =>
        trackCreate(target.definition.schema, object, options.manager, now),
      );
    }
    return this.#updateObject(target, this.#require(target, existing), sent, options);
  }

  /** PATCH, of every type. @throws StatusError */
  patch(target: WriteTarget): WriteOutcome {
    const isApply = patchType(target.request) === applyPatchType;
    const options = readWriteOptions(target.request, "PatchOptions", isApply);
    if (isApply) {
      return this.#apply(target, options);
    }
    const existing = this.#require(target, this.#find(target));
    const { schema } = target.definition;
    const changed = patched(target.request, schema, existing);
    const object = decodeObject({ ...changed, ...typeOf(existing) }, bodyKind(target), false);
    if (options.strict) {
      this.#requireKnownFields(target, changed);
    }
    return this.#updateObject(target, existing, object, options);
  }

  /** DELETE of one object. @throws StatusError */
  delete(target: WriteTarget, options: DeleteOptions): WriteOutcome {
    const existing = this.#require(target, this.#find(target));
    return this.deleteObject(target.definition, existing, options);
  }

  /** Deletes an object that is there: at once, or when its finalizers are done. @throws StatusError */
  deleteObject(
    definition: ResourceDefinition,
    existing: KubernetesObject,
    options: DeleteOptions,
  ): WriteOutcome {
    admitDeletion(this.#admission(definition, existing));
    checkPreconditions(definition, existing, options);
    const waits = isHeld(existing);
    const deletionTimestamp = existing.metadata.deletionTimestamp ?? timestampNow();
    const ending = {
      ...existing,
      metadata: { ...existing.metadata, deletionTimestamp, ...(waits && { deletionGracePeriodSeconds: 0 }) },
      ...(definition.plural === "namespaces" && { status: { phase: "Terminating" } }),
    };
    if (options.dryRun || (waits && existing.metadata.deletionTimestamp)) {
      return { object: ending, created: false, committed: false };
    }
    const object = waits
      ? this.#store.replace(definition.plural, existing, ending)
      : this.#store.remove(definition.plural, existing);
    return { object, created: false, committed: true };
  }

  #apply(target: WriteTarget, options: WriteOptions): WriteOutcome {
    const { definition, attributes } = target;
    const configuration = inNamespace(
      target,
      readAppliedConfiguration(target.request, definition, attributes),
    );
    const existing = this.#find(target);
    const apply = (live: KubernetesObject | undefined, now: string): KubernetesObject =>
      applyConfiguration(definition.schema, live, configuration, {
        manager: options.manager,
        force: options.force,
        now,
      });
    if (existing) {
      return this.#updateObject(target, existing, apply(existing, timestampNow()), options, true);
    }
    this.#requireCreate(target);
    const { managedFields: _none, ...metadata } = configuration.metadata;
    return this.#createObject(target, { ...configuration, metadata }, options, (object, now) => {
      const { managedFields } = apply(undefined, now).metadata;
      return managedFields ? { ...object, metadata: { ...object.metadata, managedFields } } : object;
    });
  }

  #createObject(
    target: WriteTarget,
    sent: KubernetesObject,
    options: WriteOptions,
    track: (object: KubernetesObject, now: string) => KubernetesObject,
  ): WriteOutcome {
    const { definition } = target;
    const now = timestampNow();
    const named = { ...sent, metadata: newMetadata(sent, now) };
    admitIntoNamespace(this.#admission(definition, named));
    const admitted = admitServiceAccount(this.#admission(definition, named));
    const prepared = track(inOrder(definition, definition.strategy.prepareForCreate(admitted)), now);
    const object = { ...prepared };
    this.#validate(definition, object, [
      ...metadataErrors(object, definition.nameRule),
      ...definition.strategy.validate(object),
    ]);
    const admission = this.#admission(definition, object);
    admitByWebhook(admission);
    admitWithinQuota(admission);
    if (sent.metadata.resourceVersion) {
      throw unconverted("resourceVersion should not be set on objects to be created");
    }
    const { name, namespace = "" } = object.metadata;
    if (this.#store.find(definition.plural, namespace, name)) {
      throw alreadyExists(groupResource(definition), name);
    }
    const kept = options.dryRun ? object : this.#store.add(definition.plural, object);
    return { object: kept, created: true, committed: !options.dryRun };
  }

  #updateObject(
    target: WriteTarget,
    existing: KubernetesObject,
    sent: KubernetesObject,
    options: WriteOptions,
    isTracked = false,
  ): WriteOutcome {
    const { definition } = target;
    const { strategy, plural } = definition;
    const { name } = existing.metadata;
    if (sent.metadata.uid && sent.metadata.uid !== existing.metadata.uid) {
      throw uidMismatch(definition, existing, sent.metadata.uid);
    }
    if (
      sent.metadata.resourceVersion &&
      sent.metadata.resourceVersion !== existing.metadata.resourceVersion
    ) {
      throw modified(groupResource(definition), name);
    }
    const completed = { ...sent, metadata: updatedMetadata(existing, sent) };
    const prepared = inOrder(definition, strategy.prepareForUpdate(completed, existing));
    const object = isTracked
      ? prepared
      : trackUpdate(definition.schema, existing, prepared, options.manager, timestampNow());
    this.#validate(definition, object, [
      ...metadataErrors(object, definition.nameRule),
      ...metadataUpdateErrors(object, existing),
      ...strategy.validateUpdate(object, existing),
      ...strategy.validate(object),
    ]);
    admitByWebhook(this.#admission(definition, object));
    if (isUnchanged(object, existing)) {
      return { object: existing, created: false, committed: false };
    }
    if (options.dryRun) {
      return { object, created: false, committed: false };
    }
    const isEnding = existing.metadata.deletionTimestamp !== undefined && !isHeld(object);
    const kept = isEnding
      ? this.#store.remove(plural, existing, object)
      : this.#store.replace(plural, existing, object);
    return { object: kept, created: false, committed: true };
  }

  #find({ definition, attributes }: WriteTarget): KubernetesObject | undefined {
    const namespace = definition.namespaced ? attributes.namespace : "";
    return this.#store.find(definition.plural, namespace, attributes.name);
  }

  #require(target: WriteTarget, object: KubernetesObject | undefined): KubernetesObject {
    if (!object) {
      throw notFound(groupResource(target.definition), target.attributes.name);
    }
    return object;
  }

  /** A write that turns out to create needs the right to create, in its own way of saying so. */
  #requireCreate({ definition, attributes, user }: WriteTarget): void {
    if (!mayDo(user, { ...attributes, verb: "create" })) {
      throw forbidden(groupResource(definition), attributes.name, "");
    }
  }

  #requireKnownFields(target: WriteTarget, changed: JsonObject): void {
    const { schema, kind } = target.definition;
    const { unknownFields } = fitToSchema(schema, changed, kind);
    if (unknownFields.length > 0) {
      const patch = target.request.body.toString("utf8");
      throw invalid({ group: "", kind: "" }, "", [invalidValue("patch", patch, strictError(unknownFields))]);
    }
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

function groupResource(definition: ResourceDefinition): GroupResource {
  return { group: "", resource: definition.plural };
}

function bodyKind({ definition }: WriteTarget): {
  apiVersion: string;
  kind: string;
  schema: ResourceDefinition["schema"];
} {
  return { apiVersion: "v1", kind: definition.kind, schema: definition.schema };
}

function typeOf({ kind, apiVersion }: KubernetesObject): JsonObject {
  return { kind, apiVersion };
}

/** Fields in the order of the type, empty ones left out. */
function inOrder({ schema, kind }: ResourceDefinition, object: KubernetesObject): KubernetesObject {
  return fitToSchema(schema, object, kind).object as unknown as KubernetesObject;
}

/** @throws StatusError 400 when the body names another namespace than the address */
function inNamespace({ definition, attributes }: WriteTarget, object: KubernetesObject): KubernetesObject {
  const { namespace: sent, ...metadata } = object.metadata;
  if (!definition.namespaced) {
    return { ...object, metadata };
  }
  if (sent && sent !== attributes.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return { ...object, metadata: { ...metadata, namespace: attributes.namespace } };
}

function uidMismatch(definition: ResourceDefinition, existing: KubernetesObject, uid: string): Error {
  return conflict(
    groupResource(definition),
    existing.metadata.name,
    `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${existing.metadata.uid}`,
  );
}

function checkPreconditions(
  definition: ResourceDefinition,
  existing: KubernetesObject,
  { uid, resourceVersion }: DeleteOptions,
): void {
  if (uid !== undefined && uid !== existing.metadata.uid) {
    throw uidMismatch(definition, existing, uid);
  }
  if (resourceVersion !== undefined && resourceVersion !== existing.metadata.resourceVersion) {
    throw conflict(
      groupResource(definition),
      existing.metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ` +
        existing.metadata.resourceVersion,
    );
  }
}
