import { tooDeepBracket } from "./json.ts";

/*
 * How a kubelet reads pull secrets and finds what fits an image.
 * https://github.com/kubernetes/kubernetes/blob/v1.34.2/pkg/credentialprovider/keyring.go and config.go
 */

/** A user name and password under the key it has in `auths`. */
export interface KeyringEntry {
  readonly key: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Reads the value of `.dockerconfigjson`.
 * @returns undefined where the kubelet gives up on it, and with it on every other secret of the pod
 */
export function readDockerConfig(text: string): KeyringEntry[] | undefined {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(config) || tooDeepBracket(config) !== undefined) return undefined;
  const auths = config["auths"] ?? {};
  if (!isObject(auths)) return undefined;
  const entries = Object.entries(auths).map(([key, value]) => readEntry(key, value));
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

function readEntry(key: string, value: unknown): KeyringEntry | undefined {
  if (!isObject(value)) return undefined;
  const { username = "", password = "", auth = "" } = value;
  if (typeof username !== "string" || typeof password !== "string" || typeof auth !== "string")
    return undefined;
  if (auth === "") return { key, username, password };
  const decoded = decodeBase64(auth.trim());
  const colon = decoded?.indexOf(":") ?? -1;
  if (decoded === undefined || colon < 0) return undefined;
  return { key, username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** As strictly as Go: with padding whole groups, without padding none. */
function decodeBase64(text: string): string | undefined {
  const whole = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  const raw = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?$/;
  return (text.endsWith("=") ? whole : raw).test(text) ? Buffer.from(text, "base64").toString() : undefined;
}

/** The entries that a kubelet would try for an image `HOST[:PORT]/REPOSITORY`. */
export function entriesFor(entries: readonly KeyringEntry[], image: string): KeyringEntry[] {
  const target = parse(image);
  return entries.filter(({ key }) => {
    const pattern = parse(key);
    if (!target || !pattern || pattern.port !== target.port) return false;
    const labels = pattern.host.split(".");
    const targetLabels = target.host.split(".");
    return (
      labels.length === targetLabels.length &&
      labels.every((label, index) => matchesGlob(label, targetLabels[index] ?? "")) &&
      target.path.startsWith(pattern.path)
    );
  });
}

/** Parts of a key or an image, letter case kept; a path of `/v1/` or `/v2/` alone counts as none. */
function parse(text: string): { host: string; port: string; path: string } | undefined {
  const match = /^(?:https?:\/\/)?(?<host>[^/:]*)(?::(?<port>\d*))?(?<path>\/.*)?$/.exec(text);
  if (!match?.groups) return undefined;
  const { host = "", port = "", path = "" } = match.groups;
  const effective = path.replace(/^\/v[12]\//, "/");
  return { host, port, path: effective === "/" ? "" : effective };
}

function matchesGlob(glob: string, label: string): boolean {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(label);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
