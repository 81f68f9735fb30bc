import { Agent as AgentInTheClear, type Agent } from "node:http";
import { Agent as AgentOverTls, type AgentOptions } from "node:https";
import { HttpProxyAgent, HttpsProxyAgent } from "hpagent";

/** How to reach a server and verify it. */
export interface ServerTrust extends Pick<AgentOptions, "ca" | "cert" | "key" | "servername" | "maxSockets"> {
  /** Whether its certificate is verified. Default true, whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
  readonly verify?: boolean | undefined;
  /** The proxy to go through; empty for none. */
  readonly proxy: string;
}

/**
 * Kept connections to one server, directly or through a proxy, as kubectl, Docker and Azure's SDKs connect. TLS is
 * end to end: a proxy sees no more than the server's name.
 */
export function serverAgent(url: URL, { verify = true, proxy, ...tls }: ServerTrust): Agent {
  const options = { ...tls, keepAlive: true, rejectUnauthorized: verify };
  if (url.protocol === "https:") {
    return proxy === "" ? new AgentOverTls(options) : new HttpsProxyAgent({ ...options, proxy });
  }
  return proxy === ""
    ? new AgentInTheClear({ keepAlive: true })
    : new HttpProxyAgent({ keepAlive: true, proxy });
}
