import { lstat, readdir, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Documents, StateFile } from "../engine/ports.ts";
import { refused } from "../domain/errors.ts";
import { readNamedFile, whyFileFailed } from "../domain/named-file.ts";
import { namesFolder, replaceFile } from "./manifest-files.ts";

/** A controller that applies the folder reads no file of this kind: it is neither YAML nor JSON. */
const ending = ".state";

/** The states beside documents: `DIR/acr-pull.<login server>.state`, `FILE.<login server>.state`. */
export async function statesBeside(path: string): Promise<Documents> {
  const isFolder = await namesFolder(path);
  const folder = isFolder ? resolve(path) : dirname(resolve(path));
  const beginning = isFolder ? "acr-pull." : `${basename(path)}.`;
  const file = (name: string) => stateFile(join(folder, name));
  return {
    path,
    // A port is part of the login server, and on Windows no file may have a colon in its name.
    stateOf: (loginServer) => file(`${beginning}${loginServer.replaceAll(":", "-")}${ending}`),
    async allStates() {
      const names = await readdir(folder).catch(() => []);
      return names
        .filter((name) => name.startsWith(beginning) && name.endsWith(ending))
        .toSorted()
        .map(file);
    },
  };
}

function stateFile(path: string): StateFile {
  const text = async () => {
    const found = await lstat(path);
    // The folder is a repository's: whoever may write to it may not have this run read or write elsewhere.
    if (!found.isFile()) throw unfit(path, found.isSymbolicLink() ? "is a link" : "is not a file");
    return (await readNamedFile(path, { signal: new AbortController().signal })).toString("utf8");
  };
  return {
    path,
    read: () =>
      text().catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error.code?.startsWith("manifest.")
          ? error
          : unfit(path, `cannot be read (${whyFileFailed(error)})`);
      }),
    write: (text) => replaceFile(path, text, false),
    remove: () => rm(path, { force: true }),
  };
}

function unfit(path: string, why: string) {
  return refused(
    "manifest.unreadable",
    `The state ${path} ${why}.`,
    "Put back the file that acr-pull wrote: its history is in Git.",
  );
}
