import type { ClusterReads, KnownSecret, NewSecret } from "../core/ports.ts";
import { refused } from "../domain/errors.ts";
import type { SecretChange, SecretObject } from "../domain/kubernetes-objects.ts";
import { entriesAnnotation, formatMarks } from "../domain/ownership.ts";
import { embedded, readPullSecret, readSealedSecret, type PullSecret } from "../domain/pull-secret.ts";
import { documentText, inPlaceOf, sealedText } from "./documents.ts";
import type { FoundSecret, ManifestStore } from "./manifest-store.ts";
import { checkedSeal, sealed, type SealCommand } from "./seal.ts";
import {
  applyTo,
  conflict,
  emptyData,
  emptySecret,
  isSameObject,
  keptBelow,
  markedSecret,
  splitMarks,
  refuseOthersIn,
  refuseUnknownBeside,
  unknownData,
  withMarks,
} from "./secret-changes.ts";
import { secretValue, type SecretDocument, type SecretName } from "./secret-document.ts";

type Data = SecretObject["data"];

/** What is asked of the cluster that a manifest is applied to. */
export interface LiveCluster extends Pick<ClusterReads, "findSecret"> {
  /** Undefined if nothing but marks says which cluster it is. */
  readonly id: (signal: AbortSignal) => Promise<string | undefined>;
}

/** The pull secrets that a manifest makes, read and written like those of a cluster. */
export class ManifestSecrets {
  readonly #store: ManifestStore;
  readonly #live: LiveCluster;
  readonly #seal: SealCommand | undefined;
  /** The data that this run has sealed, by the sealed bytes, from which it cannot be read back. */
  readonly #sealedHere = new Map<string, Data>();

  /** @param live where what was sealed and applied can be read */
  constructor(store: ManifestStore, live: LiveCluster, seal: SealCommand | undefined) {
    this.#store = store;
    this.#live = live;
    this.#seal = seal;
  }

  /** A secret as its document makes it. If documents are to be sealed, a plain one counts as missing. */
  find(name: SecretName, signal: AbortSignal): Promise<PullSecret | undefined> {
    return this.#store.alone(async () => {
      const found = await this.#store.find(name);
      if (!found.made) await this.#refuseSecond(name, signal);
      if (this.#seal && found.made?.sealed === undefined) refuseOthersIn(found.made);
      return this.#asTarget(name, { ...found, made: this.#standing(found) }, signal);
    });
  }

  /** All pull secrets that documents make, including plain ones that are to be sealed. */
  all(signal: AbortSignal): Promise<PullSecret[]> {
    return this.#store.alone(async () => {
      const named = await this.#store.all();
      const read = await Promise.all(named.map(({ found, ...name }) => this.#asTarget(name, found, signal)));
      return read.filter((one) => one !== undefined);
    });
  }

  /** @throws ActionableError as a write would, and `manifest.seal-failed` */
  async rehearse({ namespace, name, ...secret }: NewSecret, signal: AbortSignal): Promise<void> {
    await this.#store.alone(async () => {
      const found = await this.#store.find({ namespace, name });
      const changed = applyTo({ ...emptySecret({ namespace, name }), type: secret.type }, secret);
      await this.#textOf(found, changed, signal);
    });
  }

  async rehearseChange({ namespace, name }: KnownSecret, signal: AbortSignal): Promise<void> {
    await this.#store.alone(async () => {
      const found = await this.#store.find({ namespace, name });
      const { made } = found;
      // There is no document yet. Its creation is rehearsed separately.
      if (!made) return;
      if (made.sealed) this.#refusePlain(made, name);
      if (!(await this.#dataOf(made, signal))) refuseUnknownBeside(made);
      await this.#textOf(found, { ...made.secret, data: emptyData }, signal);
    });
  }

  create({ namespace, name, ...secret }: NewSecret, signal: AbortSignal): Promise<PullSecret> {
    return this.#store.alone(async () => {
      const found = await this.#store.find({ namespace, name });
      if (this.#standing(found) || Object.keys(found.pending).length > 0) {
        throw conflict("kubernetes.already-exists", { namespace, name });
      }
      const next = applyTo({ ...emptySecret({ namespace, name }), type: secret.type }, secret);
      return await this.#write(found, next, signal);
    });
  }

  change({ namespace, name, resourceVersion }: KnownSecret, change: SecretChange, signal: AbortSignal) {
    return this.#store.alone(async () => {
      const found = await this.#store.find({ namespace, name });
      if (found.version !== resourceVersion) throw conflict("kubernetes.conflict", { namespace, name });
      // A plain document that is to be sealed keeps its data.
      const { made } = found;
      const data = made && (await this.#dataOf(made, signal));
      if (made && !data && change.data) refuseUnknownBeside(made);
      const before = withMarks(made?.secret ?? markedSecret({ namespace, name }), found.pending);
      return await this.#write(found, applyTo({ ...before, data: data ?? {} }, change), signal);
    });
  }

  /** Refuses a first document if a folder inside the folder has one for the same secret of the same cluster. */
  async #refuseSecond(name: SecretName, signal: AbortSignal): Promise<void> {
    const below = await this.#store.findBelow(name);
    const id = below.length > 0 ? await this.#live.id(signal) : undefined;
    const twin = below.find(({ clusterIds }) => id !== undefined && clusterIds.includes(id));
    if (twin) throw keptBelow(name, twin.file);
  }

  /** The existing document, unless it is a plain one that is to be sealed. */
  #standing({ made }: FoundSecret): SecretDocument | undefined {
    const isReplaced = this.#seal && made?.sealed === undefined && made?.document.within === undefined;
    return isReplaced ? undefined : made;
  }

  async #asTarget(
    name: SecretName,
    { made, pending, version }: FoundSecret,
    signal: AbortSignal,
  ): Promise<PullSecret | undefined> {
    if (!made && Object.keys(pending).length === 0) return undefined;
    const secret = withMarks(made?.secret ?? markedSecret(name), pending);
    const data = made ? await this.#dataOf(made, signal) : emptyData;
    const object = { ...secret, resourceVersion: version };
    const read =
      made?.sealed && !data
        ? readSealedSecret(object, made.sealed)
        : readPullSecret({ ...object, data: data ?? {} });
    const within = made?.document.within;
    return within ? { ...read, troubles: [{ kind: "embedded", within }, ...read.troubles] } : read;
  }

  /**
   * The data of the secret that a document makes. If the document is sealed, this is what this run sealed, or what the
   * cluster holds, provided that its marks are the same. Undefined if neither is known.
   */
  async #dataOf(
    { document, secret, sealed: by }: SecretDocument,
    signal: AbortSignal,
  ): Promise<Data | undefined> {
    if (!by) return secret.data;
    const here = this.#sealedHere.get(document.text);
    if (here) return here;
    const marks = secret.annotations[entriesAnnotation];
    // Nobody has to be able to read the secrets of others.
    if (marks === undefined) return undefined;
    const live = await this.#live.findSecret(secret.namespace, secret.name, signal);
    return live?.annotations[entriesAnnotation] === marks ? live.data : undefined;
  }

  async #write(found: FoundSecret, next: SecretObject, signal: AbortSignal): Promise<PullSecret> {
    const { namespace, name } = next;
    const { lasting, pending } = splitMarks(readPullSecret(next).marks);
    const document = {
      ...next,
      annotations: { ...next.annotations, [entriesAnnotation]: formatMarks(lasting) },
    };
    const standing = this.#standing(found);
    let written: { readonly text: string; readonly isPlain: boolean } | undefined;
    if (Object.keys(lasting).length > 0 || standing) {
      const isSame =
        standing &&
        isSameObject(standing.secret.labels, document.labels) &&
        isSameObject(standing.secret.annotations, document.annotations) &&
        (Object.keys(next.data).length === 0 ||
          isSameObject((await this.#dataOf(standing, signal)) ?? {}, next.data));
      if (!isSame) {
        if (Object.keys(next.data).length === 0) throw unknownData(next, standing?.sealed);
        written = await this.#textOf(found, document, signal);
        if (!written.isPlain) this.#sealedHere.set(written.text, next.data);
      }
    }
    await this.#store.commit({ namespace, name, found, document: written, pending });
    const now = await this.#store.find({ namespace, name });
    const secret = await this.#asTarget({ namespace, name }, { ...now, made: this.#standing(now) }, signal);
    return secret ?? readPullSecret({ ...emptySecret({ namespace, name }), resourceVersion: now.version });
  }

  /** The document to write, sealed if that was asked for. */
  async #textOf(
    found: FoundSecret,
    secret: SecretObject,
    signal: AbortSignal,
  ): Promise<{ readonly text: string; readonly isPlain: boolean }> {
    const { made } = found;
    if (made?.document.within) throw embedded(secret, made.document.within);
    const placed = (text: string) => (made ? inPlaceOf(made.document.text, text) : text);
    const plain = documentText(secretValue(secret, made?.sealed ? undefined : made?.document.value));
    if (!this.#seal) {
      if (made?.sealed) this.#refusePlain(made, secret.name);
      return { text: placed(plain), isPlain: true };
    }
    const text = sealedText(await sealed(this.#seal, plain, signal));
    const answered = checkedSeal(text, secret);
    await this.#store.foresee(secret, made?.document, answered.sealed === "SOPS");
    return { text: placed(text), isPlain: false };
  }

  #refusePlain({ sealed: by, secret: { namespace } }: SecretDocument, name: string): void {
    if (this.#seal) return;
    throw refused(
      "manifest.needs-seal",
      `The document of ${namespace}/${name} is sealed (${by}), and no command was given to seal the new one.`,
      "Give the command that sealed it: --seal-with 'COMMAND ARGS'.",
    );
  }
}
