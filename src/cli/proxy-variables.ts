import { UsageError, type Environment } from "./options/answers.ts";

/** In the order in which requests over TLS go by them. */
export const proxyVariables = [
  "HTTPS_PROXY",
  "https_proxy",
  "ALL_PROXY",
  "all_proxy",
  "HTTP_PROXY",
  "http_proxy",
] as const;

/**
 * Refuses a proxy that the libraries underneath would fail on, or take for another kind, each in its own way. The
 * value is not shown: it may hold a password.
 * @throws UsageError `usage.proxy`
 */
export function checkProxyVariables(environment: Environment): void {
  const name = proxyVariables.find((candidate) => environment[candidate]);
  if (name === undefined) return;
  const value = environment[name] ?? "";
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if ((url?.protocol === "http:" || url?.protocol === "https:") && url.hostname !== "") return;
  throw new UsageError(
    `${name} is not the URL of an HTTP proxy`,
    "usage.proxy",
    `Write it with its scheme, such as ${name}=http://proxy.example:3128, or take it out of the environment.`,
  );
}
