import { BlockList, isIP } from "node:net";

/** The variables that the program was given. */
export type Variables = Readonly<Record<string, string | undefined>>;

const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/**
 * The proxy for a URL, read from the variables as kubectl and containerd do; empty for none. Azure, registries and
 * clusters are all reached by this rule. Names in lower case take precedence. `NO_PROXY` lists hosts with all below
 * them, `.domain`, `*suffix`, networks, and any of them but a network with a port. This machine, where kind and
 * minikube put their clusters, is never reached through a proxy.
 * Source: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function proxyFor(url: URL, variables: Variables): string {
  const read = (name: string) => variables[name] || variables[name.toUpperCase()] || "";
  if (isSpared(url, read("no_proxy"))) return "";
  const proxy = read(`${url.protocol.replace(":", "")}_proxy`) || read("all_proxy");
  return proxy === "" || proxy.includes("://") ? proxy : `${url.protocol}//${proxy}`;
}

/** Whether a URL's host is this machine. */
export function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || isWithin(bare(hostname), ["127.0.0.0/8", "::1/128"]);
}

function isSpared({ hostname, port, protocol }: URL, noProxy: string): boolean {
  if (isThisMachine(hostname)) return true;
  const host = bare(hostname);
  const at = Number(port) || defaultPorts[protocol] || 0;
  return noProxy
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry.includes("/")) return isWithin(host, [entry]);
      const [, name = entry, only] = (isIP(entry) === 0 && /^(.+):(\d+)$/.exec(entry)) || [];
      return (only === undefined || Number(only) === at) && names(name, host);
    });
}

/** Whether a name in NO_PROXY covers a host. */
function names(name: string, host: string): boolean {
  if (/^[.*]/.test(name)) return host.endsWith(name.replace(/^\*/, ""));
  return host === bare(name) || (isIP(bare(name)) === 0 && host.endsWith(`.${name}`));
}

/** An IPv6 address without its brackets. */
function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
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
