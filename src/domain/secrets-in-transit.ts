import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { HttpAnswer } from "./http-exchange.ts";
import { holdsSecret, learnSecret, withoutSecrets, withoutSecretsIn } from "./known-secrets.ts";

/*
 * What is secret of a request and of its answer. All that the program sends goes this way, so that whatever leads a
 * secret out of it is known before anybody can repeat it.
 */

/** No refusal that is read comes near it, and to look through more of it for secrets would take long. */
const longestRefusal = 256 * 1024;
/** Of a longer list of Secrets no more is learned than what is used of it later. */
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
/** Those of services that give an identity to the machine beside the standard ones. */
const secretHeaders = new Set(["cookie", "secret", "x-identity-header"]);
/** In JSON, or in JSON that stands in a text of JSON. */
const secretFields =
  /\\?"(access_token|refresh_token|id_token|client_secret|device_code|secretText|token|password|auth|identitytoken|registrytoken|\.dockerconfigjson|\.dockercfg)\\?"\s*:\s*\\?"((?:[^"\\]|\\[^"])+)/g;

/** Remembers the secrets of a request. */
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
 * Remembers what secrets a success brings, whose words are needed as they are; of a refusal each text loses what repeats
 * any secret that is known. A header that does is left out of either.
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

/** A user name and a password: the name is no secret. */
function learnFromBasic(credential: string): void {
  const pair = Buffer.from(credential, "base64").toString("utf8");
  learnSecret(pair.slice(pair.indexOf(":") + 1));
}

function learnFromJson(text: string): void {
  for (const [, field = "", escaped = ""] of text.matchAll(secretFields)) {
    const value = unescaped(escaped);
    learnSecret(value);
    if (field === "auth") learnFromBasic(value);
    else if (field.startsWith(".docker")) learnFromJson(Buffer.from(value, "base64").toString("utf8"));
  }
}

function unescaped(text: string): string {
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
 * Whether a demand for another token repeats a secret. What it asks of the token is JSON in base64, as the token is, and
 * must not be lost for a word that both have: it is looked at for what it says.
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
