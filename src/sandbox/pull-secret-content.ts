import { entriesFor, readDockerConfig, type KeyringEntry } from "./kubernetes/kubelet-keyring.ts";
import type { KubernetesObject } from "./world.ts";

/*
 * The content of a pull secret as the sandbox's checks read it: the marks by their published contract, and the
 * entries both as a kubelet reads them and as a reader would that compares only hosts.
 */

/** One secret's mark for one login server, as far as the checks need it. */
export interface WatchedMark {
  readonly pending?: { readonly operation?: string; readonly sweep?: readonly string[] };
  readonly retire?: { readonly keyId?: string | null };
}

const legacyType = "kubernetes.io/dockercfg";

/**
 * Whether an object is a secret that pods pull with.
 * https://github.com/kubernetes/kubernetes/blob/v1.34.2/pkg/credentialprovider/secrets/secrets.go
 */
export function isPullSecret(secret: KubernetesObject): boolean {
  return secret["type"] === "kubernetes.io/dockerconfigjson" || secret["type"] === legacyType;
}

/** The text of `.dockerconfigjson`. The older type holds only the entries, which are put into the newer form. */
export function configText(secret: KubernetesObject): string {
  const data = secret["data"] as Record<string, string> | undefined;
  const textOf = (key: string) => Buffer.from(data?.[key] ?? "", "base64").toString();
  return secret["type"] === legacyType ? `{"auths":${textOf(".dockercfg")}}` : textOf(".dockerconfigjson");
}

/** The marks by login server, without those that cannot be read. */
export function watchedMarks({ metadata }: KubernetesObject): Readonly<Record<string, WatchedMark>> {
  let marks: unknown;
  try {
    marks = JSON.parse(metadata.annotations?.["acr-pull/entries"] ?? "{}");
  } catch {
    return {};
  }
  const objects = Object.entries(Object(marks) as Record<string, unknown>).filter(
    ([, mark]) => typeof mark === "object" && mark !== null,
  );
  return Object.fromEntries(objects) as Record<string, WatchedMark>;
}

/**
 * The entries for a registry, however its host is spelled: those that a kubelet would try for one of its images, and
 * those whose host is the registry's, in any letter case, with or without scheme and path.
 * @param images `LOGIN_SERVER/REPOSITORY`
 */
export function registryEntries(
  entries: readonly KeyringEntry[],
  loginServer: string,
  images: readonly string[],
): KeyringEntry[] {
  const own = images.filter((image) => image.startsWith(`${loginServer}/`));
  const tried = new Set(own.flatMap((image) => entriesFor(entries, image)));
  return entries.filter((entry) => tried.has(entry) || hostOf(entry.key) === loginServer.toLowerCase());
}

/** The entries of a secret. None if it does not parse. */
export function entriesOf(secret: KubernetesObject): readonly KeyringEntry[] {
  return readDockerConfig(configText(secret)) ?? [];
}

/** Entries of hosts other than these, by key. */
export function foreignEntries(text: string, loginServers: readonly string[]): Record<string, string> {
  const hosts = new Set(loginServers.map((host) => host.toLowerCase()));
  const { auths = {} } = JSON.parse(text) as { auths?: Record<string, unknown> | null };
  return Object.fromEntries(
    Object.entries(auths ?? {})
      .filter(([key]) => !hosts.has(hostOf(key)))
      .map(([key, entry]) => [key, JSON.stringify(entry)]),
  );
}

/** Labels and annotations that are not the program's. */
export function foreignMarks({ metadata }: KubernetesObject): Record<string, string> {
  const marks = [
    ...Object.entries(metadata.labels ?? {}).map(([key, value]) => [`label ${key}`, key, value] as const),
    ...Object.entries(metadata.annotations ?? {}).map(
      ([key, value]) => [`annotation ${key}`, key, value] as const,
    ),
  ];
  return Object.fromEntries(
    marks
      .filter(([, key]) => !key.startsWith("acr-pull/") && key !== "app.kubernetes.io/managed-by")
      .map(([name, , value]) => [name, value]),
  );
}

function hostOf(key: string): string {
  return key
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "");
}
