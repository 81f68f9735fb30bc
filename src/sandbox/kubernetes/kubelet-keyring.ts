import { tooDeepBracket } from "./json.ts";

/*
 * How a kubelet reads pull secrets and finds the entries for an image.
 * https://github.com/kubernetes/kubernetes/blob/v1.34.2/pkg/credentialprovider/keyring.go and config.go
 */

/** A user name and password, and their key in `auths`. */
export interface KeyringEntry {
  readonly key: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Reads the value of `.dockerconfigjson`.
 * @returns undefined if the kubelet gives up on it, and so on every other secret of the pod
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

/** Decodes as strictly as Go: the text is either padded to whole groups or has no padding at all. */
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

/** The parts of a key or an image, with their letter case. `/v1/` or `/v2/` at the start of a path counts as `/`. */
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
