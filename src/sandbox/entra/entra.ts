import { v4 as uuid } from "uuid";
import { authenticateClient } from "./client-credentials.ts";
import { entraHeaders, refusalResponse, SignInRefusal } from "./errors.ts";
import { UserSignIns, type SignedIn } from "./user-sign-in.ts";
import { formBody, type Route, type SandboxRequest, type SandboxResponse } from "../service.ts";
import {
  bare,
  graphAudiences,
  isGraph,
  issueToken,
  publicKeys,
  registryAudience,
  resourceManagerAudiences,
  signJwt,
} from "./token.ts";
import type { UserRecord, World } from "../world.ts";

export { entraError } from "./errors.ts";

/** The lifetime of a token that clients are told, in seconds. */
const expiresIn = 3599;

/** Scopes that ask for facts about the user rather than for a resource. */
const identityScopes = new Set(["openid", "profile", "email", "offline_access"]);

/** What Microsoft's client may do at Graph in a user's name. The user's own roles limit it further. */
const delegatedGraphScopes =
  "Application.ReadWrite.All Directory.AccessAsUser.All Directory.Read.All User.Read.All";

/** The tenant in a path: an id, or a name for whichever tenant the caller belongs to. */
const authority = String.raw`/(?<tenant>[0-9a-f-]{36}|common|organizations)`;

/**
 * The token endpoint of the tenant: discovery, signing keys, client credentials, device code and refresh.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export function entraRoutes(world: World): Route[] {
  const signIns = new UserSignIns(world);
  const route = (
    method: string,
    path: string,
    handle: (request: SandboxRequest, tenant: string) => unknown,
  ): Route => ({
    method,
    pattern: new RegExp(`^${authority}${path}$`, "i"),
    handle: (request, { tenant = "" }) => answer(world, request, tenant, handle),
  });
  return [
    route("GET", String.raw`/v2\.0/\.well-known/openid-configuration`, (_, tenant) =>
      discovery(world, tenant),
    ),
    route("GET", String.raw`/discovery/v2\.0/keys`, () => publicKeys(world)),
    route("POST", String.raw`/oauth2/v2\.0/devicecode`, (request) => signIns.begin(formBody(request))),
    route("POST", String.raw`/oauth2/v2\.0/token`, (request, tenant) =>
      grant(world, signIns, formBody(request), tenant),
    ),
    ...["GET", "POST", "PUT", "PATCH", "DELETE"].map((method): Route => ({
      method,
      pattern: new RegExp(`^${authority}(?:/.*)?$`, "i"),
      handle: (request) => ({
        status: 404,
        headers: entraHeaders(request),
        body: { error: "not_found", error_description: `The sandbox does not serve ${request.path}.` },
      }),
    })),
  ];
}

async function answer(
  world: World,
  request: SandboxRequest,
  tenant: string,
  handle: (request: SandboxRequest, tenant: string) => unknown,
): Promise<SandboxResponse> {
  try {
    if (!isShared(tenant) && tenant.toLowerCase() !== world.tenantId.toLowerCase()) {
      throw new SignInRefusal(90002, { tenant });
    }
    return { status: 200, headers: entraHeaders(request), body: await handle(request, tenant) };
  } catch (error) {
    if (error instanceof SignInRefusal) return refusalResponse(request, error);
    throw error;
  }
}

function discovery(world: World, tenant: string): Record<string, unknown> {
  const base = `${world.azureUrl}/${tenant}`;
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["ES256"],
    response_types_supported: ["code"],
    scopes_supported: [...identityScopes],
    // Shared authorities answer with this literal placeholder. Clients put the tenant in.
    issuer: `${world.azureUrl}/${isShared(tenant) ? "{tenantid}" : world.tenantId}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
  };
}

async function grant(
  world: World,
  signIns: UserSignIns,
  form: URLSearchParams,
  tenant: string,
): Promise<Record<string, unknown>> {
  const type = required(form, "grant_type");
  required(form, "client_id");
  switch (type) {
    case "client_credentials": {
      if (isShared(tenant)) throw new SignInRefusal(50059);
      const scope = required(form, "scope");
      const principal = authenticateClient(world, world.replication.read(), form);
      if (!scope.endsWith("/.default")) throw new SignInRefusal(1002012, { scope });
      const audience = resource(world, scope);
      const access = await issueToken(world, {
        audience,
        subject: { kind: "service-principal", record: principal },
      });
      return { ...bearer, access_token: access };
    }
    case "device_code":
    case "urn:ietf:params:oauth:grant-type:device_code":
      return userTokens(world, signIns, form, signIns.redeem(form));
    case "refresh_token": {
      const scope = required(form, "scope");
      const { user, multiFactor } = signIns.refresh(form, resource(world, scope));
      return userTokens(world, signIns, form, { user, scope, multiFactor });
    }
    default:
      throw new SignInRefusal(70003, { grant: type });
  }
}

const bearer = { token_type: "Bearer", expires_in: expiresIn, ext_expires_in: expiresIn };

async function userTokens(
  world: World,
  signIns: UserSignIns,
  form: URLSearchParams,
  { user, scope: asked, multiFactor }: SignedIn,
): Promise<Record<string, unknown>> {
  const clientId = required(form, "client_id");
  const audience = resource(world, asked);
  const scope = isGraph(world, audience) ? delegatedGraphScopes : "user_impersonation";
  const scopes = asked.split(" ").filter(Boolean);
  return {
    ...bearer,
    scope: [...new Set([...scope.split(" ").map((one) => `${audience}/${one}`), ...scopes])].join(" "),
    access_token: await issueToken(world, {
      audience,
      subject: { kind: "user", record: user, clientId, scope, multiFactor },
    }),
    ...(scopes.includes("offline_access")
      ? { refresh_token: signIns.remember({ user, clientId, multiFactor }), foci: "1" }
      : {}),
    ...(scopes.includes("openid") ? { id_token: await idToken(world, clientId, user) } : {}),
    ...(form.get("client_info") === "1"
      ? {
          client_info: Buffer.from(JSON.stringify({ uid: user.id, utid: world.tenantId })).toString(
            "base64url",
          ),
        }
      : {}),
  };
}

function idToken(world: World, clientId: string, user: UserRecord): Promise<string> {
  return signJwt(
    world,
    {
      aud: clientId,
      iss: `${world.azureUrl}/${world.tenantId}/v2.0`,
      name: user.displayName,
      oid: user.id,
      preferred_username: user.userPrincipalName,
      sub: user.id,
      tid: world.tenantId,
      uti: uuid(),
      ver: "2.0",
    },
    expiresIn,
  );
}

/**
 * The resource that a token is requested for: the one among the scopes, or Graph if there is none. The identifier
 * usually ends in a slash, so `//.default` is as common as `/.default`. The token's audience is everything before the
 * last slash.
 */
function resource(world: World, scope: string): string {
  const first = scope.split(" ").find((one) => one !== "" && !identityScopes.has(one));
  const [graph = ""] = graphAudiences(world);
  const audience = first === undefined ? graph : first.slice(0, first.lastIndexOf("/"));
  const known = [...resourceManagerAudiences, ...graphAudiences(world), registryAudience].map(bare);
  if (!known.includes(bare(audience))) {
    throw new SignInRefusal(500011, { resource: audience, tenant: world.tenantId });
  }
  return audience;
}

function required(form: URLSearchParams, parameter: string): string {
  const value = form.get(parameter);
  if (!value) throw new SignInRefusal(900144, { parameter });
  return value;
}

function isShared(tenant: string): boolean {
  return /^(?:common|organizations)$/i.test(tenant);
}
