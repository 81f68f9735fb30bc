import { writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { FaultInjector } from "../../src/sandbox/faults.ts";
import { listen } from "../../src/sandbox/https-server.ts";
import { createKubernetesApi } from "../../src/sandbox/kubernetes/kubernetes-api.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxRequest, SandboxResponse } from "../../src/sandbox/service.ts";
import type { RealCluster } from "./real-cluster.ts";

/** A relay to a real API server. Each request can be seen, and cut off, in each of its phases. */
export interface Relay {
  /** The administrator's kubeconfig. Its only context is `sandbox`. */
  readonly kubeconfigPath: string;
  /** Waits until no request is on its way to the API server, not even one of a killed client. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Headers of one connection only (RFC 9110, 7.6.1), or that the forwarding client sets itself. */
const hopHeaders = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "host"]);

/**
 * Opens a relay in place of a sandbox's first cluster. Its requests are in the sandbox's log and reach its observers,
 * in one order with Azure's. A request is committed when the API server has answered it and the client does not know
 * yet.
 * @param answered awaited after each answer, before the client gets it
 */
export async function openRelay(
  { world, requests, folder }: Sandbox,
  cluster: RealCluster,
  answered: (request: SandboxRequest, response: SandboxResponse) => Promise<void>,
): Promise<Relay> {
  const [record] = world.clusters;
  if (!record) throw new RangeError("the sandbox has no cluster");
  const agent = new Agent({ ca: cluster.certificate, keepAlive: true });
  const underWay = new Set<Promise<unknown>>();
  const authority = await createCertificateAuthority();
  const listener = await listen(
    {
      ...createKubernetesApi(world, record),
      handle(incoming) {
        const forwarding = forward(incoming, cluster.server, agent).then(async (response) => {
          await answered(incoming, response);
          return response;
        });
        underWay.add(forwarding);
        const over = (): void => void underWay.delete(forwarding);
        forwarding.then(over, over);
        return forwarding;
      },
    },
    { identity: await authority.issue(), log: requests, faults: new FaultInjector([]) },
  );
  const kubeconfigPath = join(folder, "kubeconfig-relay");
  const name = record.context;
  const certificate = Buffer.from(authority.certificate).toString("base64");
  const server = `https://localhost:${listener.port}`;
  await writeFile(
    kubeconfigPath,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      clusters: [{ name, cluster: { server, "certificate-authority-data": certificate } }],
      users: [{ name, user: { token: cluster.admin.token } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    }),
    { mode: 0o600 },
  );
  return {
    kubeconfigPath,
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    async close() {
      await listener.close();
      agent.destroy();
    },
  };
}

/** Asks the API server what the client asks, even if the client has disconnected. */
function forward(incoming: SandboxRequest, server: string, agent: Agent): Promise<SandboxResponse> {
  const { method, path, query, body } = incoming;
  const url = new URL(query.size > 0 ? `${path}?${query.toString()}` : path, server);
  // Set by hand: Node leaves it out of a DELETE, whose body is then read as the next request.
  const length = body.length > 0 ? { "content-length": body.length } : {};
  const headers = { ...endToEnd(incoming.headers), ...length };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: endToEnd(response.headers) as Record<string, string>,
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on("error", reject).end(body.length > 0 ? body : undefined);
  });
}

function endToEnd(headers: SandboxRequest["headers"]): Record<string, string | string[] | undefined> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name)));
}
