import { exportJWK, generateKeyPair, jwtVerify, SignJWT, type JWK, type JWTPayload } from "jose";
import { v4 as uuid } from "uuid";
import type { SandboxRequest } from "../service.ts";
import type { ServicePrincipalRecord, SigningKey, UserRecord, World } from "../world.ts";

/*
 * The tokens of the tenant. Entra signs them; Graph, Resource Manager and the registries check them.
 */

/** How long an access token of Entra is valid, in seconds. Clients are told one second less. */
const accessTokenLifetime = 3600;

/** Microsoft's own id for clients that sign users in without an application of their own: az and `@azure/identity`. */
export const azureCliAppId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/**
 * The `aud` values of tokens for Resource Manager. The first is the one that its metadata names, as a private cloud
 * names one of its own. The others are those of the public cloud.
 */
export const resourceManagerAudiences: readonly [string, ...string[]] = [
  "https://management.sandbox.example/",
  "https://management.core.windows.net/",
  "https://management.azure.com/",
];

/** The `aud` of a token for a registry, in every cloud. Registries also accept Resource Manager's. */
export const registryAudience = "https://containerregistry.azure.net";

/** The `aud` values of tokens for Microsoft Graph. The first is the one that the metadata names. */
export function graphAudiences(world: World): readonly string[] {
  return [`${world.azureUrl}/`, "https://graph.microsoft.com/"];
}

/** The authentication context that multi-factor authentication satisfies, as claims challenges name it. */
export const multiFactorContext = "p1";

/** Who a token was issued to. */
export interface Identity {
  readonly objectId: string;
  /** The application that signed in, or through which a user did. */
  readonly appId?: string;
  readonly kind: "service-principal" | "user";
  /** The caller's name in the errors of services: an application's id, or a user's principal name. */
  readonly name: string;
  /** Application permissions on Microsoft Graph that the token carries. */
  readonly roles: readonly string[];
  /** Template ids of directory roles that the token carries. */
  readonly directoryRoles: readonly string[];
  /** Whether a person signed in with multi-factor authentication. */
  readonly multiFactor: boolean;
}

/** What an access token is issued for. Times are in seconds. */
export interface TokenGrant {
  readonly audience: string;
  readonly subject:
    | { readonly kind: "service-principal"; readonly record: ServicePrincipalRecord }
    | {
        readonly kind: "user";
        readonly record: UserRecord;
        readonly clientId: string;
        readonly scope: string;
        /** Default: what the user's sign-ins include. */
        readonly multiFactor?: boolean;
      };
  /** Default 3600. */
  readonly lifetime?: number;
}

/** An access token of the tenant, with the claims that clients and services read. */
export async function issueToken(world: World, grant: TokenGrant): Promise<string> {
  const { subject } = grant;
  const multiFactor = subject.kind === "user" && (subject.multiFactor ?? subject.record.multiFactor);
  const claims: JWTPayload =
    subject.kind === "service-principal"
      ? {
          appid: subject.record.appId,
          appidacr: "1",
          idtyp: "app",
          oid: subject.record.id,
          sub: subject.record.id,
          roles: isGraph(world, grant.audience) ? subject.record.graphPermissions : undefined,
        }
      : {
          appid: subject.clientId,
          appidacr: "0",
          idtyp: "user",
          oid: subject.record.id,
          sub: subject.record.id,
          name: subject.record.displayName,
          upn: subject.record.userPrincipalName,
          unique_name: subject.record.userPrincipalName,
          scp: subject.scope,
          wids: subject.record.directoryRoles,
          // https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
          amr: multiFactor ? ["pwd", "mfa"] : ["pwd"],
          acrs: multiFactor ? [multiFactorContext] : undefined,
        };
  return signJwt(
    world,
    {
      ...claims,
      aud: grant.audience,
      iss: issuer(world),
      tid: world.tenantId,
      uti: uuid(),
      ver: "1.0",
    },
    grant.lifetime ?? accessTokenLifetime,
  );
}

/**
 * Signs a token with the tenant's key; `iat`, `nbf` and `exp` are added.
 * @param lifetime in seconds from now
 */
export async function signJwt(world: World, claims: JWTPayload, lifetime: number): Promise<string> {
  const { privateKey, keyId } = await signingKey(world);
  // The clock is read once: a second that ends between two readings would shorten the token.
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ typ: "JWT", alg: "ES256", kid: keyId })
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + lifetime)
    .sign(privateKey);
}

/** The public key, as the discovery document's `jwks_uri` serves it. */
export async function publicKeys(world: World): Promise<{ keys: JWK[] }> {
  const { publicKey, keyId } = await signingKey(world);
  return { keys: [{ ...(await exportJWK(publicKey)), kid: keyId, use: "sig", alg: "ES256" }] };
}

/**
 * The identity that a token was issued to.
 * @param audiences the token must be meant for one of them; a trailing slash makes no difference
 * @throws jose's JOSEError if it is not a token of this tenant, has expired, or is meant for another audience
 */
export async function verifyToken(
  world: World,
  token: string,
  audiences: readonly string[],
): Promise<Identity> {
  const { publicKey } = await signingKey(world);
  const { payload } = await jwtVerify(token, publicKey, {
    issuer: issuer(world),
    audience: audiences.flatMap((audience) => [bare(audience), `${bare(audience)}/`]),
    requiredClaims: ["oid", "exp"],
  });
  const user = payload["idtyp"] === "user";
  const appId = text(payload["appid"]);
  return {
    objectId: text(payload["oid"]),
    appId,
    kind: user ? "user" : "service-principal",
    name: user ? text(payload["upn"]) : appId,
    roles: texts(payload["roles"]),
    directoryRoles: texts(payload["wids"]),
    multiFactor: texts(payload["amr"]).includes("mfa"),
  };
}

/** The token of the Authorization header, or `undefined`. */
export function bearerToken(request: SandboxRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
}

/**
 * Whose request it is. Undefined if its bearer token is absent, forged, expired or meant for another audience.
 * @param audiences the token must be meant for one of them; a trailing slash makes no difference
 */
export async function verifyBearer(
  world: World,
  request: SandboxRequest,
  audiences: readonly string[],
): Promise<Identity | undefined> {
  const token = bearerToken(request);
  return token === undefined ? undefined : verifyToken(world, token, audiences).catch(() => undefined);
}

/** An elliptic-curve key. An RSA key, as Entra has, would delay every start, and no client here checks the kind. */
function signingKey(world: World): Promise<SigningKey> {
  world.signingKey ??= generateKeyPair("ES256").then((pair) => ({ ...pair, keyId: uuid() }));
  return world.signingKey;
}

/** Access tokens keep the old issuer: https://learn.microsoft.com/entra/identity-platform/access-tokens */
function issuer(world: World): string {
  return `https://sts.windows.net/${world.tenantId}/`;
}

/** Whether a token for this resource is meant for Microsoft Graph. */
export function isGraph(world: World, audience: string): boolean {
  return graphAudiences(world).some((graph) => bare(graph) === bare(audience));
}

/** A resource without trailing slashes, for comparison: clients differ in whether they send them. */
export function bare(resource: string): string {
  return resource.replace(/\/+$/, "");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
