import { Agent as AgentInTheClear, type Agent } from "node:http";
import { Agent as AgentOverTls, type AgentOptions } from "node:https";
import { HttpProxyAgent, HttpsProxyAgent } from "hpagent";

/** How to reach a server and verify it. */
export interface ServerTrust extends Pick<AgentOptions, "ca" | "cert" | "key" | "servername" | "maxSockets"> {
  /** The proxy to go through; empty for none. */
  readonly proxy: string;
}

/**
 * Kept connections to one server, directly or through a proxy, as kubectl, Docker and Azure's SDKs connect. TLS is
 * end to end: a proxy sees no more than the server's name.
 */
export function serverAgent(url: URL, { proxy, ...tls }: ServerTrust): Agent {
  // Without this, NODE_TLS_REJECT_UNAUTHORIZED=0 would decide.
  const options = { ...tls, keepAlive: true, rejectUnauthorized: true };
  if (url.protocol === "https:") {
    return proxy === "" ? new AgentOverTls(options) : new HttpsProxyAgent({ ...options, proxy });
  }
  return proxy === ""
    ? new AgentInTheClear({ keepAlive: true })
    : new HttpProxyAgent({ keepAlive: true, proxy });
}
