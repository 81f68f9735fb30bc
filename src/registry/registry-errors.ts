import { ActionableError, refused } from "../domain/errors.ts";
import type { ExchangeError, HttpAnswer } from "../domain/http-exchange.ts";
import { isErrorCode } from "../domain/error-code.ts";
import { inOneLine } from "../domain/in-one-line.ts";

/** What acr-pull reads from a registry's error. */
export interface RegistryRefusal {
  /** Such as `UNAUTHORIZED`, `DENIED`, `MANIFEST_UNKNOWN`. */
  readonly code: string | undefined;
  readonly message: string | undefined;
}

const longestQuote = 500;

/**
 * The first error of an answer: `{"errors":[{"code","message"}]}`.
 * Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
export function readRefusal(body: Buffer): RegistryRefusal {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    value = undefined;
  }
  const { errors } = Object(value) as { errors?: unknown };
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const { code, message } = Object(first) as { code?: unknown; message?: unknown };
  return {
    code: isErrorCode(code) ? code : undefined,
    message:
      typeof message === "string" && message !== "" ? inOneLine(message).slice(0, longestQuote) : undefined,
  };
}

/** The error if the registry's network rules refuse this machine. */
export function firewallError(loginServer: string, answer: HttpAnswer): ActionableError {
  const { message } = readRefusal(answer.body);
  // Only shown to people: the address that the registry saw, which may be a gateway's.
  const address = /\bIP '(?<ip>[0-9a-fA-F.:]{2,45})'/.exec(message ?? "")?.groups?.["ip"];
  return new ActionableError(
    `The network rules of registry ${loginServer} refuse this machine${address === undefined ? "" : `, which it sees as ${address}`}.`,
    {
      code: "registry.firewall",
      hint:
        `Allow ${address ?? "this machine's public address"} in the registry's network rules; if its public access is off, run this in its network. Or run with ` +
        `--proof entra, which proves the credential without the registry. The cluster's nodes must be allowed too.`,
      docs: "https://aka.ms/acr/firewall",
      exitCode: 2,
      status: answer.status,
      requestId: registryRequestId(answer),
    },
  );
}

/** The error for an answer that no registry should give. */
export function unexpectedAnswer(loginServer: string, asked: string, answer: HttpAnswer): ActionableError {
  const { code, message } = readRefusal(answer.body);
  const said = message === undefined ? "" : `: ${JSON.stringify(message)}`;
  const throttled = answer.status === 429;
  return new ActionableError(
    `Registry ${loginServer} answered ${asked} with ${answer.status}${code === undefined ? "" : ` ${code}`}${said}.`,
    {
      code: throttled ? "registry.throttled" : "registry.failed",
      hint: throttled
        ? "It received too many requests: run the same command again in a few minutes."
        : answer.status >= 500
          ? "The registry has a problem: run the same command again later."
          : `Check that ${loginServer} is the login server of an Azure Container Registry.`,
      retryable: throttled || answer.status >= 500,
      status: answer.status,
      requestId: registryRequestId(answer),
    },
  );
}

/** The error if no complete answer came. */
export function exchangeFailed(loginServer: string, error: ExchangeError): ActionableError {
  if (error.failure === "untrusted-certificate") {
    return new ActionableError(
      `The certificate of registry ${loginServer} is not trusted: ${error.code ?? error.message}.`,
      {
        code: "registry.untrusted-certificate",
        hint:
          "If your proxy inspects TLS, name its certificate authority in NODE_EXTRA_CA_CERTS; " +
          "certificates are always verified, because a password is sent.",
        docs: "https://nodejs.org/api/cli.html#node_extra_ca_certsfile",
      },
      { cause: error },
    );
  }
  const missing = error.code === "ENOTFOUND";
  return new ActionableError(
    missing
      ? `This machine cannot resolve the host ${loginServer}.`
      : `Registry ${loginServer} cannot be reached: ${error.message}.`,
    {
      code: "registry.unreachable",
      hint: missing
        ? "Check the login server. A registry with only private endpoints is known only inside its network. --proof entra does not need the registry."
        : "Check the network and any proxy or firewall in between, or run with --proof entra, which does not need the registry.",
      retryable: true,
    },
    { cause: error },
  );
}

/** The error if the login server is not a host and port. Nothing was sent. */
export function badLoginServer(rule: string): ActionableError {
  return refused("registry.bad-login-server", `The login server ${rule}.`);
}

/** The id that Azure's support asks for. */
export function registryRequestId(answer: HttpAnswer): string | undefined {
  const id = answer.headers["x-ms-correlation-request-id"];
  return typeof id === "string" ? id : undefined;
}
