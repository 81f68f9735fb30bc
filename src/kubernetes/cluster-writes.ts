import type { V1Namespace, V1Secret, V1ServiceAccount, V1Status } from "@kubernetes/client-node";
import type {
  Cluster,
  ClusterRehearsal,
  KnownAccount,
  KnownSecret,
  NewSecret,
  WritableCluster,
} from "../core/ports.ts";
import { hasCode } from "../domain/errors.ts";
import type { SecretChange, SecretObject } from "../domain/kubernetes-objects.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import { fieldManager } from "../domain/ownership.ts";
import type { ClusterRequests } from "./cluster-reads.ts";
import type { KubernetesCalls, Write } from "./kubernetes-calls.ts";
import { namespaceObject, pullSecret, serviceAccountObject } from "./object-readers.ts";

/** The methods that change a cluster. */
export type ClusterChanges = Omit<WritableCluster, keyof Cluster>;

/**
 * Writes to a cluster.
 * @param reads used to find out whether a write took effect although its answer was lost
 */
export function clusterWrites(
  context: string,
  calls: KubernetesCalls,
  reads: Pick<ClusterRequests, "findNamespace" | "findSecret" | "findServiceAccount">,
): ClusterChanges {
  return {
    async createNamespace(name, signal) {
      try {
        await calls.write(
          namespaceCreation(context, name),
          namespaceObject,
          () => reads.findNamespace(name, signal),
          signal,
        );
      } catch (error) {
        if (!hasCode(error, "kubernetes.already-exists")) throw error;
      }
    },

    createSecret: (secret, signal) =>
      calls.write(
        secretCreation(context, secret),
        pullSecret,
        async () => {
          const found = await reads.findSecret(secret.namespace, secret.name, signal);
          return found?.type === secret.type && holdsChange(found, secret) ? found : undefined;
        },
        signal,
      ),

    patchSecret: (secret, change, signal) =>
      calls.write(
        secretPatch(context, secret, change),
        pullSecret,
        async () => {
          const found = await reads.findSecret(secret.namespace, secret.name, signal);
          return found && holdsChange(found, change) ? found : undefined;
        },
        signal,
      ),

    async deleteSecret(secret, signal) {
      try {
        return await calls.write(
          secretDeletion(context, secret),
          standingSecret,
          // If the secret was deleted, the answer is 404. If another replaced it, that one was not deleted.
          () => Promise.resolve(undefined),
          signal,
        );
      } catch (error) {
        if (!hasCode(error, "kubernetes.not-found", "kubernetes.namespace-not-found")) throw error;
        return undefined;
      }
    },

    async patchServiceAccount(account, imagePullSecrets, signal) {
      await calls.write(
        accountPatch(context, account, imagePullSecrets),
        serviceAccountObject,
        async () => {
          const found = await reads.findServiceAccount(account.namespace, account.name, signal);
          return found?.imagePullSecrets.join("\n") === imagePullSecrets.join("\n") ? found : undefined;
        },
        signal,
      );
    },
  };
}

/**
 * Asks the API server what it would say to the same writes.
 * @param calls cannot make a write
 */
export function rehearsedWrites(context: string, calls: Pick<KubernetesCalls, "rehearse">): ClusterRehearsal {
  return {
    rehearses: true,
    createNamespace: (name, signal) => calls.rehearse(namespaceCreation(context, name), signal),
    createSecret: (secret, signal) => calls.rehearse(secretCreation(context, secret), signal),
    patchSecret: (secret, change, signal) => calls.rehearse(secretPatch(context, secret, change), signal),
    deleteSecret: (secret, signal) => calls.rehearse(secretDeletion(context, secret), signal),
    patchServiceAccount: (account, imagePullSecrets, signal) =>
      calls.rehearse(accountPatch(context, account, imagePullSecrets), signal),
  };
}

/** Every write except a deletion names its field manager and is checked strictly. */
const query = { fieldManager, fieldValidation: "Strict" };

function dryRunQuery(dryRun: "All" | undefined): { readonly dryRun?: "All" } {
  return dryRun === undefined ? {} : { dryRun };
}

function namespaceCreation(context: string, name: string): Write<V1Namespace> {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  return {
    request: { context, verb: "create", resource: "namespaces", name },
    call: (core, dryRun, options) =>
      core.createNamespace({ body, ...query, ...dryRunQuery(dryRun) }, options),
  };
}

function secretCreation(context: string, secret: NewSecret): Write<V1Secret> {
  const { namespace, name, type, labels, annotations, data } = secret;
  const body = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: withoutNulls(labels), annotations: withoutNulls(annotations) },
    type,
    data: { ...data },
  };
  return {
    request: { context, verb: "create", resource: "secrets", namespace, name },
    call: (core, dryRun, options) =>
      core.createNamespacedSecret({ namespace, body, ...query, ...dryRunQuery(dryRun) }, options),
  };
}

/** A null removes a value, and a new object has none to remove. */
function withoutNulls(values: Readonly<Record<string, string | null>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

/** A merge patch that the API server refuses unless the secret still has this resource version. */
function secretPatch(
  context: string,
  { namespace, name, resourceVersion }: KnownSecret,
  { labels, annotations, data }: SecretChange,
): Write<V1Secret> {
  const body = {
    metadata: { resourceVersion, ...(labels && { labels }), ...(annotations && { annotations }) },
    ...(data && { data }),
  };
  return {
    request: { context, verb: "patch", resource: "secrets", namespace, name },
    call: (core, dryRun, options) =>
      core.patchNamespacedSecret({ namespace, name, body, ...query, ...dryRunQuery(dryRun) }, options),
  };
}

function secretDeletion(
  context: string,
  { namespace, name, uid, resourceVersion }: KnownSecret & Pick<SecretObject, "uid">,
): Write<V1Secret | V1Status> {
  return {
    request: { context, verb: "delete", resource: "secrets", namespace, name },
    async call(core, dryRun, options) {
      // If a deletion has a body, the API server reads its options only from there and ignores the query:
      // https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/delete.go
      // A rehearsal sets `dryRun` in both. If a proxy drops the body, the query is left.
      const body = { preconditions: { uid, resourceVersion }, ...(dryRun && { dryRun: [dryRun] }) };
      await core.deleteNamespacedSecret({ namespace, name, body, ...dryRunQuery(dryRun) }, options);
      // The client reads every answer as a Status.
      return options.answer() as V1Secret | V1Status;
    },
  };
}

/** Replaces the list of pull secrets, unless the account's resource version has changed. */
function accountPatch(
  context: string,
  { namespace, name, resourceVersion }: KnownAccount,
  imagePullSecrets: readonly string[],
): Write<V1ServiceAccount> {
  const body = {
    metadata: { resourceVersion },
    imagePullSecrets: imagePullSecrets.map((secret) => ({ name: secret })),
  };
  return {
    request: { context, verb: "patch", resource: "serviceaccounts", namespace, name },
    call: (core, dryRun, options) =>
      core.patchNamespacedServiceAccount(
        { namespace, name, body, ...query, ...dryRunQuery(dryRun) },
        options,
      ),
  };
}

/** The secret, if finalizers still hold it. The answer to a deletion is then the object, and otherwise a Status. */
function standingSecret(answer: V1Secret | V1Status): PullSecret | undefined {
  const secret = answer.kind === "Secret" ? pullSecret(answer) : undefined;
  return secret?.deleting && secret.finalizers.length > 0 ? secret : undefined;
}

/** Whether a secret has everything that a change sets, and nothing that it removes. */
function holdsChange(secret: PullSecret, { labels, annotations, data }: SecretChange): boolean {
  const holds = (
    wanted: Readonly<Record<string, string | null>> | undefined,
    present: Readonly<Record<string, string>>,
  ) => Object.entries(wanted ?? {}).every(([key, value]) => (present[key] ?? null) === value);
  return holds(labels, secret.labels) && holds(annotations, secret.annotations) && holds(data, secret.data);
}
