import type { WritableCluster } from "../../src/core/ports.ts";
import { createCluster } from "../../src/kubernetes/cluster-client.ts";
import { readEntries } from "../../src/kubernetes/kubeconfig-file.ts";
import { Kubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import type { KubernetesHttpOptions } from "../../src/kubernetes/kubernetes-http.ts";
import type { Answer, ScriptedServer } from "../scripted-server.ts";

/** A cluster client for the context `stub`, whose API server is scripted. */
export function stubCluster(
  server: ScriptedServer,
  user: Record<string, unknown> = { token: "t0k3n" },
  options: Pick<KubernetesHttpOptions, "concurrency" | "timeoutMs"> = {},
): WritableCluster {
  const kubeconfig = {
    clusters: [{ name: "stub", cluster: { server: server.url } }],
    users: [{ name: "stub", user }],
    contexts: [{ name: "stub", context: { cluster: "stub", user: "stub" } }],
  };
  const entries = readEntries(kubeconfig, "/");
  return createCluster(new Kubeconfig(entries, {}), "stub", { allowInsecureTls: true, ...options });
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
