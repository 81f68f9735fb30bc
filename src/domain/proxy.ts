/** The variables that the program was given. */
export type Variables = Readonly<Record<string, string | undefined>>;

const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/**
 * The proxy for a URL, read from the variables as most programs do; empty for none. Names in lower case take
 * precedence. `NO_PROXY` lists hosts, `.domain`, `*suffix` and `host:port`.
 * Source: https://about.gitlab.com/blog/we-need-to-talk-no-proxy/
 */
export function proxyFor(url: URL, variables: Variables): string {
  const read = (name: string) => variables[name] || variables[name.toUpperCase()] || "";
  if (isSpared(url, read("no_proxy"))) return "";
  const proxy = read(`${url.protocol.replace(":", "")}_proxy`) || read("all_proxy");
  return proxy === "" || proxy.includes("://") ? proxy : `${url.protocol}//${proxy}`;
}

function isSpared({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const at = Number(port) || defaultPorts[protocol] || 0;
  return noProxy
    .toLowerCase()
    .split(/[,\s]/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      const [, name = entry, only] = /^(.+):(\d+)$/.exec(entry) ?? [];
      if (only !== undefined && Number(only) !== at) return false;
      return /^[.*]/.test(name) ? hostname.endsWith(name.replace(/^\*/, "")) : hostname === name;
    });
}
