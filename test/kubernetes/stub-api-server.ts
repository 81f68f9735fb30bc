import type { WritableCluster } from "../../src/core/ports.ts";
import { createCluster } from "../../src/kubernetes/cluster-client.ts";
import { readEntries } from "../../src/kubernetes/kubeconfig-file.ts";
import { Kubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import type { KubernetesHttpOptions } from "../../src/kubernetes/kubernetes-http.ts";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { ScriptedServer, type Answer } from "../scripted-server.ts";

const authority = await createCertificateAuthority();

/** An API server, not started yet, that a kubeconfig of {@link stubCluster} trusts. */
export async function stubApiServer(): Promise<ScriptedServer> {
  return new ScriptedServer(await authority.issue());
}

/** A cluster client for the context `stub`, whose API server is scripted. */
export function stubCluster(
  server: ScriptedServer,
  user: Record<string, unknown> = { token: "t0k3n" },
  options: Pick<KubernetesHttpOptions, "timeoutMs"> = {},
): WritableCluster {
  const trust = { "certificate-authority-data": Buffer.from(authority.certificate).toString("base64") };
  const kubeconfig = {
    clusters: [{ name: "stub", cluster: { server: server.url, ...trust } }],
    users: [{ name: "stub", user }],
    contexts: [{ name: "stub", context: { cluster: "stub", user: "stub" } }],
  };
  const entries = readEntries(kubeconfig, "/");
  return createCluster(new Kubeconfig(entries, {}), "stub", options);
}

/** A success. */
export function ok(json: unknown, headers: Record<string, string> = {}): Answer {
  return { status: 200, json, headers };
}

/** A refusal in the API server's words. */
export function status(
  code: number,
  reason: string,
  message = reason,
  details: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Answer {
  const json = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    details,
    code,
  };
  return { status: code, json, headers };
}
