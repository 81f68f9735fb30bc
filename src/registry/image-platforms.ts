import { exchange } from "../domain/http-exchange.ts";
import { urlPart } from "../domain/url-part.ts";
import type { RegistryConnection } from "./registry-connection.ts";

/** The forms of a manifest, for an `Accept` header: a registry answers 404 for a form that is not listed. */
export const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** An image in a repository, by a tag or a digest. */
export interface ManifestReference {
  readonly repository: string;
  readonly reference: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The platforms of an image, as `linux/amd64`; undefined if they cannot be read. Azure keeps image configurations in a
 * storage account. No credential is sent there.
 * Forms: https://github.com/opencontainers/image-spec/blob/main/image-index.md and config.md
 */
export async function platformsOf(
  registry: RegistryConnection,
  token: string,
  { repository, reference }: ManifestReference,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const bearer = { Authorization: `Bearer ${token}` };
  const manifest = await registry.ask(
    "GET",
    `/v2/${repository}/manifests/${urlPart(reference)}`,
    { ...bearer, Accept: manifestTypes },
    signal,
  );
  if (manifest.status !== 200) return undefined;
  const document = parse(manifest.body);
  if (Array.isArray(document["manifests"])) {
    const named = document["manifests"].map((item) => platformIn(record(record(item)["platform"])));
    // An index also lists attestations, which have no platform.
    return [
      ...new Set(named.filter((platform) => platform !== undefined && platform !== "unknown/unknown")),
    ].map(String);
  }
  const digest = record(document["config"])["digest"];
  if (typeof digest !== "string" || !/^[a-z0-9]+:[a-f0-9]+$/.test(digest)) return undefined;
  const config = await registry.ask("GET", `/v2/${repository}/blobs/${digest}`, bearer, signal);
  const body = config.status === 200 ? config.body : await stored(registry, config.headers.location, signal);
  const platform = body && platformIn(parse(body));
  return platform === undefined ? undefined : [platform];
}

/** Reads a blob from the storage account that the registry redirects to. The address alone gives access to it. */
async function stored(
  registry: RegistryConnection,
  location: string | undefined,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const url = location !== undefined && URL.canParse(location) ? new URL(location) : undefined;
  if (url?.protocol !== "https:" || url.username !== "") return undefined;
  const agent = registry.agentFor(new URL(url.origin));
  try {
    const answer = await exchange(
      { method: "GET", url, headers: { "User-Agent": "acr-pull" }, agent },
      signal,
    );
    return answer.status === 200 ? answer.body : undefined;
  } catch (error) {
    signal.throwIfAborted();
    // The platforms are optional, and a firewall in front of the storage account says nothing about the image.
    if (error instanceof Error) return undefined;
    throw error;
  } finally {
    agent.destroy();
  }
}

function platformIn({ os, architecture }: Json): string | undefined {
  return typeof os === "string" && typeof architecture === "string" ? `${os}/${architecture}` : undefined;
}

function parse(body: Buffer): Json {
  try {
    return record(JSON.parse(body.toString("utf8")));
  } catch {
    return {};
  }
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}
