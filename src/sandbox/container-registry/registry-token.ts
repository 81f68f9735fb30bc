import {
  generateKeyPair,
  importPKCS8,
  importX509,
  jwtVerify,
  SignJWT,
  type CryptoKey,
  type JWTPayload,
} from "jose";
import { v4 as uuid } from "uuid";
import type { ServerIdentity } from "../certificate-authority.ts";
import type { Scope } from "./answers.ts";
import type { RegistryRecord, World } from "../world.ts";

/** Who issues the tokens of Azure's registries, by their own word. */
export const tokenIssuer = "Azure Container Registry";

// As in https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md; refresh tokens as in
// https://learn.microsoft.com/azure/container-registry/container-registry-authentication
const accessTokenSeconds = 4500;
const refreshTokenSeconds = 3 * 3600;

const algorithm = "ES256";

/** What a token says about its holder. */
export interface TokenHolder {
  /** Object id. */
  readonly principalId: string;
  /** What was granted; absent in a refresh token. */
  readonly access?: readonly Scope[];
}

/** Signs one registry's tokens and knows its own again. */
export interface RegistryTokens {
  access(principalId: string, access: readonly Scope[]): Promise<string>;
  refresh(principalId: string): Promise<string>;
  /** Whose token it is, or `undefined` when it is forged, expired or another registry's. */
  read(token: string): Promise<TokenHolder | undefined>;
}

interface KeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
  /** The certificate of the key, DER in base64, for a registry that checks tokens by it. */
  readonly certificate?: string;
}

/**
 * Tokens of a registry.
 * @param identity the key and certificate to sign with; by default a key of its own without certificate
 */
export function registryTokens(
  world: World,
  registry: RegistryRecord,
  identity?: ServerIdentity,
): RegistryTokens {
  let pair: Promise<KeyPair> | undefined;
  const keys = (): Promise<KeyPair> =>
    (pair ??= identity ? importPair(identity) : generateKeyPair(algorithm));

  async function sign(principalId: string, seconds: number, claims: JWTPayload): Promise<string> {
    const { privateKey, certificate } = await keys();
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      ...claims,
      jti: uuid(),
      sub: principalId,
      iss: tokenIssuer,
      aud: registry.loginServer,
      version: "1.0",
      tenant: world.tenantId,
      nbf: now,
      iat: now,
      exp: now + seconds,
    })
      .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(certificate ? { x5c: [certificate] } : {}) })
      .sign(privateKey);
  }

  return {
    access: (principalId, access) => sign(principalId, accessTokenSeconds, { access, roles: [] }),
    refresh: (principalId) =>
      sign(principalId, refreshTokenSeconds, {
        grant_type: "refresh_token",
        permissions: { actions: ["read"], notActions: null },
        roles: [],
      }),
    async read(token) {
      const { publicKey } = await keys();
      const options = { issuer: tokenIssuer, audience: registry.loginServer };
      const payload = await jwtVerify(token, publicKey, options).then(
        (verified) => verified.payload,
        () => undefined,
      );
      if (!payload?.sub) return undefined;
      const access = payload["access"] as readonly Scope[] | undefined;
      return { principalId: payload.sub, ...(access ? { access } : {}) };
    },
  };
}

async function importPair({ key, certificate }: ServerIdentity): Promise<KeyPair> {
  return {
    privateKey: await importPKCS8(key, algorithm),
    publicKey: await importX509(certificate, algorithm),
    certificate: certificate.replace(/-----[^-]+-----|\s/g, ""),
  };
}
