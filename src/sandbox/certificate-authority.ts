// @peculiar/x509 resolves its algorithms through decorators. They need a reflection polyfill that it does not bring.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** The certificate that a TLS server presents, and its key. */
export interface ServerIdentity {
  /** PEM */
  readonly certificate: string;
  /** PEM, PKCS #8 */
  readonly key: string;
}

/** A private authority that lives as long as the sandbox; its key never leaves memory. */
export interface CertificateAuthority {
  /** PEM. Clients are told to trust it. */
  readonly certificate: string;
  /** Issues a certificate for servers on this machine: `localhost`, 127.0.0.1, ::1 and the given names. */
  issue(...names: readonly string[]): Promise<ServerIdentity>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

/**
 * Makes a certificate authority. The certificates carry what Python 3.13's strict verification demands: key
 * identifiers of subject and authority, critical basic constraints and key usage (RFC 5280, 4.2).
 */
export async function createCertificateAuthority(): Promise<CertificateAuthority> {
  const subject = "CN=acr-pull sandbox authority";
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: subject,
    ...validity(),
    serialNumber: serialNumber(),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  });

  return {
    certificate: certificate.toString("pem"),
    async issue(...names) {
      const own = await generateKeys();
      const issued = await X509CertificateGenerator.create({
        subject: "CN=localhost",
        issuer: subject,
        ...validity(),
        serialNumber: serialNumber(),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([
            { type: "dns", value: "localhost" },
            { type: "ip", value: "127.0.0.1" },
            { type: "ip", value: "::1" },
            ...names.map((value) => ({ type: "dns" as const, value })),
          ]),
          await SubjectKeyIdentifierExtension.create(own.publicKey),
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      return { certificate: issued.toString("pem"), key: await privateKeyPem(own.privateKey) };
    },
  };
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** Starts early and ends late enough that a wrong clock on the client does not matter. */
function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 7 * dayMs), notAfter: new Date(now + 90 * dayMs) };
}

/** Positive, as RFC 5280 demands: the first bit is clear and the first byte is not zero. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  const lines = pkcs8.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}
