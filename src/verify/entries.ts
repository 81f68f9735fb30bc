import type { ProofImage } from "../core/ports.ts";
import {
  credentialsOf,
  isPullSecretType,
  type DockerConfig,
  type PullCredential,
} from "../domain/docker-config.ts";
import { keysForImage } from "../domain/kubelet-match.ts";
import { cloudOfLoginServer, registryHostOf, registryNameIn } from "../domain/login-server.ts";
import { troubleOf, type PullSecret } from "../domain/pull-secret.ts";
import type { AccessedRegistry, RegistryReference } from "../domain/registry.ts";

/** What a secret holds; `malformed` says why it cannot be read, without quoting it. */
export interface Content {
  readonly config: DockerConfig | undefined;
  readonly malformed: string | undefined;
}

/** Reads a secret as the kubelet does. */
export function contentOf(secret: PullSecret | undefined): Content {
  if (!secret || !isPullSecretType(secret.type)) return { config: undefined, malformed: undefined };
  return { config: secret.config, malformed: troubleOf(secret, "malformed")?.why };
}

/** One host's entry in a secret. */
export interface Entry {
  /** As the secret spells it. */
  readonly key: string;
  /** Host and port, in lower case. */
  readonly host: string;
  readonly credential: PullCredential;
  /** For the same host in another spelling: the old key during a rotation. */
  readonly second: PullCredential | undefined;
}

/** Says whether a host is an Azure registry. */
export type IsRegistry = (host: string) => boolean;

/** A host is an Azure registry if it belongs to the cloud that is signed in to, or is named like those of any cloud. */
export function azureRegistryTest(ownsLoginServer: IsRegistry): IsRegistry {
  return (host) => ownsLoginServer(registryHostOf(host)) || cloudOfLoginServer(host) !== undefined;
}

/** The registry that was asked for. */
export interface Wanted {
  readonly reference: RegistryReference;
  /** As the user named it. */
  readonly text: string;
  /** Its login server; undefined if Azure could not be asked or does not tell which it is. */
  readonly loginServer: string | undefined;
  /** As Azure shows it; undefined if that is not known. */
  readonly registry: AccessedRegistry | undefined;
  /** Whether Azure was asked and shows no such registry. */
  readonly isMissing: boolean;
  /** A similar registry that Azure shows, named in the same way. */
  readonly meant: string | undefined;
}

/** Which entries of a secret to look at. */
export interface EntryWish {
  readonly isRegistry: IsRegistry;
  readonly wanted: Wanted | undefined;
}

/**
 * The entries of a secret that are for Azure registries or, if one was asked for, for that registry. If a host has
 * several entries, the one that the kubelet offers for the image counts.
 */
export function entriesOf(
  secret: PullSecret | undefined,
  { isRegistry, wanted }: EntryWish,
  image?: ProofImage,
): Entry[] {
  const { config } = contentOf(secret);
  if (!config) return [];
  const keys = Object.keys(config.auths);
  const byHost = new Map<string, Array<{ readonly key: string; readonly credential: PullCredential }>>();
  for (const [index, { host: named, ...credential }] of credentialsOf(config).entries()) {
    const key = keys[index] ?? named;
    const host = hostFor(key, named.split("/")[0] ?? named, wanted);
    if (!isRegistry(host) || !isWanted(host, wanted)) continue;
    byHost.set(host, [...(byHost.get(host) ?? []), { key, credential }]);
  }
  return [...byHost].flatMap(([host, all]) => {
    const isOffered = ({ key }: { readonly key: string }) =>
      image === undefined || keysForImage([key], `${host}/${image.repository}`).length > 0;
    // An entry that the kubelet would not offer for the image counts only if there is no other.
    const offered = all.some(isOffered) ? all.filter(isOffered) : all;
    const first = offered.find(({ key }) => key === host) ?? offered[0];
    const second = all.find((one) => one !== first)?.credential;
    return first ? [{ ...first, host, second }] : [];
  });
}

/** The host that a key means. A key with a wildcard means the registry that was asked for, if it matches that. */
function hostFor(key: string, host: string, wanted: Wanted | undefined): string {
  const asked = wanted?.loginServer;
  return asked !== undefined && host.includes("*") && keysForImage([key], asked).length > 0 ? asked : host;
}

/** Whether a host is the registry that was asked for, by its right login server or by a name mistaken for it. */
function isWanted(host: string, wanted: Wanted | undefined): boolean {
  if (!wanted) return true;
  const { reference, loginServer } = wanted;
  if (registryHostOf(host) === loginServer) return true;
  const name = reference.kind === "login-server" ? registryNameIn(reference.loginServer) : reference.name;
  return registryNameIn(host) === name.toLowerCase() && cloudOfLoginServer(host) !== undefined;
}
