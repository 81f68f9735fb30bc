import { isTooDeep } from "./nesting.ts";
import { SecretText } from "./secret-text.ts";

/** The type of secret that the kubelet reads pull credentials from, and the key inside it. */
export const dockerConfigType = "kubernetes.io/dockerconfigjson";
export const dockerConfigKey = ".dockerconfigjson";

/**
 * The older type, which the kubelet still reads but nobody should write any longer. It holds the entries without
 * `auths` around them.
 * Source: kubernetes pkg/credentialprovider/secrets/secrets.go
 */
export const legacyDockerConfigType = "kubernetes.io/dockercfg";
const legacyDockerConfigKey = ".dockercfg";

/** Whether the kubelet reads pull credentials from secrets of a type. */
export function isPullSecretType(type: string): boolean {
  return type === dockerConfigType || type === legacyDockerConfigType;
}

/** User name and password of one host. */
export interface PullCredential {
  readonly username: string;
  readonly password: SecretText;
}

/** A parsed `.dockerconfigjson`; everything unknown in it is kept. */
export type DockerConfig = Readonly<Record<string, unknown>> & {
  readonly auths: Readonly<Record<string, unknown>>;
};

/** A kubelet cannot read the text. One such secret breaks every pull of a pod that names it. */
export class MalformedDockerConfigError extends Error {
  override readonly name = "MalformedDockerConfigError";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a secret's `.dockerconfigjson`, in base64 as in the API.
 * @throws MalformedDockerConfigError if it is absent, or if the kubelet could not decode it or an entry of any host
 */
export function parseDockerConfig(base64: string | undefined): DockerConfig {
  if (base64 === undefined) throw new MalformedDockerConfigError(`has no key ${dockerConfigKey}`);
  const value = parseObject(base64);
  // Go reads null as an empty map.
  return { ...value, auths: checkedEntries(value["auths"] ?? {}) };
}

/**
 * Reads what a kubelet finds in a pull secret of either type.
 * @throws MalformedDockerConfigError as parseDockerConfig does
 */
export function parsePullSecret(type: string, data: Readonly<Record<string, string>>): DockerConfig {
  return type === legacyDockerConfigType
    ? { auths: checkedEntries(parseObject(data[legacyDockerConfigKey] ?? "")) }
    : parseDockerConfig(data[dockerConfigKey]);
}

function parseObject(base64: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch {
    // The parser's message quotes the text, which may hold a password.
    throw new MalformedDockerConfigError("is not JSON");
  }
  if (!isRecord(value)) throw new MalformedDockerConfigError("is not a JSON object");
  if (isTooDeep(value)) throw new MalformedDockerConfigError("is nested too deeply");
  return value;
}

function checkedEntries(auths: unknown): Record<string, unknown> {
  if (!isRecord(auths)) throw new MalformedDockerConfigError("has no auths object");
  for (const [host, entry] of Object.entries(auths)) decodeEntry(host, entry);
  return auths;
}

/**
 * Decodes an entry as the kubelet does: `auth`, if present, overrides user name and password and is split at its
 * first colon.
 * Source: kubernetes pkg/credentialprovider/config.go
 */
function decodeEntry(host: string, entry: unknown): PullCredential {
  const shown = JSON.stringify(host);
  // Go reads null, for a struct or for a field of it, as the empty value.
  if (entry === null) return { username: "", password: new SecretText("") };
  if (!isRecord(entry))
    throw new MalformedDockerConfigError(`has an entry for ${shown} that is not an object`);
  const username = entry["username"] ?? "";
  const password = entry["password"] ?? "";
  const auth = entry["auth"] ?? "";
  if (typeof username !== "string" || typeof password !== "string") {
    throw new MalformedDockerConfigError(
      `has an entry for ${shown} with a user name or password that is not text`,
    );
  }
  if (auth === "") return { username, password: new SecretText(password) };
  const malformed = `has an entry for ${shown} whose auth is not base64 of user:password`;
  if (typeof auth !== "string" || !/^[A-Za-z0-9+/]+={0,2}$/.test(auth))
    throw new MalformedDockerConfigError(malformed);
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon < 0) throw new MalformedDockerConfigError(malformed);
  return {
    username: decoded.slice(0, colon),
    password: new SecretText(decoded.slice(colon + 1).replace(/\0+$/, "")),
  };
}

/** The host that a key stands for, in lower case, without a scheme or `/v2/`. */
function hostOf(key: string): string {
  return key
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/(v[12]\/?)?$/, "");
}

/** The keys of `loginServer`'s entries. */
function keysOf(config: DockerConfig, loginServer: string): string[] {
  const host = loginServer.toLowerCase();
  return Object.keys(config.auths).filter((key) => hostOf(key) === host);
}

/** The credential for a host; undefined if there is none. The plain key takes precedence over other spellings. */
export function credentialOf(config: DockerConfig, loginServer: string): PullCredential | undefined {
  const keys = keysOf(config, loginServer);
  const key = keys.find((candidate) => candidate === loginServer.toLowerCase()) ?? keys[0];
  return key === undefined ? undefined : decodeEntry(key, config.auths[key]);
}

/** The second credential for a host, which the kubelet also tries; undefined if there is only one. */
export function secondCredentialOf(config: DockerConfig, loginServer: string): PullCredential | undefined {
  const key = secondKey(loginServer);
  const hasPlainKey = config.auths[loginServer.toLowerCase()] !== undefined;
  return hasPlainKey && config.auths[key] !== undefined ? decodeEntry(key, config.auths[key]) : undefined;
}

/** A credential with the host that it is for. */
export interface HostCredential extends PullCredential {
  /** A host in lower case, a repository on it, or a pattern of hosts. */
  readonly host: string;
}

/** All credentials, for any host. */
export function credentialsOf(config: DockerConfig): HostCredential[] {
  return Object.entries(config.auths).map(([key, entry]) => ({
    host: hostOf(key),
    ...decodeEntry(key, entry),
  }));
}

/**
 * Another key for the same host: the kubelet drops the scheme before it compares, and tries all keys that match.
 * Source: kubernetes pkg/credentialprovider/keyring.go
 */
function secondKey(loginServer: string): string {
  return `https://${loginServer.toLowerCase()}`;
}

/**
 * The config with this host's entry replaced in every spelling, and all others kept in their order.
 * @param second another credential to write as well, for pods that still use it
 */
export function withCredential(
  config: DockerConfig,
  loginServer: string,
  credential: PullCredential,
  second?: PullCredential,
): DockerConfig {
  const host = loginServer.toLowerCase();
  const { auths, ...rest } = withoutCredential(config, loginServer, host);
  const beside = second && { [secondKey(loginServer)]: entryOf(second) };
  return { ...rest, auths: { ...auths, [host]: entryOf(credential), ...beside } };
}

/** The config without this host's entry; `keep` names a key that stays in its place, to be overwritten. */
export function withoutCredential(config: DockerConfig, loginServer: string, keep?: string): DockerConfig {
  const gone = new Set(keysOf(config, loginServer).filter((key) => key !== keep));
  const auths = Object.fromEntries(Object.entries(config.auths).filter(([key]) => !gone.has(key)));
  return { ...config, auths };
}

/** The config without this host's credentials of one user, in any spelling of the host. */
export function withoutCredentialsOf(
  config: DockerConfig,
  loginServer: string,
  username: string,
): DockerConfig {
  const isTheirs = (key: string) =>
    decodeEntry(key, config.auths[key]).username.toLowerCase() === username.toLowerCase();
  const gone = new Set(keysOf(config, loginServer).filter(isTheirs));
  if (gone.size === 0) return config;
  const auths = Object.fromEntries(Object.entries(config.auths).filter(([key]) => !gone.has(key)));
  return { ...config, auths };
}

/** In kubectl's order of keys: user name, password, auth. */
function entryOf({ username, password }: PullCredential): Record<string, string> {
  const text = password.reveal();
  return { username, password: text, auth: Buffer.from(`${username}:${text}`).toString("base64") };
}

/** The value of `.dockerconfigjson` in base64, for `data`. */
export function formatDockerConfig(config: DockerConfig): string {
  return Buffer.from(JSON.stringify(config)).toString("base64");
}

/** A config without hosts: a secret is created with it while its password is still being made. */
export const emptyDockerConfig: DockerConfig = { auths: {} };
