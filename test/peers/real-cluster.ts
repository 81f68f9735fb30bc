import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import type { AccessRule } from "../../src/sandbox/world.ts";
import { auditPolicy, readWrites, type AuditedWrite } from "./audit-log.ts";
import type { Peer } from "./peer.ts";
import { freePort, startServer, until, type ServerProcess } from "./server-process.ts";

/** The programs that a real cluster needs. */
export const clusterPeers: readonly Peer[] = ["etcd", "kube-apiserver", "kube-controller-manager", "setpriv"];

/** A user whom the API server knows by a token. */
export interface ClusterUser {
  readonly name: string;
  readonly token: string;
  /** Its only context is `real`. */
  readonly kubeconfigPath: string;
}

/** An answer of the API server. */
export interface ApiAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** Kubernetes' own API server, with etcd and the controller manager, on loopback ports and in a folder of its own. */
export interface RealCluster {
  readonly server: string;
  /** The authority that its certificate is trusted by, PEM. */
  readonly certificate: string;
  /** Its own folder, removed when the cluster is closed. */
  readonly folder: string;
  /** A member of `system:masters`, named `admin`. */
  readonly admin: ClusterUser;
  /** The only node that it can have, named `real`. */
  readonly node: ClusterUser;
  /** How long it took from the start until service accounts were created. */
  readonly readyAfterMs: number;
  /**
   * Adds a user with exactly these rights, and waits until they are in effect. The namespaces must exist.
   * @param namespace the one that the kubeconfig's context names
   */
  addUser(rules: readonly AccessRule[], namespace?: string): Promise<ClusterUser>;
  /** Writes a kubeconfig that leads a user here, and returns its path. */
  kubeconfig(user: Pick<ClusterUser, "name" | "token">, namespace?: string): Promise<string>;
  /** Asks the API server as a user who may do everything and whose requests are not in the audit log. */
  api(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /** The requests of an action that may change something, from anybody but the cluster's own parts. */
  writesDuring(action: () => Promise<unknown>): Promise<readonly AuditedWrite[]>;
  /** Registers something that has to end before the cluster does. */
  endFirst(end: () => Promise<void>): void;
  close(): Promise<void>;
}

/** Token, name and groups, as `--token-auth-file` holds them. It is read only once, so it needs spare users. */
interface Account {
  readonly name: string;
  readonly token: string;
  readonly groups: readonly string[];
}

const masters = "system:masters";
const spareUsers = 1000;

/**
 * Starts a cluster: an API server over TLS with tokens, RBAC, the default admission plug-ins and an audit log, an
 * etcd that need not survive a power cut, and every controller.
 * @throws Error with the last lines of a server's log, if that server ends
 */
export async function startCluster(): Promise<RealCluster> {
  const began = Date.now();
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-cluster-"));
  const servers: ServerProcess[] = [];
  const guests: Array<() => Promise<void>> = [];
  const close = async (): Promise<void> => {
    await Promise.all(guests.map((end) => end()));
    await Promise.all(servers.map((server) => server.kill()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const cluster = await startIn(folder, servers);
    return {
      ...cluster,
      readyAfterMs: Date.now() - began,
      endFirst: (end) => void guests.push(end),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startIn(
  folder: string,
  servers: ServerProcess[],
): Promise<Omit<RealCluster, "readyAfterMs" | "endFirst" | "close">> {
  const account = (name: string, ...groups: readonly string[]): Account => ({
    name,
    token: randomBytes(16).toString("hex"),
    groups,
  });
  const admin = account("admin", masters);
  const arranger = account("test-arranger", masters);
  const manager = account("system:kube-controller-manager", masters);
  const node = account("system:node:real", "system:nodes");
  const spare = Array.from({ length: spareUsers }, (_, index) => account(`user-${index + 1}`));
  const accounts = [admin, arranger, manager, node, ...spare];

  const [clientPort, port] = [await freePort(), await freePort()];
  const server = `https://127.0.0.1:${port}`;
  const authority = await createCertificateAuthority();
  const identity = await authority.issue();
  const keys = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const kubeconfig: RealCluster["kubeconfig"] = ({ name, token }, namespace) =>
    file(
      `kubeconfig-${name.replaceAll(":", "-")}`,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "real",
        clusters: [
          {
            name: "real",
            cluster: {
              server,
              "certificate-authority-data": Buffer.from(authority.certificate).toString("base64"),
            },
          },
        ],
        users: [{ name, user: { token } }],
        contexts: [
          { name: "real", context: { cluster: "real", user: name, ...(namespace && { namespace }) } },
        ],
      }),
    );

  const start = (program: string, options: Readonly<Record<string, string>>): void => {
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    servers.push(startServer([program, ...args], join(folder, `${program}.log`)));
  };
  start("etcd", {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": `http://127.0.0.1:${clientPort}`,
    "advertise-client-urls": `http://127.0.0.1:${clientPort}`,
    "listen-peer-urls": "http://127.0.0.1:0",
    "unsafe-no-fsync": "true",
    "log-level": "error",
  });
  const auditLog = await file("audit.log", "");
  const signingKey = await file("service-account.key", keys.privateKey);
  const caPath = await file("ca.pem", authority.certificate);
  const lines = accounts.map(({ token, name, groups }) => `${token},${name},${name},"${groups.join(",")}"`);
  start("kube-apiserver", {
    "etcd-servers": `http://127.0.0.1:${clientPort}`,
    "bind-address": "127.0.0.1",
    "secure-port": `${port}`,
    "tls-cert-file": await file("server.pem", identity.certificate),
    "tls-private-key-file": await file("server.key", identity.key),
    "token-auth-file": await file("tokens.csv", `${lines.join("\n")}\n`),
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": await file("service-account.pub", keys.publicKey),
    "service-account-signing-key-file": signingKey,
    "service-cluster-ip-range": "10.0.0.0/24",
    "audit-log-path": auditLog,
    "audit-policy-file": await file(
      "audit-policy.json",
      auditPolicy([arranger.name, manager.name, "system:apiserver"]),
    ),
    // The service `kubernetes` needs no endpoint, and a loopback address cannot be one.
    "endpoint-reconciler-type": "none",
  });

  const ask = (token: string, method: string, path: string, body?: unknown): Promise<ApiAnswer> =>
    askApi({ server, certificate: authority.certificate, token }, { method, path, body });
  const api: RealCluster["api"] = (method, path, body) => ask(arranger.token, method, path, body);
  await until("the API server is ready", async () => (await api("GET", "/readyz")).status === 200, servers);

  start("kube-controller-manager", {
    kubeconfig: await kubeconfig(manager),
    "bind-address": "127.0.0.1",
    "secure-port": "0",
    "leader-elect": "false",
    "service-account-private-key-file": signingKey,
    "root-ca-file": caPath,
  });
  await until(
    "the controllers make service accounts",
    async () => (await api("GET", "/api/v1/namespaces/default/serviceaccounts/default")).status === 200,
    servers,
  );

  const user = async (one: Account, namespace?: string): Promise<ClusterUser> => ({
    name: one.name,
    token: one.token,
    kubeconfigPath: await kubeconfig(one, namespace),
  });
  return {
    server,
    certificate: authority.certificate,
    folder,
    admin: await user(admin),
    node: await user(node),
    kubeconfig,
    api,
    async addUser(rules, namespace) {
      const added = spare.shift();
      if (!added) throw new RangeError(`a cluster has ${spareUsers} users`);
      await Promise.all(rules.map((rule, index) => grant(api, added.name, rule, index)));
      const reviews = rules.flatMap(reviewsOf);
      await until(`${added.name} may do what was granted`, async () => {
        const answers = await Promise.all(
          reviews.map((review) =>
            ask(added.token, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review),
          ),
        );
        return answers.every(({ body }) => body.status.allowed === true);
      });
      return user(added, namespace);
    },
    async writesDuring(action) {
      const before = (await readWrites(auditLog)).length;
      await action();
      return (await readWrites(auditLog)).slice(before);
    },
  };
}

/** Grants one rule: in each of its namespaces, or cluster-wide. */
async function grant(
  api: RealCluster["api"],
  user: string,
  { verbs, resources, resourceNames, namespaces }: AccessRule,
  index: number,
): Promise<void> {
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const metadata = { name: `${user}-${index}` };
  const rules = [
    { apiGroups: ["*"], verbs, resources, ...(resourceNames && { resourceNames }) },
    // A user who may do everything may also read every path.
    ...(verbs.includes("*") && resources.includes("*") && !resourceNames && !namespaces
      ? [{ nonResourceURLs: ["*"], verbs }]
      : []),
  ];
  const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }];
  const bind = async (where: string, kind: "Role" | "ClusterRole"): Promise<void> => {
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind, name: metadata.name };
    const plural = kind.toLowerCase();
    await create(api, `${where}/${plural}s`, { metadata, rules });
    await create(api, `${where}/${plural}bindings`, { metadata, roleRef, subjects });
  };
  if (namespaces === undefined) return bind(rbac, "ClusterRole");
  await Promise.all(namespaces.map((namespace) => bind(`${rbac}/namespaces/${namespace}`, "Role")));
}

async function create(api: RealCluster["api"], path: string, object: unknown): Promise<void> {
  const { status, body } = await api("POST", path, object);
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
}

/** The reviews that show a user that a whole rule is in effect. */
function reviewsOf({ verbs, resources, namespaces, resourceNames }: AccessRule): unknown[] {
  return (namespaces ?? [""]).flatMap((namespace) =>
    verbs.flatMap((verb) =>
      resources.flatMap((path) =>
        (resourceNames ?? [""]).map((name) => {
          const [resource, subresource = ""] = path.split("/");
          return { spec: { resourceAttributes: { namespace, verb, resource, subresource, name } } };
        }),
      ),
    ),
  );
}

/** The address of an API server, and the token to ask it with. */
export interface Endpoint {
  readonly server: string;
  readonly certificate: string;
  readonly token: string;
}

/** Asks an API server. A PATCH is a merge patch, whose field manager only the query names. */
export async function askApi(
  { server, certificate, token }: Endpoint,
  { method, path, body }: { method: string; path: string; body?: unknown },
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const content = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      // Node frames a DELETE's body only if its length is given.
      ...(content && { "content-type": type, "content-length": Buffer.byteLength(content) }),
    };
    const sent = request(new URL(path, server), { method, headers, ca: certificate }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("error", reject).on("end", () => {
        const json = (response.headers["content-type"] ?? "").includes("json");
        resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text });
      });
    });
    sent.on("error", reject).end(content);
  });
}
