import type { KnownSecret, NewSecret } from "../core/ports.ts";
import { refused } from "../domain/errors.ts";
import type { SecretChange, SecretObject } from "../domain/kubernetes-objects.ts";
import { managedLabel } from "../domain/ownership.ts";
import { embedded, readPullSecret, readSealedSecret, type PullSecret } from "../domain/pull-secret.ts";
import { documentText, inPlaceOf, sealedText } from "./documents.ts";
import type { FoundSecret, ManifestStore } from "./manifest-store.ts";
import { checkedSeal, sealed, type SealCommand } from "./seal.ts";
import { applyTo, conflict, emptySecret } from "./secret-changes.ts";
import { secretValue, type SecretName } from "./secret-document.ts";

/** The pull secrets that documents make, read and written like those of a cluster. */
export class DocumentSecrets {
  readonly #store: ManifestStore;
  readonly #seal: SealCommand | undefined;
  /** The data that this run has sealed, by the sealed text, from which it cannot be read back. */
  readonly #sealedHere = new Map<string, SecretObject["data"]>();

  constructor(store: ManifestStore, seal: SealCommand | undefined) {
    this.#store = store;
    this.#seal = seal;
  }

  find(name: SecretName): Promise<PullSecret | undefined> {
    return this.#store.alone(async () => this.#read(await this.#store.find(name)));
  }

  all(): Promise<PullSecret[]> {
    return this.#store.alone(async () =>
      (await this.#store.all()).flatMap(({ found }) => this.#read(found) ?? []),
    );
  }

  /** @throws ActionableError `manifest.seal-failed` and others, exit 2, if a new document cannot be written */
  rehearse({ namespace, name, ...secret }: NewSecret, signal: AbortSignal): Promise<void> {
    return this.#store.alone(async () => {
      const next = applyTo({ ...emptySecret({ namespace, name }), type: secret.type }, secret);
      await this.#textOf(await this.#store.find({ namespace, name }), next, signal);
    });
  }

  create({ namespace, name, ...secret }: NewSecret, signal: AbortSignal): Promise<PullSecret> {
    return this.#store.alone(async () => {
      const found = await this.#store.find({ namespace, name });
      if (found.made) throw conflict("kubernetes.already-exists", { namespace, name });
      const next = applyTo({ ...emptySecret({ namespace, name }), type: secret.type }, secret);
      return this.#write(found, next, signal);
    });
  }

  /** What is sealed is replaced as a whole. */
  change(known: KnownSecret, change: SecretChange, signal: AbortSignal): Promise<PullSecret> {
    return this.#store.alone(async () => {
      const found = await this.#unchanged(known);
      const standing = found.made?.secret ?? emptySecret(known);
      const data = this.#dataOf(found) ?? {};
      return this.#write(found, applyTo({ ...standing, data }, change), signal);
    });
  }

  /** @returns undefined: it is gone at once */
  delete(known: KnownSecret): Promise<undefined> {
    return this.#store.alone(async () => {
      const found = await this.#unchanged(known);
      const within = found.made?.document.within;
      if (within) throw embedded(known, within);
      await this.#store.remove(known, found);
      return undefined;
    });
  }

  async #unchanged({ namespace, name, resourceVersion }: KnownSecret): Promise<FoundSecret> {
    const found = await this.#store.find({ namespace, name });
    if (found.version === resourceVersion) return found;
    throw conflict("kubernetes.conflict", { namespace, name });
  }

  #read(found: FoundSecret): PullSecret | undefined {
    const { made, version } = found;
    if (!made) return undefined;
    const { within } = made.document;
    const data = this.#dataOf(found);
    const object = { ...made.secret, data: data ?? {}, resourceVersion: version };
    if (made.sealed && !data) return readSealedSecret(object, made.sealed);
    const read = readPullSecret(object);
    if (within) return { ...read, troubles: [{ kind: "embedded", within }, ...read.troubles] };
    if (!this.#seal || made.sealed) return read;
    // It is to be sealed. Without our label, it is written again.
    const { [managedLabel]: _ours, ...labels } = read.labels;
    return { ...read, labels };
  }

  /** Undefined if it is sealed, and not by this run. */
  #dataOf({ made }: FoundSecret): SecretObject["data"] | undefined {
    return made?.sealed ? this.#sealedHere.get(made.document.text) : made?.secret.data;
  }

  async #write(found: FoundSecret, next: SecretObject, signal: AbortSignal): Promise<PullSecret> {
    const { namespace, name } = next;
    const document = await this.#textOf(found, next, signal);
    if (!document.isPlain) this.#sealedHere.set(document.text, next.data);
    await this.#store.commit({ namespace, name, found, document, pending: {} });
    const written = this.#read(await this.#store.find({ namespace, name }));
    if (!written) throw conflict("kubernetes.conflict", { namespace, name });
    return written;
  }

  /** The document to write, sealed if that was asked for. */
  async #textOf(
    { made }: FoundSecret,
    secret: SecretObject,
    signal: AbortSignal,
  ): Promise<{ readonly text: string; readonly isPlain: boolean }> {
    const { namespace, name } = secret;
    if (made?.document.within) throw embedded(secret, made.document.within);
    const placed = (text: string) => (made ? inPlaceOf(made.document.text, text) : text);
    const plain = documentText(secretValue(secret, made?.sealed ? undefined : made?.document.value));
    if (this.#seal) {
      const text = sealedText(await sealed(this.#seal, plain, signal));
      const answered = checkedSeal(text, secret);
      await this.#store.foresee(secret, made?.document, answered.sealed === "SOPS");
      return { text: placed(text), isPlain: false };
    }
    if (!made?.sealed) return { text: placed(plain), isPlain: true };
    throw refused(
      "manifest.needs-seal",
      `The document of ${namespace}/${name} is sealed (${made.sealed}), and no command was given to seal the new one.`,
      "Give the command that sealed it: --seal-with 'COMMAND ARGS'.",
    );
  }
}
