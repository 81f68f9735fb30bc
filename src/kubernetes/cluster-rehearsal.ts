import type { SecretChange, SecretObject, ServiceAccountObject } from "../domain/kubernetes-objects.ts";
import {
  accountChange,
  namespaceCreation,
  secretChange,
  secretCreation,
  secretDeletion,
} from "./cluster-writes.ts";
import type { KubernetesCalls } from "./kubernetes-calls.ts";

/** What the API server would say to a write. None of these can make one: they hold no way to send it but the rehearsal. */
export class ClusterRehearsalClient {
  /** Tells it apart from what writes, which has methods of the same names. */
  readonly rehearses = true;
  readonly #context: string;
  readonly #calls: Pick<KubernetesCalls, "rehearse">;

  constructor(context: string, calls: Pick<KubernetesCalls, "rehearse">) {
    this.#context = context;
    this.#calls = calls;
  }

  createNamespace(name: string, signal: AbortSignal): Promise<void> {
    return this.#calls.rehearse(namespaceCreation(this.#context, name), signal);
  }

  createSecret(
    secret: { readonly namespace: string; readonly name: string; readonly type: string } & SecretChange,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#calls.rehearse(secretCreation(this.#context, secret), signal);
  }

  patchSecret(
    secret: Pick<SecretObject, "namespace" | "name" | "resourceVersion">,
    change: SecretChange,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#calls.rehearse(secretChange(this.#context, secret, change), signal);
  }

  deleteSecret(
    secret: Pick<SecretObject, "namespace" | "name" | "uid" | "resourceVersion">,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#calls.rehearse(secretDeletion(this.#context, secret), signal);
  }

  patchServiceAccount(
    account: Pick<ServiceAccountObject, "namespace" | "name" | "resourceVersion">,
    imagePullSecrets: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    return this.#calls.rehearse(accountChange(this.#context, account, imagePullSecrets), signal);
  }
}
