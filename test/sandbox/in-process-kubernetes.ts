import { createKubernetesApi } from "../../src/sandbox/kubernetes/kubernetes-api.ts";
import { newWorld } from "../../src/sandbox/new-world.ts";
import type { SandboxRequest, SandboxResponse, Service } from "../../src/sandbox/service.ts";
import type { ClusterRecord, World } from "../../src/sandbox/world.ts";
import { readSandboxOptions, type SandboxOptions } from "../../src/sandbox/world-options.ts";

type ClusterOptions = NonNullable<SandboxOptions["clusters"]>[number];

/** An answer, typed as loosely as tests read it. */
export interface KubernetesAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  readonly stream: SandboxResponse["stream"];
}

/** What is unusual about a request. */
export interface Asking {
  /** Null sends no token. Default: the token of the cluster's first user. */
  readonly token?: string | null;
  readonly type?: string;
  readonly accept?: string;
  readonly userAgent?: string;
  /** Further headers, with names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly closed?: AbortSignal;
}

/** The Kubernetes API of one cluster, asked without a server in between. */
export interface InProcessKubernetes {
  readonly world: World;
  readonly cluster: ClusterRecord;
  readonly service: Service;
  /** Every write that was committed, in order. */
  readonly commits: readonly string[];
  readonly ask: (
    method: string,
    target: string,
    body?: unknown,
    asking?: Asking,
  ) => Promise<KubernetesAnswer>;
}

/** The media types of patches, by short names. */
export const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** A cluster with the sandbox's default namespaces, unless the options say otherwise. */
export function inProcessKubernetes(
  cluster: Partial<ClusterOptions> = {},
  options: SandboxOptions = {},
): InProcessKubernetes {
  const settings = readSandboxOptions({ ...options, clusters: [{ context: "sandbox", ...cluster }] }, "test");
  const { world } = newWorld(settings);
  const record = world.clusters[0]!;
  record.server = "https://localhost:16443";
  const commits: string[] = [];
  world.committed = (what) => void commits.push(what);
  const service = createKubernetesApi(world, record);
  return {
    world,
    cluster: record,
    service,
    commits,
    ask: async (method, target, body, asking = {}) => {
      const answer = await service.handle(requestFor(record, method, target, body, asking));
      return { headers: {}, body: undefined, stream: undefined, ...answer };
    },
  };
}

/** A request as the server would hand it over. */
export function requestFor(
  cluster: ClusterRecord,
  method: string,
  target: string,
  body?: unknown,
  asking: Asking = {},
): SandboxRequest {
  const url = new URL(target, cluster.server);
  const token = asking.token === undefined ? cluster.users[0]!.token : asking.token;
  const bytes = Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body ?? "");
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": asking.type ?? "application/json" }),
      ...(asking.accept && { accept: asking.accept }),
      "user-agent": asking.userAgent ?? "tester/1.0 (linux)",
      ...asking.headers,
    },
    body: body === undefined ? Buffer.alloc(0) : Buffer.from(bytes),
    remoteAddress: "127.0.0.1",
    closed: asking.closed ?? new AbortController().signal,
  };
}

/** The base64 of a text. */
export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** A pull secret of the namespace awesomeapps, as a request body. */
export function pullSecret(name: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": base64('{"auths":{}}') },
    ...fields,
  };
}

export const secretsPath = "/api/v1/namespaces/awesomeapps/secrets";
