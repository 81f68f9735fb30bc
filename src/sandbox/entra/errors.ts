import { v4 as uuid } from "uuid";
import type { SandboxRequest, SandboxResponse } from "../service.ts";
import { formBody } from "../service.ts";

interface Definition {
  readonly status: number;
  /** OAuth's error code. */
  readonly error: string;
  /** Microsoft's sentence, with `{name}` placeholders. */
  readonly text: string;
}

/*
 * The refusals that this endpoint knows, by AADSTS number. The sentences are as users of the service logged them. The
 * numbers are documented at https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const definitions = {
  50027: { status: 400, error: "invalid_request", text: "JWT token is invalid or malformed." },
  50059: {
    status: 400,
    error: "invalid_request",
    text: "No tenant-identifying information found in either the request or implied by any provided credentials.",
  },
  50076: {
    status: 400,
    error: "interaction_required",
    text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'.",
  },
  53003: {
    status: 400,
    error: "access_denied",
    text: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
  },
  54005: { status: 400, error: "invalid_grant", text: "OAuth2 Authorization code was already redeemed." },
  65001: {
    status: 400,
    error: "invalid_grant",
    text: "The user or administrator has not consented to use the application with ID '{appId}' named '{name}'. Send an interactive authorization request for this user and resource.",
  },
  65004: {
    status: 400,
    error: "authorization_declined",
    text: "User declined to consent to access the app.",
  },
  70000: { status: 400, error: "invalid_grant", text: "Provided grant is invalid or malformed." },
  70003: {
    status: 400,
    error: "unsupported_grant_type",
    text: "The app requested an unsupported grant type '{grant}'.",
  },
  70016: {
    status: 400,
    error: "authorization_pending",
    text: "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
  },
  70018: {
    status: 400,
    error: "bad_verification_code",
    text: "Bad verification code.",
  },
  70019: { status: 400, error: "expired_token", text: "The verification code has expired." },
  90002: {
    status: 400,
    error: "invalid_request",
    text: "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  },
  90033: {
    status: 503,
    error: "temporarily_unavailable",
    text: "A transient error has occurred. Please try again.",
  },
  90055: { status: 429, error: "temporarily_unavailable", text: "There are too many incoming requests." },
  500011: {
    status: 400,
    error: "invalid_resource",
    text: "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
  },
  700016: {
    status: 400,
    error: "unauthorized_client",
    text: "Application with identifier '{appId}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  },
  700024: {
    status: 401,
    error: "invalid_client",
    text: "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of assertion {until}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
  },
  700027: {
    status: 401,
    error: "invalid_client",
    text: "The certificate with identifier used to sign the client assertion is not registered on application.",
  },
  700211: {
    status: 401,
    error: "invalid_client",
    text: "No matching federated identity record found for presented assertion issuer '{issuer}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
  },
  700212: {
    status: 401,
    error: "invalid_client",
    text: "No matching federated identity record found for presented assertion audience '{audience}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
  },
  700213: {
    status: 401,
    error: "invalid_client",
    text: "No matching federated identity record found for presented assertion subject '{subject}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
  },
  900144: {
    status: 400,
    error: "invalid_request",
    text: "The request body must contain the following parameter: '{parameter}'.",
  },
  1002012: {
    status: 400,
    error: "invalid_scope",
    text: "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
  },
  7000112: { status: 400, error: "unauthorized_client", text: "Application '{appId}'({name}) is disabled." },
  7002138: {
    status: 401,
    error: "invalid_client",
    text: "No matching federated identity record found for presented assertion subject '{subject}'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. See documentation at: https://learn.microsoft.com/entra/workload-id/workload-identity-federation. See breaking change notification and remediation at: https://learn.microsoft.com/en-us/entra/identity-platform/reference-breaking-changes#august-2024.",
  },
  7000215: {
    status: 401,
    error: "invalid_client",
    text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{appId}'.",
  },
  7000216: {
    status: 401,
    error: "invalid_client",
    text: "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  },
  7000222: {
    status: 401,
    error: "invalid_client",
    text: "The provided client secret keys for app '{appId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.",
  },
} satisfies Record<number, Definition>;

/** The number after AADSTS. */
export type SignInErrorCode = keyof typeof definitions;

/** A sign-in that Entra refuses; thrown by a grant, answered by the route. */
export class SignInRefusal extends Error {
  readonly code: SignInErrorCode;
  readonly values: Readonly<Record<string, string>>;

  /** @param values fill the `{names}` in the sentence */
  constructor(code: SignInErrorCode, values: Readonly<Record<string, string>> = {}) {
    super(`AADSTS${code}`);
    this.code = code;
    this.values = values;
  }
}

/** The answer to a request that was refused. */
export function refusalResponse(request: SandboxRequest, refusal: SignInRefusal): SandboxResponse {
  const definition: Definition = definitions[refusal.code];
  const text = definition.text.replace(/\{(\w+)\}/g, (_, name: string) => refusal.values[name] ?? "");
  return signInError(definition.status, refusal.code, definition.error, text, correlationId(request));
}

/**
 * An error in Entra's shape, for injected faults.
 * @param code an AADSTS number with or without the letters; if absent or unknown, one that suits the status
 */
export function entraError(status: number, code?: string): SandboxResponse {
  const asked = Number(code?.replace(/^AADSTS/i, ""));
  const number = isKnown(asked) ? asked : status === 429 ? 90055 : 90033;
  const { error, text }: Definition = definitions[number];
  return signInError(status, number, error, text.replace(/\{(\w+)\}/g, "$1"), uuid());
}

/** Headers on every answer of the endpoint. */
export function entraHeaders(request: SandboxRequest): Record<string, string> {
  return headers(uuid(), correlationId(request));
}

function signInError(
  status: number,
  code: number,
  error: string,
  text: string,
  correlation: string,
): SandboxResponse {
  const trace = uuid();
  const timestamp = `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`;
  return {
    status,
    headers: headers(trace, correlation),
    body: {
      error,
      error_description: `AADSTS${code}: ${text}\r\nTrace ID: ${trace}\r\nCorrelation ID: ${correlation}\r\nTimestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
      // A policy that can be satisfied says how: as a claims challenge that the client sends back.
      ...(code === 50076
        ? {
            suberror: "basic_action",
            claims: JSON.stringify({ access_token: { capolids: { essential: true, values: [uuid()] } } }),
          }
        : {}),
    },
  };
}

function headers(trace: string, correlation: string): Record<string, string> {
  return {
    "Cache-Control": "no-store, no-cache",
    Pragma: "no-cache",
    "x-ms-request-id": trace,
    "x-ms-ests-server": "2.1.0 - SANDBOX",
    "client-request-id": correlation,
  };
}

/** MSAL for Node sends its id in the form and the query, MSAL for Python in a header. */
function correlationId(request: SandboxRequest): string {
  const header = request.headers["client-request-id"];
  return (
    (typeof header === "string" ? header : undefined) ??
    request.query.get("client-request-id") ??
    formBody(request).get("client-request-id") ??
    uuid()
  );
}

function isKnown(code: number): code is SignInErrorCode {
  return Object.hasOwn(definitions, code);
}
