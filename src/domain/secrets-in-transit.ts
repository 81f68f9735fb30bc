import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { HttpAnswer } from "./http-exchange.ts";
import { holdsSecret, learnSecret, withoutSecrets, withoutSecretsIn } from "./known-secrets.ts";

/*
 * Finds the secrets in a request and its answer. Everything that the program sends passes here, so that a secret is
 * known before anybody can repeat it.
 */

/** Far longer than any refusal that is read; a longer one would take long to search for secrets. */
const longestRefusal = 256 * 1024;
/** A longer success, such as a list of Secrets, is not searched: what is used of it is learned later. */
const longestObject = 64 * 1024;

/** Sources: RFC 6749, RFC 7521, RFC 7523, RFC 7636, RFC 8628 */
const secretFormFields = [
  "access_token",
  "assertion",
  "client_assertion",
  "client_secret",
  "code",
  "code_verifier",
  "device_code",
  "id_token",
  "password",
  "refresh_token",
  "token",
];
/** Headers of services that give a machine its identity, besides the standard ones. */
const secretHeaders = new Set(["cookie", "secret", "x-identity-header"]);
/** In JSON, or in JSON inside a JSON text. */
const secretFields =
  /\\?"(access_token|refresh_token|id_token|client_secret|device_code|secretText|token|password|auth|identitytoken|registrytoken|\.dockerconfigjson|\.dockercfg)\\?"\s*:\s*\\?"((?:[^"\\]|\\[^"])+)/g;

/** Remembers the secrets in a request. */
export function learnFromRequest(headers: OutgoingHttpHeaders, body: string | undefined): void {
  for (const [name, value] of Object.entries(headers)) {
    const text = String(value);
    if (/^(?:proxy-)?authorization$/i.test(name)) learnFromAuthorization(text);
    else if (secretHeaders.has(name.toLowerCase())) learnSecret(text);
  }
  if (body === undefined) return;
  if (/^\s*[[{]/.test(body)) return learnFromJson(body);
  const form = new URLSearchParams(body);
  for (const name of secretFormFields) learnSecret(form.get(name) ?? "");
}

/**
 * Remembers the secrets in a success, and leaves its body as it is, because it is needed. From a refusal, every text
 * that repeats a known secret is removed. Headers that repeat one are removed from both.
 */
export function withoutEchoes({ status, headers, body }: HttpAnswer): HttpAnswer {
  const isRefusal = status >= 300;
  if (!isRefusal && body.length <= longestObject) learnFromJson(body.toString("utf8"));
  const clean = { status, headers: withoutEchoesIn(headers) };
  if (!isRefusal) return { ...clean, body };
  if (body.length > longestRefusal) return { ...clean, body: Buffer.alloc(0) };
  const text = body.toString("utf8");
  return { ...clean, body: holdsSecret(text) ? Buffer.from(cleanBody(text)) : body };
}

function learnFromAuthorization(value: string): void {
  const [, scheme = "", credential = ""] = /^(\S+) +(.*)$/.exec(value) ?? [];
  learnSecret(credential === "" ? value : credential);
  if (scheme.toLowerCase() === "basic") learnFromBasic(credential);
}

/** A user name and a password; the name is not a secret. */
function learnFromBasic(credential: string): void {
  const pair = Buffer.from(credential, "base64").toString("utf8");
  learnSecret(pair.slice(pair.indexOf(":") + 1));
}

function learnFromJson(text: string): void {
  for (const [, field = "", escaped = ""] of text.matchAll(secretFields)) {
    const value = unescaped(escaped);
    // What a known value contains is known too, and a thousand namespaces may all hold the same value.
    if (!learnSecret(value)) continue;
    if (field === "auth") learnFromBasic(value);
    else if (field.startsWith(".docker")) learnFromJson(Buffer.from(value, "base64").toString("utf8"));
  }
}

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}

function withoutEchoesIn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([name, value]) =>
    name === "www-authenticate" ? !demandRepeats(String(value)) : !holdsSecret(String(value)),
  );
  return kept.length === Object.keys(headers).length ? headers : Object.fromEntries(kept);
}

/**
 * Whether a demand for another token repeats a secret. Its claims are JSON in base64, like a token. They must not be
 * dropped for a word that both contain, so their decoded text is checked.
 */
function demandRepeats(challenge: string): boolean {
  const claims = /\bclaims="([\w+/=-]+)"/.exec(challenge)?.[1] ?? "";
  const said = Buffer.from(claims, "base64").toString("utf8");
  return holdsSecret(challenge.replace(claims, "")) || holdsSecret(said) || holdsSecret(claims, 16);
}

function cleanBody(text: string): string {
  try {
    return JSON.stringify(withoutSecretsIn(JSON.parse(text)));
  } catch {
    return withoutSecrets(text);
  }
}
