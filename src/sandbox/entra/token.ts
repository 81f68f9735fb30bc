import { exportJWK, generateKeyPair, jwtVerify, SignJWT, type JWK, type JWTPayload } from "jose";
import { v4 as uuid } from "uuid";
import type { SandboxRequest } from "../service.ts";
import type { ServicePrincipalRecord, SigningKey, UserRecord, World } from "../world.ts";

/*
 * The tokens of the tenant. Entra signs them, Graph, Resource Manager and the registries check them.
 */

/** Seconds an access token of Entra is valid; clients are told one less. */
const accessTokenLifetime = 3600;

/** Microsoft's own id for clients that sign users in without an application of theirs: az and `@azure/identity`. */
export const azureCliAppId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/** What a token for the Resource Manager may carry as `aud`; the first is the one its metadata name. */
export const resourceManagerAudiences: readonly string[] = [
  "https://management.core.windows.net/",
  "https://management.azure.com/",
];

/** What a token for a registry may carry as `aud` besides the Resource Manager's, in every cloud. */
export const registryAudience = "https://containerregistry.azure.net";

/** What a token for Microsoft Graph may carry as `aud`; the first is the one the metadata name. */
export function graphAudiences(world: World): readonly string[] {
  return [`${world.azureUrl}/`, "https://graph.microsoft.com/"];
}

/** Who a token was issued to. */
export interface Identity {
  readonly objectId: string;
  /** The application signed in as, or through. */
  readonly appId?: string;
  readonly kind: "service-principal" | "user";
  /** As services name the caller in their errors: an application's id, a user's principal name. */
  readonly name: string;
  /** Application permissions on Microsoft Graph that the token carries. */
  readonly roles: readonly string[];
  /** Template ids of directory roles that the token carries. */
  readonly directoryRoles: readonly string[];
}

/** What an access token is issued for; times are seconds. */
export interface TokenGrant {
  readonly audience: string;
  readonly subject:
    | { readonly kind: "service-principal"; readonly record: ServicePrincipalRecord }
    | {
        readonly kind: "user";
        readonly record: UserRecord;
        readonly clientId: string;
        readonly scope: string;
      };
  /** Default 3600. */
  readonly lifetime?: number;
}

/** An access token of the tenant with the claims clients and services read. */
export async function issueToken(world: World, grant: TokenGrant): Promise<string> {
  const { subject } = grant;
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
 * Whose token it is.
 * @param audiences any of which the token must be meant for; a closing slash makes no difference
 * @throws jose's JOSEError when it is no token of this tenant, has expired, or is meant for somebody else
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
  };
}

/** The token of the Authorization header, or `undefined`. */
export function bearerToken(request: SandboxRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
}

/**
 * Whose request it is, or `undefined` when its bearer token is absent, forged, expired or meant for others.
 * @param audiences any of which the token must be meant for; a closing slash makes no difference
 */
export async function verifyBearer(
  world: World,
  request: SandboxRequest,
  audiences: readonly string[],
): Promise<Identity | undefined> {
  const token = bearerToken(request);
  return token === undefined ? undefined : verifyToken(world, token, audiences).catch(() => undefined);
}

/** Elliptic, for Entra's RSA keys would cost every start a noticeable wait and no client of ours checks the kind. */
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

/** A resource as it is compared: clients differ about the slashes at its end. */
export function bare(resource: string): string {
  return resource.replace(/\/+$/, "");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
