/*
 * Which keys of a pull secret a kubelet uses for an image.
 * Source: kubernetes pkg/credentialprovider/keyring.go
 */

/** The parts of a key or an image; letter case is kept, because the kubelet compares it. */
interface Address {
  readonly host: string;
  readonly port: string;
  readonly path: string;
}

/** The keys that a kubelet would try for an image `HOST[:PORT]/REPOSITORY`, in no order. */
export function keysForImage(keys: readonly string[], image: string): string[] {
  const target = addressOf(image);
  return keys.filter((key) => fits(addressOf(key), target));
}

function fits(pattern: Address, target: Address): boolean {
  const labels = pattern.host.split(".");
  const others = target.host.split(".");
  return (
    pattern.port === target.port &&
    labels.length === others.length &&
    labels.every((label, index) => globOf(label).test(others[index] ?? "")) &&
    target.path.startsWith(pattern.path)
  );
}

/** The scheme is dropped, and a path that is only `/v1/` or `/v2/` counts as none. */
function addressOf(text: string): Address {
  const groups = /^(?:https?:\/\/)?(?<host>[^/:]*)(?::(?<port>\d*))?(?<path>\/.*)?$/.exec(text)?.groups ?? {};
  const path = (groups["path"] ?? "").replace(/^\/v[12]\//, "/");
  return { host: groups["host"] ?? "", port: groups["port"] ?? "", path: path === "/" ? "" : path };
}

function globOf(label: string): RegExp {
  const escaped = label.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
