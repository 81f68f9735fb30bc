import { randomUUID } from "node:crypto";
import {
  access,
  constants,
  mkdir,
  open,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { refused, type ActionableError } from "../domain/errors.ts";

/** The files of a manifest, by their paths. */
export interface ManifestFiles {
  /** Those that are there, in the order of their names. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** The file for a document that is in none yet. */
  fileFor(namespace: string, name: string): string;
  /**
   * Replaces a file as a whole, or makes it.
   * @param isPlain whether it holds a password that anybody could read
   */
  write(file: string, text: string, isPlain: boolean): Promise<void>;
  /** Where a run notes what it is about to do; undefined where nothing outlives the run. */
  readonly journal: string | undefined;
}

const yaml = /\.ya?ml$/i;

/**
 * The files of a manifest: one file, or all of a folder that kubectl would read.
 * @throws ActionableError `manifest.unreadable`, `manifest.unwritable`, exit 2
 */
export async function manifestFiles(path: string): Promise<ManifestFiles> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unreadable(path, error);
  });
  const isFolder = found?.isDirectory() ?? /[/\\]$/.test(path);
  const place = found?.isDirectory() ? resolve(path) : dirname(resolve(path));
  // Learned before anything is made.
  await access(place, constants.W_OK).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  if (isFolder) return folder(path);
  if (found && !found.isFile()) {
    throw refused(
      "manifest.unreadable",
      `${path} is neither a file nor a folder.`,
      "Name a file or a folder for --manifest, or - for standard output.",
    );
  }
  const file = found ? await realpath(path) : resolve(path);
  return {
    read: async () => new Map(found || (await isThere(file)) ? [[file, await textOf(file)]] : []),
    fileFor: () => file,
    write: replace,
    journal: join(dirname(file), `.${basename(file)}.acr-pull`),
  };
}

function folder(path: string): ManifestFiles {
  const root = resolve(path);
  return {
    async read() {
      const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw unreadable(root, error);
      });
      // A name with a dot before it is no manifest for anybody.
      const files = names.filter((name) => yaml.test(name) && !name.startsWith(".")).toSorted();
      return new Map(
        await Promise.all(
          files.map(async (name) => [join(root, name), await textOf(join(root, name))] as const),
        ),
      );
    },
    fileFor: (namespace, name) => join(root, `${namespace}-${name}.yaml`),
    write: replace,
    journal: join(root, ".acr-pull"),
  };
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file, error);
  });
}

/** Who reads the file meanwhile finds the old text or the new one, and never a part. */
export async function replace(file: string, text: string, isPlain: boolean): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  try {
    await mkdir(dirname(file), { recursive: true });
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

function unwritable(path: string, error: unknown): ActionableError {
  return refused(
    "manifest.unwritable",
    `${path} cannot be written (${codeOf(error)}).`,
    "Name a file in a folder that exists and that you may write to.",
  );
}

function unreadable(path: string, error: unknown): ActionableError {
  return refused(
    "manifest.unreadable",
    `${path} cannot be read (${codeOf(error)}).`,
    "Name a file or a folder that you may read for --manifest.",
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "it failed";
}

/** A manifest that is nowhere but in memory until it is printed. */
export function printedManifest(): ManifestFiles & { text(): string } {
  const file = "standard output";
  const files = new Map<string, string>();
  return {
    read: () => Promise.resolve(new Map(files)),
    fileFor: () => file,
    write(_file, text) {
      files.set(file, text);
      return Promise.resolve();
    },
    journal: undefined,
    text: () => files.get(file) ?? "",
  };
}
