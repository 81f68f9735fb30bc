import type { Variables } from "../domain/proxy.ts";
import { learnSecret } from "../domain/known-secrets.ts";
import { UsageError } from "./options/answers.ts";

/** Variables whose value is a secret, for Azure's SDKs and on hosts with managed identities. */
const secretVariables = [
  "AZURE_CLIENT_SECRET",
  "AZURE_CLIENT_CERTIFICATE_PASSWORD",
  "AZURE_PASSWORD",
  "IDENTITY_HEADER",
  "MSI_SECRET",
];

/**
 * Learns the secrets in the environment, so that no message repeats them, and refuses unverified certificates.
 * @throws UsageError `usage.unverified-tls`
 */
export function guardSecrets(env: Variables): void {
  // No other value turns it off: https://nodejs.org/api/cli.html#node_tls_reject_unauthorizedvalue
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") {
    throw new UsageError(
      "NODE_TLS_REJECT_UNAUTHORIZED=0 turns off certificate checks, so anybody in between could read passwords and tokens",
      "usage.unverified-tls",
      "Unset it. If a proxy opens TLS, or a cloud has its own certificate authority, name that authority's file in NODE_EXTRA_CA_CERTS.",
    );
  }
  const proxyPasswords = proxyVariables.flatMap((name) => passwordIn(env[name]));
  for (const secret of [...secretVariables.map((name) => env[name] ?? ""), ...proxyPasswords]) {
    learnSecret(secret);
  }
}

function passwordIn(url = ""): string[] {
  const password = URL.canParse(url) ? new URL(url).password : "";
  return password === "" ? [] : [password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** In the order in which requests over TLS look at them. */
const proxyVariables = [
  "https_proxy",
  "HTTPS_PROXY",
  "all_proxy",
  "ALL_PROXY",
  "http_proxy",
  "HTTP_PROXY",
] as const;

/**
 * Refuses a proxy that the libraries would fail on or mistake for another kind, each in its own way. The value is not
 * shown, because it may hold a password.
 * @throws UsageError `usage.proxy`
 */
export function checkProxyVariables(environment: Variables): void {
  const name = proxyVariables.find((candidate) => environment[candidate]);
  if (name === undefined) return;
  const value = environment[name] ?? "";
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if ((url?.protocol === "http:" || url?.protocol === "https:") && url.hostname !== "") return;
  throw new UsageError(
    `${name} is not the URL of an HTTP proxy`,
    "usage.proxy",
    `Write it with its scheme, such as ${name}=http://proxy.example:3128, or unset it.`,
  );
}
