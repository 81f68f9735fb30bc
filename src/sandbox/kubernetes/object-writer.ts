import type { ClusterRecord, KubernetesObject } from "../world.ts";
import { readAppliedConfiguration } from "./applied-configuration.ts";
import { accessDenied, mayDo, type Caller } from "./authorization.ts";
import type { DeleteOptions } from "./delete-options.ts";
import { trackCreate, trackUpdate } from "./managed-fields.ts";
import {
  ObjectLifecycle,
  uidMismatch,
  versionNumber,
  type OwnershipTracking,
  type WriteOutcome,
} from "./object-lifecycle.ts";
import { timestampNow } from "./object-metadata.ts";
import type { ObjectStore } from "./object-store.ts";
import { applyPatchType, decodePatched, patched, patchType } from "./patching.ts";
import type { ResourceRequest } from "./request-attributes.ts";
import { decodeObject, readBody, type BodyKind } from "./request-body.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { applyConfiguration } from "./server-side-apply.ts";
import { badRequest, conflict, notFound } from "./status.ts";
import { readWriteOptions, type Warned, type WriteOptions } from "./write-options.ts";

/** What every write needs. */
export interface WriteTarget extends Warned {
  readonly definition: ResourceDefinition;
  readonly attributes: ResourceRequest;
  readonly user: Caller;
}

/** Carries out the verbs that write: finds the object that a request means, and takes it through its lifecycle. */
export class ObjectWriter {
  readonly #store: ObjectStore;
  readonly #lifecycle: ObjectLifecycle;

  constructor(cluster: ClusterRecord, store: ObjectStore) {
    this.#store = store;
    this.#lifecycle = new ObjectLifecycle(cluster, store);
  }

  /** POST. @throws StatusError */
  create(target: WriteTarget): WriteOutcome {
    const options = readWriteOptions(target, "CreateOptions");
    const sent = readObject(target, options);
    return this.#lifecycle.create(target.definition, sent, options.dryRun, creation(target, options));
  }

  /** PUT. @throws StatusError */
  update(target: WriteTarget): WriteOutcome {
    const { definition, attributes } = target;
    const options = readWriteOptions(target, "UpdateOptions");
    const sent = readObject(target, options);
    checkName(attributes, sent);
    const existing = this.#find(target);
    if (!existing && definition.createsOnUpdate) {
      requireCreate(target);
      return this.#lifecycle.create(definition, sent, options.dryRun, creation(target, options));
    }
    const previous = required(target, existing);
    const { uid } = sent.metadata;
    if (uid && uid !== previous.metadata.uid) {
      throw uidMismatch(definition, previous, uid);
    }
    return this.#lifecycle.update(
      definition,
      previous,
      sent,
      options.dryRun,
      change(target, previous, options),
    );
  }

  /** PATCH, of every type. @throws StatusError */
  patch(target: WriteTarget): WriteOutcome {
    const { definition, attributes, request } = target;
    const isApply = patchType(request) === applyPatchType;
    const options = readWriteOptions(target, "PatchOptions", isApply);
    if (isApply) {
      return this.#apply(target, options);
    }
    const existing = required(target, this.#find(target));
    const patch = patched(request, definition.schema, existing);
    const object = inNamespace(target, decodePatched(patch, bodyKind(definition), options.check));
    if (!patch.object["kind"] || !patch.object["apiVersion"]) {
      throw unnamed(attributes);
    }
    checkName(attributes, object);
    return this.#lifecycle.update(
      definition,
      existing,
      object,
      options.dryRun,
      change(target, existing, options),
    );
  }

  /** DELETE of one object. @throws StatusError */
  delete(target: WriteTarget, options: DeleteOptions): WriteOutcome {
    return this.deleteObject(target.definition, required(target, this.#find(target)), options);
  }

  /** Deletes an object that was found before. @throws StatusError */
  deleteObject(
    definition: ResourceDefinition,
    existing: KubernetesObject,
    options: DeleteOptions,
  ): WriteOutcome {
    return this.#lifecycle.delete(definition, existing, options);
  }

  #apply(target: WriteTarget, { manager, force, dryRun, check }: WriteOptions): WriteOutcome {
    const { definition, attributes, request } = target;
    const configuration = inNamespace(target, readAppliedConfiguration(request, definition, check));
    const existing = this.#find(target);
    if (!existing || configuration.metadata.name) {
      checkName(attributes, configuration);
    }
    const now = timestampNow();
    const applied = applyConfiguration(definition.schema, existing, configuration, { manager, force, now });
    const { managedFields } = applied.metadata;
    const owned: OwnershipTracking = ({ metadata, ...object }) => ({
      ...object,
      metadata: { ...metadata, ...(managedFields && { managedFields }) },
    });
    if (existing) {
      return this.#lifecycle.update(definition, existing, applied, dryRun, owned);
    }
    requireCreate(target);
    if (configuration.metadata.uid) {
      throw uidOfMissingObject(definition, attributes, configuration.metadata.uid);
    }
    const { resourceVersion, ...metadata } = configuration.metadata;
    versionNumber(resourceVersion);
    const sent = { ...configuration, metadata: { ...metadata, resourceVersion: "" } };
    return this.#lifecycle.create(definition, sent, dryRun, owned);
  }

  #find({ definition, attributes }: WriteTarget): KubernetesObject | undefined {
    const namespace = definition.namespaced ? attributes.namespace : "";
    return this.#store.find(definition.plural, namespace, attributes.name);
  }
}

function creation({ definition }: WriteTarget, { manager }: WriteOptions): OwnershipTracking {
  return (object, now) => trackCreate(definition.schema, object, manager, now);
}

function change(
  { definition }: WriteTarget,
  previous: KubernetesObject,
  { manager }: WriteOptions,
): OwnershipTracking {
  return (object, now) => trackUpdate(definition.schema, previous, object, manager, now);
}

function required(
  { definition, attributes }: WriteTarget,
  object: KubernetesObject | undefined,
): KubernetesObject {
  if (!object) {
    throw notFound({ group: "", resource: definition.plural }, attributes.name);
  }
  return object;
}

function uidOfMissingObject({ plural }: ResourceDefinition, { name }: ResourceRequest, uid: string): Error {
  const detail = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  return conflict({ group: "", resource: plural }, name, detail);
}

/** A write that turns out to create needs the right to create. @throws StatusError 403 */
function requireCreate({ attributes, user }: WriteTarget): void {
  const creation = { ...attributes, verb: "create" };
  if (!mayDo(user, creation)) {
    // The writer refuses this, not the filter before it, which would add a header against content sniffing.
    throw accessDenied(user, creation).withHeaders({});
  }
}

/** @throws StatusError 400 for an object without a name, or with a name other than the one in its URL */
function checkName(address: ResourceRequest, { metadata: { name } }: KubernetesObject): void {
  if (!name) {
    throw unnamed(address);
  }
  if (name !== address.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${address.name})`);
  }
}

function unnamed({ name }: ResourceRequest): Error {
  return badRequest(
    `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
  );
}

function readObject(target: WriteTarget, { check }: WriteOptions): KubernetesObject {
  const { definition, request } = target;
  const body = readBody(request, definition.kind);
  return inNamespace(target, decodeObject(body, bodyKind(definition), check));
}

function bodyKind({ kind, schema }: ResourceDefinition): BodyKind {
  return { apiVersion: "v1", kind, schema };
}

/** @throws StatusError 400 if the body names a namespace other than the one in the URL */
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
