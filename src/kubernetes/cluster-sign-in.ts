import { validateHeaderName, validateHeaderValue, type Agent, type OutgoingHttpHeaders } from "node:http";
import type { AgentOptions } from "node:https";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { readNamedFile, whyFileFailed } from "../domain/named-file.ts";
import { proxyFor } from "../domain/proxy.ts";
import { serverAgent } from "../domain/server-agent.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import { runExecPlugin } from "./exec-plugin.ts";
import type { Connection } from "./kubeconfig.ts";
import { pluginToRun, type KubeconfigUser, type PemSource } from "./kubeconfig-file.ts";

/** The identity for all requests, and the connections that carry them. */
export interface ClusterIdentity {
  readonly headers: OutgoingHttpHeaders;
  readonly agent: Agent;
}

/**
 * Reads the credential of a context's user, runs its plugin or asks its provider, and prepares connections to the
 * cluster.
 * @param say called with each line that a plugin says
 * @throws ActionableError `kubernetes.unauthorized` if there is no credential, and what runExecPlugin throws
 */
export async function signInToCluster(
  connection: Connection,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ClusterIdentity> {
  const { context, cluster, user } = connection;
  try {
    // One after the other, so that if several files are missing, the error always names the same one.
    const authority = await pem(cluster.authority, signal);
    const certificate = user && (await pem(user.certificate, signal));
    const key = user && (await pem(user.key, signal));
    const authorization = user && (await authorizationOf(user, signal));
    const plugin = user && pluginToRun(user);
    const run = { context, variables: connection.variables, cluster: clusterInfo(cluster, authority), say };
    const credential = plugin && (await runExecPlugin(plugin, run, signal));
    const header = credential?.token === undefined ? authorization : `Bearer ${credential.token}`;
    return {
      headers: encodedHeaders(context, {
        ...(header !== undefined && { Authorization: header }),
        ...user?.impersonation,
      }),
      agent: await agentFor(connection, {
        ca: authority,
        cert: credential?.certificate ?? certificate,
        key: credential?.key ?? key,
      }),
    };
  } catch (error) {
    if (error instanceof ActionableError || signal.aborted) throw error;
    throw unreadable(context, error);
  }
}

/**
 * Encodes headers as UTF-8, as kubectl does. Node would send each character as one byte.
 * @throws ActionableError `kubernetes.unauthorized` if a header cannot hold a character, such as a line break
 */
function encodedHeaders(context: string, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const encode = (name: string, value: string): string => {
    const encoded = Buffer.from(value).toString("latin1");
    try {
      validateHeaderName(name);
      validateHeaderValue(name, encoded);
    } catch {
      // Node's own message does not help, and the value may be a token.
      throw unsendable(context, name);
    }
    return encoded;
  };
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((one) => encode(name, one)) : encode(name, String(value)),
    ]),
  );
}

function unsendable(context: string, header: string): ActionableError {
  const what = header === "Authorization" ? "The token" : `The header ${header}`;
  return new ActionableError(
    `${what} of context ${context} contains a character that is not allowed in a request, such as a line break.`,
    {
      code: "kubernetes.unauthorized",
      hint: "Fix the context's user in the kubeconfig, or its tokenFile or plugin.",
      exitCode: exitCode.notAllowed,
    },
  );
}

/** The text of a PEM. If a kubeconfig both holds one and names a file, kubectl uses the one that it holds. */
async function pem({ data, file }: PemSource, signal: AbortSignal): Promise<Buffer | undefined> {
  if (data !== undefined) return Buffer.from(data, "base64");
  return file === undefined ? undefined : await contentOf(file, signal);
}

/** Reads a file that a kubeconfig names. Pipes are not read: only a person at a shell names a pipe. */
async function contentOf(file: string, signal: AbortSignal): Promise<Buffer> {
  try {
    return await readNamedFile(file, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new UnreadableFileError(`${file} cannot be read: ${whyFileFailed(error)}`);
  }
}

/** Its message quotes nothing from the file. */
class UnreadableFileError extends Error {
  override readonly name = "UnreadableFileError";
}

async function authorizationOf(user: KubeconfigUser, signal: AbortSignal): Promise<string | undefined> {
  const { token, tokenFile, username, password = "", authProvider } = user;
  const bearer = tokenFile === undefined ? token : await newestToken(tokenFile, token, signal);
  if (bearer) return `Bearer ${bearer}`;
  if (username !== undefined) return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return authProvider && (await untilAborted(askProvider(user), signal));
}

/** The token in the file; the kubeconfig's own token if the file is empty or cannot be read. */
async function newestToken(
  file: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await contentOf(file, signal)).toString("utf8").trim() || token;
  } catch (error) {
    if (token === undefined || signal.aborted) throw error;
    return token;
  }
}

/**
 * The only settings of `oidc` to pass on. From others, the Kubernetes client would take a program to run or a file to
 * read.
 */
const providerFields = ["client-id", "client-secret", "id-token", "idp-issuer-url", "refresh-token"];

/** Loads the Kubernetes client only here, because that takes long and providers are rare. */
async function askProvider({ name, authProvider }: KubeconfigUser): Promise<string | undefined> {
  const fields = Object.entries(authProvider?.config ?? {}).filter(([field]) =>
    providerFields.includes(field),
  );
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name, server: "https://localhost", skipTLSVerify: false },
    { name, authProvider: { name: "oidc", config: Object.fromEntries(fields) } },
  );
  const options: { headers?: OutgoingHttpHeaders } = {};
  await config.applyToHTTPSOptions(options);
  const authorization = options.headers?.["Authorization"];
  return typeof authorization === "string" ? authorization : undefined;
}

/** What a plugin learns about the cluster, if it asks. */
function clusterInfo(
  cluster: Connection["cluster"],
  authority: Buffer | undefined,
): Readonly<Record<string, unknown>> {
  return {
    server: cluster.server,
    "tls-server-name": cluster.tlsServerName,
    "certificate-authority-data": authority?.toString("base64"),
    "proxy-url": cluster.proxyUrl,
  };
}

async function agentFor(
  { cluster: { server, tlsServerName, proxyUrl }, variables }: Connection,
  tls: { ca: Buffer | undefined; cert: Buffer | string | undefined; key: Buffer | string | undefined },
): Promise<Agent> {
  const trust = { ...tls, servername: tlsServerName };
  if (proxyUrl?.startsWith("socks") !== true) {
    const url = new URL(server);
    const proxy = proxyUrl ?? proxyFor(url, variables);
    return serverAgent(url, { ...trust, proxy });
  }
  const { SocksProxyAgent } = await import("socks-proxy-agent");
  // The agent passes on all TLS options, although its type does not say so.
  const options: AgentOptions = { ...trust, keepAlive: true, rejectUnauthorized: true };
  return new SocksProxyAgent(proxyUrl, options);
}

/** A message may quote part of a credential, so only the system's error code is kept. */
function unreadable(context: string, error: unknown): ActionableError {
  const { code } = Object(error) as { code?: unknown };
  const why = error instanceof UnreadableFileError ? error.message : code;
  const fault = typeof why === "string" ? `: ${why}` : "";
  return new ActionableError(`There is no credential for context ${context}${fault}.`, {
    code: "kubernetes.unauthorized",
    hint: "Make kubectl work with this context first.",
    exitCode: exitCode.notAllowed,
  });
}
