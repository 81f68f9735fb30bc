import type { OutgoingHttpHeaders } from "node:http";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { DEFAULT_SCHEMA, loadAll, Type } from "js-yaml";
import { refused } from "../domain/errors.ts";
import { urlPart } from "../domain/url-part.ts";
import type { ExecPlugin } from "./exec-program.ts";

/** A context of AKS takes 10 KB, and one file may hold hundreds. */
export const largestKubeconfigBytes = 8 * 1024 * 1024;

/** Where to look for a kubeconfig. */
export interface KubeconfigSource {
  /** The file of `--kubeconfig`: no other is read. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The files to read, in order: the named file, otherwise the list in KUBECONFIG, otherwise `~/.kube/config`. */
export function kubeconfigPaths({ file, env }: KubeconfigSource): readonly string[] {
  if (file !== undefined) return [file];
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  return listed.length > 0 ? listed : [join(env["HOME"] ?? homedir(), ".kube", "config")];
}

/** A PEM in a kubeconfig, or in a file that it names. */
export interface PemSource {
  /** Base64; takes precedence over the file. */
  readonly data: string | undefined;
  readonly file: string | undefined;
}

/** A cluster of a kubeconfig. */
export interface KubeconfigCluster {
  readonly name: string;
  /** Without a trailing slash. */
  readonly server: string;
  readonly authority: PemSource;
  readonly skipTlsVerify: boolean;
  readonly tlsServerName: string | undefined;
  readonly proxyUrl: string | undefined;
}

/** A user of a kubeconfig, with all its ways to sign in. */
export interface KubeconfigUser {
  readonly name: string;
  readonly certificate: PemSource;
  readonly key: PemSource;
  readonly token: string | undefined;
  /** Its content takes precedence over the token. */
  readonly tokenFile: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly plugin: ExecPlugin | undefined;
  /** As the kubeconfig has it, whether or not kubectl supports it. */
  readonly authProvider: AuthProvider | undefined;
  /** Headers that say whom to impersonate. */
  readonly impersonation: OutgoingHttpHeaders;
}

/** A named way to sign in that is, or once was, built into kubectl. */
export interface AuthProvider {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A context of a kubeconfig. */
export interface KubeconfigContext {
  readonly name: string;
  readonly cluster: string;
  readonly user: string | undefined;
  readonly namespace: string | undefined;
}

/** The content of kubeconfig files, by name. */
export interface KubeconfigEntries {
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
}

/** Merges several files: the first that names a thing wins, also for the current context. */
export function mergeEntries(all: readonly KubeconfigEntries[]): KubeconfigEntries {
  return {
    currentContext: all.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    contexts: firstByName(all.flatMap(({ contexts }) => [...contexts.values()])),
    clusters: firstByName(all.flatMap(({ clusters }) => [...clusters.values()])),
    users: firstByName(all.flatMap(({ users }) => [...users.values()])),
  };
}

function firstByName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(item.name)) byName.set(item.name, item);
  return byName;
}

/** kubectl reads a value that looks like a date as a string. */
const noDate = new Type("tag:yaml.org,2002:timestamp", { kind: "scalar", resolve: () => false });

/** Reads YAML as kubectl does: of several equal keys, the last wins. */
const asKubectl = { schema: DEFAULT_SCHEMA.extend({ implicit: [noDate] }), json: true } as const;

/**
 * Reads one file. A malformed entry is left out, because it may never be needed.
 * @throws ActionableError `kubernetes.kubeconfig-malformed`, which quotes nothing from the file
 */
export function parseKubeconfig(path: string, text: string): KubeconfigEntries {
  let raw: unknown;
  try {
    // An empty file has no document; kubectl reads it as an empty kubeconfig.
    raw = loadAll(text, null, asKubectl)[0];
  } catch (error) {
    // The parser's message quotes the lines around the fault, which may hold a token.
    const { line } = Object((Object(error) as { mark?: unknown }).mark) as { line?: unknown };
    throw malformed(path, typeof line === "number" ? `is not YAML near line ${line + 1}` : "is not YAML");
  }
  if (raw === undefined || raw === null) return mergeEntries([]);
  if (typeof raw !== "object" || Array.isArray(raw)) throw malformed(path, "is not a mapping");
  return readEntries(raw, dirname(resolve(path)));
}

function malformed(path: string, what: string): Error {
  return refused(
    "kubernetes.kubeconfig-malformed",
    `The kubeconfig ${JSON.stringify(path)} ${what}.`,
    "kubectl config view shows how kubectl reads it.",
  );
}

/**
 * Reads a kubeconfig. A field of the wrong type counts as absent.
 * Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 * @param folder the folder that its paths are relative to
 */
export function readEntries(kubeconfig: object, folder: string): KubeconfigEntries {
  const { "current-context": current, clusters, users, contexts } = fieldsOf(kubeconfig);
  return {
    currentContext: textOf(current),
    clusters: firstByName(named(clusters, "cluster", (name, fields) => clusterOf(name, fields, folder))),
    users: firstByName(named(users, "user", (name, fields) => userOf(name, fields, folder))),
    contexts: firstByName(named(contexts, "context", contextOf)),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** The well-formed entries of a list; each item has a name and one more field. */
function named<T>(
  items: unknown,
  field: string,
  read: (name: string, fields: Fields) => T | undefined,
): readonly T[] {
  return asList(items)
    .map(fieldsOf)
    .flatMap((item) => {
      const name = textOf(item["name"]);
      return name === undefined ? [] : (read(name, fieldsOf(item[field])) ?? []);
    });
}

function clusterOf(name: string, fields: Fields, folder: string): KubeconfigCluster | undefined {
  const server = textOf(fields["server"]);
  if (server === undefined) return undefined;
  return {
    name,
    server: server.replace(/\/$/, ""),
    authority: pemOf(fields, "certificate-authority", folder),
    skipTlsVerify: fields["insecure-skip-tls-verify"] === true,
    tlsServerName: textOf(fields["tls-server-name"]),
    proxyUrl: textOf(fields["proxy-url"]),
  };
}

function userOf(name: string, fields: Fields, folder: string): KubeconfigUser {
  return {
    name,
    certificate: pemOf(fields, "client-certificate", folder),
    key: pemOf(fields, "client-key", folder),
    token: textOf(fields["token"]),
    tokenFile: pathOf(fields["tokenFile"], folder),
    username: textOf(fields["username"]),
    password: textOf(fields["password"]),
    plugin: pluginOf(fields["exec"], folder),
    authProvider: providerOf(fields["auth-provider"]),
    impersonation: impersonationOf(fields),
  };
}

function providerOf(provider: unknown): AuthProvider | undefined {
  if (typeof provider !== "object" || provider === null) return undefined;
  const { name, config } = fieldsOf(provider);
  return { name: textOf(name) ?? "", config: fieldsOf(config) };
}

/**
 * The plugin that a user signs in with. As with kubectl, a user with a token, a user name or a certificate uses none.
 * Source: https://github.com/kubernetes/client-go/blob/master/plugin/pkg/client/auth/exec/exec.go,
 * UpdateTransportConfig
 */
export function pluginToRun(user: KubeconfigUser): ExecPlugin | undefined {
  const { token, tokenFile, username, certificate, key, plugin } = user;
  const isHeld = ({ data, file }: PemSource) => data !== undefined || file !== undefined;
  const hasCredential = [token, tokenFile, username].some((field) => field !== undefined);
  return hasCredential || (isHeld(certificate) && isHeld(key)) ? undefined : plugin;
}

function contextOf(name: string, { cluster, user, namespace }: Fields): KubeconfigContext | undefined {
  const clusterName = textOf(cluster);
  if (clusterName === undefined) return undefined;
  return { name, cluster: clusterName, user: textOf(user), namespace: textOf(namespace) };
}

function pemOf(fields: Fields, field: string, folder: string): PemSource {
  return { data: textOf(fields[`${field}-data`]), file: pathOf(fields[field], folder) };
}

/** Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonationOf(fields: Fields): OutgoingHttpHeaders {
  const { as: user, "as-uid": uid, "as-groups": groups, "as-user-extra": extra } = fields;
  const headers: OutgoingHttpHeaders = {};
  if (textOf(user) !== undefined) headers["Impersonate-User"] = textOf(user);
  if (typeof uid === "string") headers["Impersonate-Uid"] = uid;
  if (textsOf(groups).length > 0) headers["Impersonate-Group"] = textsOf(groups);
  for (const [key, values] of Object.entries(fieldsOf(extra))) {
    headers[`Impersonate-Extra-${urlPart(key)}`] = textsOf(values);
  }
  return headers;
}

function pluginOf(exec: unknown, folder: string): ExecPlugin | undefined {
  const { command, args, env, apiVersion, interactiveMode, provideClusterInfo, installHint } = fieldsOf(exec);
  if (typeof command !== "string" || command === "") return undefined;
  // A command with a slash in it is relative to the kubeconfig's folder.
  const isPath = /[/\\]/.test(command) && !isAbsolute(command);
  const variables = asList(env).flatMap((item) => {
    const { name, value } = fieldsOf(item);
    return textsOf([name]).map((text) => [text, typeof value === "string" ? value : ""] as const);
  });
  return {
    command: isPath ? join(folder, command) : command,
    args: textsOf(args),
    env: Object.fromEntries(variables),
    apiVersion: typeof apiVersion === "string" ? apiVersion : "client.authentication.k8s.io/v1",
    interactiveMode: typeof interactiveMode === "string" ? interactiveMode : undefined,
    provideClusterInfo: provideClusterInfo === true,
    installHint: textOf(installHint),
  };
}

function fieldsOf(value: unknown): Fields {
  return Object(value) as Fields;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function pathOf(value: unknown, folder: string): string | undefined {
  const path = textOf(value);
  return path === undefined ? undefined : resolve(folder, path);
}

/** The strings in a list, and its numbers and booleans as strings. */
function textsOf(value: unknown): string[] {
  return asList(value).flatMap((item) =>
    typeof item === "string" || typeof item === "number" || typeof item === "boolean" ? String(item) : [],
  );
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
