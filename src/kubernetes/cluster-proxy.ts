import { BlockList, isIP } from "node:net";
import { proxyFor, type Variables } from "../domain/proxy.ts";

/**
 * The proxy for an API server, read from the variables as kubectl does; empty for none. Unlike other programs, kubectl
 * uses no proxy for this machine, where kind and minikube put their clusters, and accepts networks and parent domains
 * in NO_PROXY.
 * Source: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function clusterProxy(server: URL, variables: Variables): string {
  const host = server.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const { NO_PROXY: large, no_proxy: small } = variables;
  const entries = (large || small || "").toLowerCase().split(/[\s,]+/);
  const bypassed =
    host === "localhost" || isWithin(host, thisMachine) || entries.some((one) => names(one, host));
  return bypassed ? "" : proxyFor(server, variables);
}

const thisMachine = ["127.0.0.0/8", "::1/128"];

/** Whether an entry of NO_PROXY is a network or parent domain that covers a host. proxyFor handles all others. */
function names(entry: string, host: string): boolean {
  if (entry.includes("/")) return isWithin(host, [entry]);
  return /^[^.*:]/.test(entry) && isIP(entry) === 0 && host.endsWith(`.${entry}`);
}

function isWithin(host: string, networks: readonly string[]): boolean {
  const family = isIP(host);
  if (family === 0) return false;
  const list = new BlockList();
  for (const [address = "", prefix] of networks.map((network) => network.split("/"))) {
    const length = /^\d{1,3}$/.test(prefix ?? "") ? Number(prefix) : Infinity;
    const version = isIP(address);
    if (version === 0 || length > (version === 4 ? 32 : 128)) continue;
    list.addSubnet(address, length, version === 4 ? "ipv4" : "ipv6");
  }
  return list.check(host, family === 4 ? "ipv4" : "ipv6");
}
