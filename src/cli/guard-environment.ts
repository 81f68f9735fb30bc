import type { Variables } from "../domain/proxy.ts";
import { learnSecret } from "../domain/known-secrets.ts";
import { UsageError } from "./options/answers.ts";
import type { HostProcess } from "./command.ts";

/** Variables whose value is a secret, for Azure's SDKs and on hosts with managed identities. */
const secretVariables = [
  "AZURE_CLIENT_SECRET",
  "AZURE_CLIENT_CERTIFICATE_PASSWORD",
  "AZURE_PASSWORD",
  "IDENTITY_HEADER",
  "MSI_SECRET",
];

/** Names in NODE_DEBUG that make Node print requests with their headers and bodies. */
const nodeDebugNames = ["http", "https", "http2", "net", "tls", "stream", "undici", "fetch"];
/** Names in DEBUG that make the proxy agents of `@azure/core-rest-pipeline` print the proxy with its password. */
const proxyDebugNames = ["http-proxy-agent", "https-proxy-agent"];
/** Options that make Node write secrets to files. Source: https://nodejs.org/api/cli.html */
const secretFiles =
  /^--(?:tls-keylog|report-on-fatalerror|report-on-signal|report-uncaught-exception|heapsnapshot-)/;

/**
 * Keeps the process from leaking the run's secrets: refuses unverified certificates, and warns about every switch that
 * makes Node or a library print secrets.
 * @returns a sentence for each such switch
 * @throws UsageError `usage.unverified-tls`
 */
export function guardSecrets({ env, execArgv = [] }: Pick<HostProcess, "env" | "execArgv">): string[] {
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
  const switches = [...execArgv, ...(env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  return [
    ...(names(env["NODE_DEBUG"], nodeDebugNames)
      ? ["NODE_DEBUG makes Node print requests, including passwords and tokens"]
      : []),
    ...(proxyPasswords.length > 0 && names(env["DEBUG"], proxyDebugNames)
      ? ["DEBUG makes the proxy agent print the proxy's password"]
      : []),
    ...switches
      .filter((one) => secretFiles.test(one))
      .map(
        (one) => `${one.replace(/=.*/, "")} makes Node write this run's secrets, or keys to them, to a file`,
      ),
    ...(env["SSLKEYLOGFILE"]
      ? [
          "SSLKEYLOGFILE makes programs that acr-pull runs, such as az, write the keys of their connections to a file",
        ]
      : []),
  ];
}

/** Whether the variable, a list of names in which `*` stands for any letters, matches one of these. */
function names(value = "", printers: readonly string[]): boolean {
  return value.split(/[\s,]+/).some((name) => {
    const pattern = name.replace(/[^\w*]/g, "\\$&").replaceAll("*", ".*");
    return printers.some((printer) => new RegExp(`^${pattern}$`, "i").test(printer));
  });
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
