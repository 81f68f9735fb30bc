import type { OutgoingHttpHeaders } from "node:http";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { KubeConfig, type Cluster, type Context, type User } from "@kubernetes/client-node";
import { loadAll } from "js-yaml";
import { refused } from "../domain/errors.ts";
import type { ExecPlugin } from "./exec-plugin.ts";

/** A user of a kubeconfig; its plugin is taken out, so that nobody but us runs it. */
export interface KubeconfigUser {
  readonly name: string;
  readonly user: User;
  readonly plugin: ExecPlugin | undefined;
  /** Headers that say whom to act for beside the user's name, which the Kubernetes client sends. */
  readonly impersonation: OutgoingHttpHeaders;
}

/** What kubeconfig files hold, by name. */
export interface KubeconfigEntries {
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
}

/** Several files as one: the first to name a thing wins, and the first to name a current context. */
export function mergeEntries(all: readonly KubeconfigEntries[]): KubeconfigEntries {
  return {
    currentContext: all.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    contexts: firstByName(all.flatMap(({ contexts }) => [...contexts.values()])),
    clusters: firstByName(all.flatMap(({ clusters }) => [...clusters.values()])),
    users: firstByName(all.flatMap(({ users }) => [...users.values()])),
  };
}

/** By name, which YAML may have read as another type. */
function firstByName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  const byName = new Map<string, T>();
  for (const item of items) {
    const name: unknown = item.name;
    if (typeof name === "string" && !byName.has(name)) byName.set(name, item);
  }
  return byName;
}

/**
 * Reads one file. An entry that is not well-formed is left out, for it may be one that nobody asks for.
 * @throws ActionableError `kubernetes.kubeconfig-malformed`, which quotes nothing of the file
 */
export function parseKubeconfig(path: string, text: string): KubeconfigEntries {
  let raw: unknown;
  try {
    // An empty file holds no document, which kubectl takes for a kubeconfig with nothing in it.
    raw = loadAll(text)[0];
  } catch (error) {
    // The parser's message quotes the lines around the fault, and those may hold a token.
    const { line } = Object((Object(error) as { mark?: unknown }).mark) as { line?: unknown };
    throw malformed(path, typeof line === "number" ? `is not YAML near line ${line + 1}` : "is not YAML");
  }
  if (raw === undefined || raw === null) return mergeEntries([]);
  if (typeof raw !== "object" || Array.isArray(raw)) throw malformed(path, "is not a mapping");
  const config = new KubeConfig();
  const folder = dirname(resolve(path));
  try {
    config.loadFromString(text, { onInvalidEntry: "filter" });
    config.makePathsAbsolute(folder);
  } catch {
    throw malformed(path, "does not have the form of a kubeconfig");
  }
  return readEntries(config, unreadFields(raw, folder), folder);
}

function malformed(path: string, what: string): Error {
  return refused(
    "kubernetes.kubeconfig-malformed",
    `The kubeconfig ${JSON.stringify(path)} ${what}.`,
    "kubectl config view shows how kubectl reads it.",
  );
}

/** What a kubeconfig says of its users that the Kubernetes client does not read. */
interface Unread {
  /** The client looks for `token-file`. */
  readonly tokenFile: string | undefined;
  readonly impersonation: OutgoingHttpHeaders;
}

function unreadFields(raw: object, folder: string): Map<string, Unread> {
  const { users } = raw as { users?: unknown };
  const unread = new Map<string, Unread>();
  for (const item of asList(users)) {
    const { name, user } = Object(item) as { name?: unknown; user?: unknown };
    const fields = Object(user) as Record<string, unknown>;
    const { tokenFile } = fields;
    if (typeof name === "string" && !unread.has(name)) {
      unread.set(name, {
        tokenFile: typeof tokenFile === "string" && tokenFile !== "" ? resolve(folder, tokenFile) : undefined,
        impersonation: impersonationOf(fields),
      });
    }
  }
  return unread;
}

/** Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonationOf(fields: Readonly<Record<string, unknown>>): OutgoingHttpHeaders {
  const { "as-uid": uid, "as-groups": groups, "as-user-extra": extra } = fields;
  const headers: OutgoingHttpHeaders = {};
  if (typeof uid === "string") headers["Impersonate-Uid"] = uid;
  if (asList(groups).length > 0) headers["Impersonate-Group"] = asList(groups).map(String);
  for (const [key, values] of Object.entries(Object(extra) as Record<string, unknown>)) {
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = asList(values).map(String);
  }
  return headers;
}

/** What the Kubernetes client has loaded. */
export function readEntries(
  config: KubeConfig,
  unread: ReadonlyMap<string, Unread> = new Map(),
  folder = "/",
): KubeconfigEntries {
  const current: unknown = config.getCurrentContext();
  const users = config.getUsers().map((user) => {
    const plugin = pluginOf(user, folder);
    const { tokenFile, impersonation = {} } = unread.get(user.name) ?? {};
    const { exec: _exec, authProvider, token, ...rest } = user;
    const signsInOtherwise = plugin === undefined && tokenFile === undefined;
    return {
      name: user.name,
      plugin,
      impersonation,
      user: {
        ...rest,
        ...(tokenFile !== undefined && { authProvider: { name: "tokenFile", config: { tokenFile } } }),
        ...(signsInOtherwise && { authProvider: authProvider as unknown }),
        ...(tokenFile === undefined && token !== undefined && { token }),
      },
    };
  });
  return {
    currentContext: typeof current === "string" && current !== "" ? current : undefined,
    contexts: firstByName(config.getContexts().map(checkedContext)),
    clusters: firstByName(config.getClusters()),
    users: firstByName(users),
  };
}

/** With a field of another type than text as if it were absent. */
function checkedContext({ name, cluster, user, namespace }: Context): Context {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return { name, cluster: text(cluster), user: text(user), namespace: text(namespace) };
}

/** The plugin of a user, by its own field or that of old kubeconfigs. */
function pluginOf({ exec: own, authProvider }: User, folder: string): ExecPlugin | undefined {
  const { config } = Object(authProvider) as { config?: unknown };
  const exec: unknown = own ?? (Object(config) as { exec?: unknown }).exec;
  const { command, args, env, apiVersion, interactiveMode, provideClusterInfo, installHint } = Object(
    exec,
  ) as Record<string, unknown>;
  if (typeof command !== "string" || command === "") return undefined;
  // A command with a slash in it is meant relative to the kubeconfig's folder.
  const isPath = /[/\\]/.test(command) && !isAbsolute(command);
  const variables = asList(env).map((item) => {
    const { name, value } = Object(item) as { name?: unknown; value?: unknown };
    return [String(name), typeof value === "string" ? value : ""] as const;
  });
  return {
    command: isPath ? join(folder, command) : command,
    args: asList(args).map(String),
    env: Object.fromEntries(variables),
    apiVersion: typeof apiVersion === "string" ? apiVersion : "client.authentication.k8s.io/v1",
    interactiveMode: typeof interactiveMode === "string" ? interactiveMode : undefined,
    provideClusterInfo: provideClusterInfo === true,
    installHint: typeof installHint === "string" && installHint !== "" ? installHint : undefined,
  };
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
