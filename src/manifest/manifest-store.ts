import { createHash } from "node:crypto";
import { refused, type ActionableError } from "../domain/errors.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { entriesAnnotation, formatMarks, type EntryMarks } from "../domain/ownership.ts";
import { readPullSecret } from "../domain/pull-secret.ts";
import {
  documentsOf,
  jsonDocuments,
  objectsOf,
  recordIn,
  withDocument,
  type ManifestDocument,
} from "./documents.ts";
import { isJson, type ManifestFiles } from "./manifest-files.ts";
import { besideSops, conflict, notesIn } from "./secret-changes.ts";
import { inNamespace, secretDocument, type SecretDocument, type SecretName } from "./secret-document.ts";

/** One file of a manifest. */
interface ReadFile {
  readonly file: string;
  readonly text: string;
  readonly documents: readonly ManifestDocument[];
}

/** What a manifest holds about one secret. */
export interface FoundSecret {
  /** Undefined if no document makes it. */
  readonly made: SecretDocument | undefined;
  /** The entries with a pending mark, which no document carries. */
  readonly pending: EntryMarks;
  /** Changes whenever the document or a pending mark changes. */
  readonly version: string;
}

/** A document to write. */
export interface DocumentWrite extends SecretName {
  readonly standing: ManifestDocument | undefined;
  readonly text: string;
  readonly isPlain: boolean;
}

/** What to write about a secret, and what was found before. */
export interface SecretCommit extends SecretName {
  readonly found: FoundSecret;
  /** Undefined if the document stays as it is. */
  readonly document: Pick<DocumentWrite, "text" | "isPlain"> | undefined;
  /** The entries with a pending mark. */
  readonly pending: EntryMarks;
}

/**
 * The documents of a manifest, read again each time. Pending marks are kept next to them, in a file of their own, so
 * that they are never committed with a document.
 */
export class ManifestStore {
  readonly #files: ManifestFiles;
  /** The pending marks, if there is no file for them. */
  #notes: Readonly<Record<string, EntryMarks>> = {};
  /** What was read last. Most files stay as they are, and parsing takes far longer than reading. */
  #lastRead: readonly ReadFile[] = [];
  /** The documents that this run writes, by their names. */
  readonly #foreseen = new Map<string, { readonly file: string; readonly isSops: boolean }>();
  /** Read once, because acr-pull writes none of them. */
  #below: Promise<ReadonlyMap<string, string>> | undefined;
  /** Reads and writes run one after the other. */
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(files: ManifestFiles) {
    this.#files = files;
  }

  /** Does some work while this run does no other with the manifest. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#underWay.then(work);
    this.#underWay = mine.catch(() => {});
    return mine;
  }

  /** @throws ActionableError `manifest.twice`, `manifest.marks-sealed`, `manifest.unreadable` */
  async find(name: SecretName): Promise<FoundSecret> {
    // Read before the documents: a run writes a document first and then removes its mark, so one of them is seen.
    const notes = await this.#readNotes();
    const made = madeBy(await this.#objects(), name);
    if (made.length > 1) throw twice(name, made.length);
    if (made.length === 0) refuseAdding(this.#fileOf({ ...name, standing: undefined }));
    return foundSecret(made[0], notes[keyOf(name)] ?? {});
  }

  /**
   * All secrets that a document makes, or that have a pending mark. A secret of somebody else may occur twice.
   * @throws ActionableError `manifest.twice`, `manifest.marks-sealed`, `manifest.unreadable`
   */
  async all(): Promise<ReadonlyArray<SecretName & { readonly found: FoundSecret }>> {
    const notes = await this.#readNotes();
    const named = new Map<string, { readonly name: SecretName; readonly objects: ManifestDocument[] }>();
    for (const object of await this.#objects()) {
      const name = nameIn(object.value, ["Secret", "SealedSecret"]);
      // Of secrets that acr-pull cannot edit, only its own matter.
      if (!name || (object.within && !JSON.stringify(object.value).includes(entriesAnnotation))) continue;
      const { objects } = named.get(keyOf(name)) ?? { objects: [] };
      named.set(keyOf(name), { name, objects: [...objects, object] });
    }
    for (const key of Object.keys(notes)) {
      const [namespace = "", name = ""] = key.split("/");
      if (!named.has(key)) named.set(key, { name: { namespace, name }, objects: [] });
    }
    return [...named].flatMap(([key, { name, objects }]) => {
      const made = madeBy(objects, name);
      const isOurs = notes[key] ?? made.some(({ secret }) => secret.annotations[entriesAnnotation]);
      if (made.length > 1 && isOurs) throw twice(name, made.length);
      const each = made.length > 0 ? made : [undefined];
      return each.map((one) => ({ ...name, found: foundSecret(one, notes[key] ?? {}) }));
    });
  }

  /** The files in folders inside the folder that make a secret, each with the ids of the clusters that its marks name. */
  async findBelow(name: SecretName): Promise<ReadonlyArray<{ file: string; clusterIds: readonly string[] }>> {
    this.#below ??= this.#files.readBelow();
    return [...(await this.#below)].flatMap(([file, text]) => {
      // Parsing takes far longer.
      if (!text.includes(name.namespace) || !text.includes(name.name)) return [];
      const clusterIds = documentsOf(text)
        .flatMap(objectsOf)
        .flatMap((one) => clusterIdsIn(one, name));
      return clusterIds.length > 0 ? [{ file, clusterIds }] : [];
    });
  }

  /** The document that makes an object of another kind. */
  async findObject(
    kind: string,
    name: string,
    namespace: string | undefined,
  ): Promise<ManifestDocument | undefined> {
    return (await this.#objects()).find(({ value }) => {
      const named = recordIn(value, "metadata");
      return value?.["kind"] === kind && named["name"] === name && named["namespace"] === namespace;
    });
  }

  /**
   * Notes that this run writes a document, and that SOPS encrypts it.
   * @param standing the document to replace
   * @throws ActionableError `manifest.sops-beside-others` if SOPS could then not decrypt the file, `manifest.unwritable`
   */
  async foresee(name: SecretName, standing: ManifestDocument | undefined, isSops: boolean): Promise<void> {
    await this.#read();
    const read = this.#fileOf({ ...name, standing });
    if (!standing) refuseAdding(read);
    const isOther = ({ value, text }: ManifestDocument) => value !== undefined && text !== standing?.text;
    const others = [...this.#foreseen].filter(([key, one]) => key !== keyOf(name) && one.file === read.file);
    this.#foreseen.set(keyOf(name), { file: read.file, isSops });
    const isShared = read.documents.some(isOther) || others.length > 0;
    if ((isSops && isShared) || others.some(([, one]) => one.isSops)) throw besideSops();
  }

  /**
   * Looks and then replaces a document, or adds one at the end, while no other run does. All other documents keep every
   * byte.
   * @param work what to write, from what it reads; undefined for nothing
   */
  async write(work: () => Promise<DocumentWrite | undefined>): Promise<void> {
    await this.#files.whileLocked(async () => {
      const write = await work();
      if (write) await this.#put(write);
    });
  }

  /**
   * Writes a secret, unless it has changed since it was found: sealing takes a while, and other runs and people write
   * to the same files.
   * @throws ActionableError `kubernetes.conflict`, as if the API server had refused
   */
  async commit({ namespace, name, found, document, pending }: SecretCommit): Promise<void> {
    if (!document && formatMarks(found.pending) === formatMarks(pending)) return;
    await this.#files.whileLocked(async () => {
      const { version } = await this.find({ namespace, name });
      if (version !== found.version) throw conflict("kubernetes.conflict", { namespace, name });
      const standing = found.made?.document;
      if (document) await this.#put({ namespace, name, standing, ...document });
      await this.#note({ namespace, name }, pending);
    });
  }

  /**
   * Takes the document of a secret out. A file in which nothing is left goes.
   * @throws ActionableError `kubernetes.conflict`
   */
  async remove({ namespace, name }: SecretName, { made }: FoundSecret): Promise<void> {
    if (!made) return;
    const { file, text, documents } = this.#fileOf({ namespace, name, standing: made.document });
    if ((await this.#files.readNow(file)) !== text)
      throw conflict("kubernetes.conflict", { namespace, name });
    const rest = withDocument(documents, made.document, "");
    const isEmpty = rest.replaceAll(/^---$/gm, "").trim() === "";
    await (isEmpty ? this.#files.remove(file) : this.#files.write(file, rest, false));
  }

  async #objects(): Promise<ManifestDocument[]> {
    return (await this.#read()).flatMap(({ documents }) => documents.flatMap(objectsOf));
  }

  /** Replaces only what was read last, and so was compared. */
  async #put(write: DocumentWrite): Promise<void> {
    const read = this.#fileOf(write);
    const { file, text, documents } = read;
    if ((await this.#files.readNow(file)) !== text) throw conflict("kubernetes.conflict", write);
    const standing = documents.find((one) => one.text === write.standing?.text);
    if (!standing) refuseAdding(read);
    await this.#files.write(file, withDocument(documents, standing, write.text), write.isPlain);
  }

  async #note(name: SecretName, pending: EntryMarks): Promise<void> {
    const { [keyOf(name)]: before, ...others } = await this.#readNotes();
    if (formatMarks(before ?? {}) === formatMarks(pending)) return;
    const notes = Object.keys(pending).length === 0 ? others : { ...others, [keyOf(name)]: pending };
    const isEmpty = Object.keys(notes).length === 0;
    if (this.#files.journal) await this.#files.journal.write(isEmpty ? "" : `${JSON.stringify(notes)}\n`);
    else this.#notes = notes;
  }

  /** Where a document is, or belongs, as of the last read. */
  #fileOf({ namespace, name, standing }: SecretName & Pick<DocumentWrite, "standing">): ReadFile {
    const read = this.#lastRead;
    const holding = read.find(({ documents }) => documents.some(({ text }) => text === standing?.text));
    const file = this.#files.fileFor(namespace, name);
    return holding ?? read.find((one) => one.file === file) ?? { file, text: "", documents: [] };
  }

  async #read(): Promise<readonly ReadFile[]> {
    const files = await this.#files.read();
    const known = new Map(this.#lastRead.map((one) => [one.file, one]));
    this.#lastRead = [...files].map(([file, text]) => {
      const last = known.get(file);
      if (last?.text === text) return last;
      const documents = isJson(file) ? jsonDocuments(text) : documentsOf(text, last?.documents);
      return { file, text, documents };
    });
    return this.#lastRead;
  }

  async #readNotes(): Promise<Readonly<Record<string, EntryMarks>>> {
    const { journal } = this.#files;
    return journal ? notesIn(await journal.read()) : this.#notes;
  }
}

function keyOf({ namespace, name }: SecretName): string {
  return `${namespace}/${name}`;
}

/** The documents that make a secret. */
function madeBy(objects: readonly ManifestDocument[], name: SecretName): SecretDocument[] {
  const made = objects.flatMap((one) => secretDocument(one, name) ?? []);
  if (made.length > 0) return made;
  const unplaced = objects.flatMap((one) => inNamespace(one, name) ?? []);
  return unplaced.flatMap((one) => secretDocument(one, name) ?? []).slice(0, 1);
}

/** Refuses to add a document to a file that nobody could read or decrypt any longer. */
function refuseAdding({ file, documents }: ReadFile): void {
  if (documents.some(({ value }) => value?.["sops"] !== undefined)) throw besideSops();
  if (!documents.some(({ within }) => within === "a row of JSON values")) return;
  throw refused(
    "manifest.unwritable",
    `${inOneLine(file)} holds several JSON values, after which kubectl reads no other document.`,
    "Name a folder or another file.",
  );
}

function foundSecret(made: SecretDocument | undefined, pending: EntryMarks): FoundSecret {
  const bytes = JSON.stringify([made?.document.text ?? null, formatMarks(pending)]);
  return { made, pending, version: createHash("sha256").update(bytes).digest("hex") };
}

/** The clusters that the marks of a secret name; none if the document makes another one, or its marks cannot be read. */
function clusterIdsIn(document: ManifestDocument, name: SecretName): string[] {
  try {
    const made = secretDocument(document, name);
    return made ? Object.values(readPullSecret(made.secret).marks).map(({ clusterId }) => clusterId) : [];
  } catch {
    return [];
  }
}

function twice(name: SecretName, count: number): ActionableError {
  return refused(
    "manifest.twice",
    `The manifest has ${count} documents for the secret ${inOneLine(keyOf(name))}.`,
    "Keep one of them: whichever is applied last wins.",
  );
}

function nameIn(value: ManifestDocument["value"], kinds: readonly string[]): SecretName | undefined {
  const { name, namespace } = recordIn(value, "metadata");
  const isMeant = typeof value?.["kind"] === "string" && kinds.includes(value["kind"]);
  return isMeant && typeof name === "string" && typeof namespace === "string"
    ? { name, namespace }
    : undefined;
}
