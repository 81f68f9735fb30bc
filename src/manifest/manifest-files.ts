import { isUtf8 } from "node:buffer";
import { access, constants, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { ActionableError, refused } from "../domain/errors.ts";
import { readNamedFile, whyFileFailed } from "../domain/named-file.ts";
import { shellQuote } from "../domain/shell-quote.ts";
import { withLock } from "./file-lock.ts";
import { kustomizationWithout, markedFilesBelow } from "./neighbours.ts";

/** The files of a manifest, by their paths. */
export interface ManifestFiles {
  /** The existing files and their texts, in the order of their names. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** The bytes of one file at this moment, as text. Empty if there is no file. */
  readNow(file: string): Promise<string>;
  /** The file for a document that is not in any file yet. */
  fileFor(namespace: string, name: string): string;
  /**
   * Replaces a whole file, or creates it.
   * @param isPlain whether it holds a readable password
   */
  write(file: string, text: string, isPlain: boolean): Promise<void>;
  /** Succeeds if it is already gone. */
  remove(file: string): Promise<void>;
  /** The files with marks of acr-pull in folders inside the manifest's folder, and their texts. Nothing writes them. */
  readBelow(): Promise<ReadonlyMap<string, string>>;
  /** Does some work while no other run holds the lock of the same files. */
  whileLocked<T>(work: () => Promise<T>): Promise<T>;
  /** Where a run notes what it is about to do; undefined if nothing outlives the run. */
  readonly journal: Journal | undefined;
}

/** A file next to a manifest. */
interface Journal {
  /** Empty if there is no file. */
  read(): Promise<string>;
  /** @param text if it is empty, the file is removed */
  write(text: string): Promise<void>;
}

/** The largest file that is read. All custom resource definitions of a large project take a tenth of that. */
const limitBytes = 32 * 1024 * 1024;

const manifestName = /\.(?:ya?ml|json)$/i;

/** Whether the name of a file says that it is JSON. acr-pull reads JSON, but does not write it. */
export function isJson(file: string): boolean {
  return /\.json$/i.test(file);
}

/** Whether a path names a folder, which need not exist yet. */
export async function namesFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? /[/\\]$/.test(path);
}

/**
 * The files of a manifest: one file, or all files in a folder that kubectl would read.
 * @param tell says what a person has to do before anything applies a new file
 * @throws ActionableError `manifest.unreadable`, `manifest.unwritable`, exit 2
 */
export async function manifestFiles(path: string, tell: (text: string) => void): Promise<ManifestFiles> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unreadable(path, whyFileFailed(error));
  });
  const file = found ? await realpath(path) : resolve(path);
  const place = found?.isDirectory() ? file : dirname(file);
  // Checked before anything is written.
  await access(place, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? placeMissing(path, place) : unwritable(path, error);
  });
  if (await namesFolder(path)) return folder(path, tell);
  if (found && !found.isFile()) throw notWritten(path, "is neither a file nor a folder");
  if (isJson(path)) throw notWritten(path, "has the name of a JSON file, and acr-pull writes YAML");
  const isLink = await lstat(path).then(
    () => found === undefined,
    () => false,
  );
  if (isLink) throw notWritten(path, "is a link to a file that does not exist");
  await refuseLinkOut(path);
  return {
    async read() {
      const text = found ? await textOf(file) : await textIfThere(file);
      return new Map(text === undefined ? [] : [[file, text]]);
    },
    readNow: async (name) => (await textIfThere(name)) ?? "",
    fileFor: () => file,
    write: writeAndTell(tell),
    remove: removeFile,
    readBelow: () => Promise.resolve(new Map()),
    ...journalIn(join(dirname(file), `.${basename(file)}.acr-pull`)),
  };
}

function folder(path: string, tell: (text: string) => void): ManifestFiles {
  const root = resolve(path);
  const text = unlessUnchanged((file) => (isJson(file) ? jsonText(file) : textOf(file)));
  return {
    async read() {
      const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw unreadable(root, whyFileFailed(error));
      });
      // kubectl reads these too, but .sops.yaml and what an editor leaves are not manifests.
      const files = names.filter((name) => manifestName.test(name) && !name.startsWith(".")).toSorted();
      const read = files.map(async (name) => {
        const file = join(root, name);
        await refuseLinkOut(file);
        return [file, await text(file)] as const;
      });
      return new Map(await Promise.all(read));
    },
    readNow: async (name) => (await textIfThere(name)) ?? "",
    fileFor: (namespace, name) => join(root, `${namespace}-${name}.yaml`),
    write: writeAndTell(tell),
    remove: removeFile,
    readBelow: () => markedFilesBelow(path),
    ...journalIn(join(root, ".acr-pull")),
  };
}

/** Reads files, and those again that may have changed since: a large folder is read for each of its secrets. */
function unlessUnchanged(read: (file: string) => Promise<string>): (file: string) => Promise<string> {
  const known = new Map<string, { readonly stamp: string | undefined; readonly text: string }>();
  return async (file) => {
    const stamp = await stampOf(file);
    const last = known.get(file);
    if (stamp !== undefined && last?.stamp === stamp) return last.text;
    const text = await read(file);
    known.set(file, { stamp, text });
    return text;
  };
}

/** The coarsest clock of a file system: two writes within this time may leave the same times. */
const tickMs = 2_000;

/** Changes whenever the file does. Undefined if that cannot be said, because it has changed only just now. */
async function stampOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  if (!found || Date.now() - Number(found.ctimeMs) < tickMs) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = found;
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

function journalIn(file: string): Pick<ManifestFiles, "journal" | "whileLocked"> {
  return {
    journal: {
      read: async () => (await textIfThere(file)) ?? "",
      async write(text) {
        await (text === "" ? removeFile(file) : replaceFile(file, text, true));
      },
    },
    async whileLocked(work) {
      try {
        await mkdir(dirname(file), { recursive: true });
        return await withLock(`${file}.lock`, work);
      } catch (error) {
        throw error instanceof ActionableError ? error : unwritable(dirname(file), error);
      }
    },
  };
}

function bytesOf(file: string): Promise<Buffer> {
  return readNamedFile(file, { limitBytes, signal: new AbortController().signal });
}

/** The text of a JSON file, which may be anybody's. Empty if kubectl could not read it either. */
async function jsonText(file: string): Promise<string> {
  try {
    const bytes = await bytesOf(file);
    return isUtf8(bytes) ? bytes.toString("utf8") : "";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") throw unreadable(file, whyFileFailed(error));
    return "";
  }
}

async function textOf(file: string): Promise<string> {
  const text = await textIfThere(file);
  if (text === undefined) throw unreadable(file, "ENOENT");
  return text;
}

/** Reads only valid UTF-8, so that every byte that others wrote can be written back. */
async function textIfThere(file: string): Promise<string | undefined> {
  try {
    const bytes = await bytesOf(file);
    if (isUtf8(bytes)) return bytes.toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(file, whyFileFailed(error));
  }
  throw unreadable(file, "it is not text in UTF-8");
}

/** Writes files, and says once if whoever applies a new one has to be told of it first. */
function writeAndTell(tell: (text: string) => void): ManifestFiles["write"] {
  let isTold = false;
  return async (file, text, isPlain) => {
    const isNew = (await stat(file).catch(() => undefined)) === undefined;
    await refuseLinkOut(file);
    await replaceFile(file, text, isPlain);
    const kustomization = isNew && !isTold ? await kustomizationWithout(file) : undefined;
    if (kustomization === undefined) return;
    isTold = true;
    tell(
      `${kustomization} does not list ${basename(file)}: add each new file to its resources, or nothing applies it`,
    );
  };
}

/** A concurrent reader finds the old text or the new one, never part of it. A symbolic link still leads to the file. */
export async function replaceFile(path: string, text: string, isPlain: boolean): Promise<void> {
  const file = await realpath(path).catch(() => path);
  // Always the same name, so that the next write removes what a crash left: it may hold a password.
  const draft = join(dirname(file), `.${basename(file)}.draft`);
  try {
    await mkdir(dirname(file), { recursive: true });
    await rm(draft, { force: true });
    const known = isPlain ? undefined : await stat(file).catch(() => undefined);
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(text);
      if (known) await handle.chmod(known.mode & 0o777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw unwritable(file, error);
  }
}

async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw unwritable(file, error);
  });
}

/** Whoever may commit to a repository may not have this run read or write what lies elsewhere. */
async function refuseLinkOut(file: string): Promise<void> {
  const [real, folder] = await Promise.all([realpath(file), realpath(dirname(file))]).catch(() => ["", ""]);
  const way = relative(folder, real);
  if (/^\.\.[/\\]/.test(way) || isAbsolute(way))
    throw notWritten(file, "is a link that leads out of its folder");
}

function notWritten(path: string, why: string): ActionableError {
  return refused(
    "manifest.unreadable",
    `${path} ${why}.`,
    "Name a YAML file or a folder for --manifest, or - for standard output.",
  );
}

/** Not made without asking: the name of the folder may be mistyped. */
function placeMissing(path: string, place: string): ActionableError {
  return refused(
    "manifest.unwritable",
    `${path} cannot be written: there is no folder ${place}.`,
    `Check the name, or make the folder: mkdir -p ${shellQuote(place)}`,
  );
}

function unwritable(path: string, error: unknown): ActionableError {
  return refused(
    "manifest.unwritable",
    `${path} cannot be written (${whyFileFailed(error)}).`,
    "Name a file in a folder that exists and that you may write to.",
  );
}

function unreadable(path: string, why: string): ActionableError {
  return refused(
    "manifest.unreadable",
    `${path} cannot be read (${why}).`,
    "Name a file or a folder that you may read for --manifest.",
  );
}
