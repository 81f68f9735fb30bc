import { createHash } from "node:crypto";
import {
  exportSPKI,
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
import { azureCliAppId } from "../entra/token.ts";
import type { RegistryRecord, World } from "../world.ts";

/** The issuer that the tokens of Azure's registries name. */
export const tokenIssuer = "Azure Container Registry";

// As in the tokens that az's tests recorded in 2025: both kinds are valid from before they are issued.
const backdatedSeconds = 15 * 60;
const accessTokenSeconds = 3600;
const refreshTokenSeconds = 3 * 3600;

const algorithm = "ES256";

/** What a token says about its holder. */
export interface TokenHolder {
  /** Object id. */
  readonly principalId: string;
  /** What was granted; absent in a refresh token. */
  readonly access?: readonly Scope[];
}

/** Signs one registry's tokens, and recognizes them later. */
export interface RegistryTokens {
  access(principalId: string, access: readonly Scope[]): Promise<string>;
  refresh(principalId: string): Promise<string>;
  /** The token's holder. Undefined if the token is forged, expired or another registry's. */
  read(token: string): Promise<TokenHolder | undefined>;
}

interface KeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
  /** The certificate of the key, DER in base64, for a registry that checks tokens by it. */
  readonly certificate?: string;
}

/**
 * The tokens of a registry.
 * @param identity the key and certificate to sign with; by default a new key without a certificate
 */
export function registryTokens(
  world: World,
  registry: RegistryRecord,
  identity?: ServerIdentity,
): RegistryTokens {
  let pair: Promise<KeyPair> | undefined;
  const keys = (): Promise<KeyPair> =>
    (pair ??= identity ? importPair(identity) : generateKeyPair(algorithm));

  let keyId: Promise<string> | undefined;
  const registryId = uuid().replaceAll("-", "");

  async function sign(principalId: string, seconds: number, claims: JWTPayload): Promise<string> {
    const { privateKey, publicKey, certificate } = await keys();
    const now = Math.floor(Date.now() / 1000);
    const begins = now - backdatedSeconds;
    return new SignJWT({
      ...claims,
      jti: uuid(),
      sub: principalId,
      iss: tokenIssuer,
      aud: registry.loginServer,
      rid: registryId,
      roles: [],
      appid: appIdOf(world, principalId),
      nbf: begins,
      iat: begins,
      exp: now + seconds,
    })
      .setProtectedHeader({
        alg: algorithm,
        typ: "JWT",
        kid: await (keyId ??= keyIdOf(publicKey)),
        ...(certificate ? { x5c: [certificate] } : {}),
      })
      .sign(privateKey);
  }

  return {
    access: (principalId, access) =>
      sign(principalId, accessTokenSeconds, { version: "2.0", grant_type: "access_token", access }),
    refresh: (principalId) =>
      sign(principalId, refreshTokenSeconds, {
        version: "1.0",
        grant_type: "refresh_token",
        tenant: world.tenantId,
        permissions: { actions: ["read", "metadata/read"] },
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

/** The application that a principal signed in with. People sign in through az. */
function appIdOf({ servicePrincipals }: World, principalId: string): string {
  return servicePrincipals.find(({ id }) => id === principalId)?.appId ?? azureCliAppId;
}

/** The key's fingerprint in twelve groups: https://github.com/docker/libtrust/blob/master/util.go */
async function keyIdOf(publicKey: CryptoKey): Promise<string> {
  const digest = createHash("sha256")
    .update(await exportSPKI(publicKey))
    .digest()
    .subarray(0, 30);
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = bits.replace(/.{5}/g, (five) => base32[Number.parseInt(five, 2)] ?? "");
  return letters.replace(/.{4}(?=.)/g, "$&:");
}

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

async function importPair({ key, certificate }: ServerIdentity): Promise<KeyPair> {
  return {
    privateKey: await importPKCS8(key, algorithm),
    publicKey: await importX509(certificate, algorithm),
    certificate: certificate.replace(/-----[^-]+-----|\s/g, ""),
  };
}
