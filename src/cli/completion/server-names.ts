import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Connect } from "../connections.ts";
import type { Variables } from "../../domain/proxy.ts";
import { gather, readAnswers, type Flags } from "../options/answers.ts";
import type { OptionsOf } from "../options/option.ts";
import {
  clusterOptions,
  registryScopeOptions,
  serviceOptions,
  signInOptions,
} from "../options/shared-options.ts";

/** A name that a server knows, and what it is. */
export interface ServerName {
  readonly word: string;
  readonly summary: string;
}

/** What only servers know. Each returns nothing if a server cannot be asked in time. */
export interface ServerNames {
  namespaces(flags: Flags): Promise<readonly ServerName[]>;
  registries(flags: Flags): Promise<readonly ServerName[]>;
}

/** A shell that waits longer than this feels dead. */
const patienceMs = 2_000;
/** Names that are older than this are asked for again. */
const freshMs = 5 * 60_000;

const namespaceSources = { ...clusterOptions, ...serviceOptions };
const registrySources = { ...signInOptions, ...registryScopeOptions, ...serviceOptions };

/** Other variables that decide who the caller is to a server, or which server is asked. */
const deciding = [
  "KUBECONFIG",
  "AZURE_CLIENT_ID",
  "AZURE_CONFIG_DIR",
  "AZURE_SUBSCRIPTION_ID",
  "AZURE_TENANT_ID",
];

/**
 * Names from the servers that a command line means: its clusters and its Azure. Nobody is asked to sign in.
 * @param folder where names are kept for some minutes; it does not have to exist
 */
export function serverNames(connect: Connect, environment: Variables, folder: string): ServerNames {
  const until = AbortSignal.timeout(patienceMs);
  const connections = connect(() => {}, until);
  const look = async <Answers>(
    options: OptionsOf<Answers>,
    flags: Flags,
    ask: (answers: Answers) => Promise<readonly ServerName[]>,
  ): Promise<readonly ServerName[]> => {
    const given = gather(options, flags, environment);
    const key = [[...given], deciding.map((name) => environment[name])];
    try {
      return await kept(folder, key, () => ask(readAnswers(options, given)));
    } catch {
      // A shell can show nothing but names.
      return [];
    }
  };
  return {
    namespaces: (flags) =>
      look(namespaceSources, flags, async (answers) => {
        const clusters = await connections.clusters({ ...answers, timeoutMs: patienceMs });
        const listed = await Promise.all(clusters.map(({ cluster }) => cluster.listNamespaces("", until)));
        const names = new Set(listed.flat().map(({ name }) => name));
        return [...names].map((word) => ({ word, summary: "" }));
      }),
    registries: (flags) =>
      look(registrySources, flags, async (answers) => {
        if (answers.auth === "device-code" || answers.auth === "browser") return [];
        const azure = await connections.azure({ ...answers, timeoutMs: patienceMs }, until);
        const { registries } = await azure.registries.listRegistries(answers, until);
        return registries.map(({ name, location }) => ({ word: name, summary: location }));
      }),
  };
}

/** The answer to a question, from a file if that is fresh. Only answers of a server are kept. */
async function kept(
  folder: string,
  question: unknown,
  ask: () => Promise<readonly ServerName[]>,
): Promise<readonly ServerName[]> {
  const digest = createHash("sha256").update(JSON.stringify(question)).digest("hex");
  const path = join(folder, "completion", `${digest.slice(0, 32)}.json`);
  const found = await readFile(path, "utf8").then(recordOf, () => undefined);
  if (found && Math.abs(Date.now() - found.at) < freshMs) return found.names;
  const names = await ask();
  // Whole or not at all: two shells may complete at once.
  const aside = `${path}.${process.pid}`;
  await mkdir(join(folder, "completion"), { recursive: true, mode: 0o700 })
    .then(() => writeFile(aside, JSON.stringify({ at: Date.now(), names }), { mode: 0o600 }))
    .then(() => rename(aside, path))
    .catch(() => {});
  return names;
}

function recordOf(text: string): { readonly at: number; readonly names: readonly ServerName[] } | undefined {
  const record: unknown = JSON.parse(text);
  if (typeof record !== "object" || record === null || !("at" in record) || !("names" in record))
    return undefined;
  const { at, names } = record;
  const isName = (one: unknown): one is ServerName =>
    typeof one === "object" &&
    one !== null &&
    "word" in one &&
    typeof one.word === "string" &&
    "summary" in one &&
    typeof one.summary === "string";
  return typeof at === "number" && Array.isArray(names) && names.every(isName) ? { at, names } : undefined;
}
