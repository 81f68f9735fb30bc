import { digestOf } from "./image.ts";
import type { ImageStore } from "./image-store.ts";
import { registryAnswer, registryError, type Scope } from "./answers.ts";
import type { Blob } from "./image.ts";
import { accessRefusal } from "./guard.ts";
import type { RegistryTokens } from "./registry-token.ts";
import { jsonBody, type Route, type SandboxRequest, type SandboxResponse } from "../service.ts";
import type { RegistryRecord, World } from "../world.ts";

/*
 * The content of a registry: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */

type Handler = (
  request: SandboxRequest,
  repository: string,
  parameters: Readonly<Record<string, string>>,
) => SandboxResponse;

/** `/v2/` and everything below it, and the tags as `az acr repository` asks for them. */
export function contentRoutes(
  world: World,
  registry: RegistryRecord,
  tokens: RegistryTokens,
  store: ImageStore,
): Route[] {
  const api = new ContentApi(world, store);
  const guard = (request: SandboxRequest, scope?: Scope) =>
    accessRefusal(world, registry, tokens, request, scope);

  function route(method: string, rest: string, actions: readonly string[], handle: Handler): Route {
    return {
      method,
      pattern: new RegExp(`^/v2/(?<repository>.+?)/${rest}$`),
      handle: async (request, parameters) => {
        const { repository: name = "" } = parameters;
        const refused = await guard(request, { type: "repository", name, actions });
        if (refused) return refused;
        if (!repositoryForm.test(name)) return registryError(400, "NAME_INVALID", "invalid repository name");
        return handle(request, name, parameters);
      },
    };
  }

  const manifests = "manifests/(?<reference>[^/]+)";
  const blobs = "blobs/(?<digest>[a-z0-9]+:[a-f0-9]+)";
  const uploads = "blobs/uploads/?";
  const upload = "blobs/uploads/(?<id>[^/]+)";
  const pull = ["pull"];
  const push = ["pull", "push"];
  return [
    {
      method: "GET",
      pattern: /^\/v2\/?$/,
      handle: async (request) => (await guard(request)) ?? registryAnswer(200, {}),
    },
    {
      method: "GET",
      pattern: /^\/v2\/_catalog$/,
      handle: async (request) =>
        (await guard(request, { type: "registry", name: "catalog", actions: ["*"] })) ?? api.catalog(request),
    },
    {
      method: "GET",
      pattern: /^\/acr\/v1\/(?<name>.+)\/_tags$/,
      handle: async (request, { name = "" }) =>
        (await guard(request, { type: "repository", name, actions: ["metadata_read"] })) ??
        api.tagsWithAttributes(request, name, registry.loginServer),
    },
    route("GET", "tags/list", pull, (request, name) => api.tags(request, name)),
    route("GET", manifests, pull, (request, name, rest) => api.manifest(request, name, rest)),
    route("HEAD", manifests, pull, (request, name, rest) => api.manifest(request, name, rest)),
    route("PUT", manifests, push, (request, name, rest) => api.putManifest(request, name, rest)),
    route("DELETE", manifests, ["delete"], (_request, name, rest) => api.deleteManifest(name, rest)),
    route("POST", uploads, push, (request, name) => api.beginUpload(request, name)),
    route("PATCH", upload, push, (request, name, rest) => api.appendUpload(request, name, rest)),
    route("PUT", upload, push, (request, name, rest) => api.endUpload(request, name, rest)),
    route("GET", blobs, pull, (_request, name, rest) => api.blob(name, rest)),
    route("HEAD", blobs, pull, (_request, name, rest) => api.blob(name, rest)),
  ];
}

const repositoryForm = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tagForm = /^\w[\w.-]{0,127}$/;

class ContentApi {
  readonly #world: World;
  readonly #store: ImageStore;

  constructor(world: World, store: ImageStore) {
    this.#world = world;
    this.#store = store;
  }

  catalog(request: SandboxRequest): SandboxResponse {
    const { items, headers } = section(request, this.#store.repositories());
    return registryAnswer(200, { repositories: items }, headers);
  }

  tags(request: SandboxRequest, name: string): SandboxResponse {
    const all = this.#store.tags(name);
    if (all.length === 0) return unknownName(name);
    const { items, headers } = section(request, all);
    return registryAnswer(200, { name, tags: items }, headers);
  }

  /** https://learn.microsoft.com/rest/api/containerregistry/registry-artifacts */
  tagsWithAttributes(request: SandboxRequest, imageName: string, loginServer: string): SandboxResponse {
    const all = this.#store.tags(imageName);
    if (all.length === 0) return unknownName(imageName);
    const { items, headers } = section(request, all);
    const time = "2026-01-01T00:00:00.0000000Z";
    const tags = items.map((name) => ({
      name,
      digest: this.#store.manifest(imageName, name)?.digest,
      createdTime: time,
      lastUpdateTime: time,
      signed: false,
      changeableAttributes: { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true },
    }));
    return registryAnswer(200, { registry: loginServer, imageName, tags }, headers);
  }

  manifest(
    request: SandboxRequest,
    name: string,
    { reference = "" }: Readonly<Record<string, string>>,
  ): SandboxResponse {
    if (!this.#store.repositories().includes(name)) return unknownName(name);
    const manifest = this.#store.manifest(name, reference);
    if (!manifest) {
      return registryError(404, "MANIFEST_UNKNOWN", `manifest tagged by "${reference}" is not found`, {
        Tag: reference,
      });
    }
    if (!accepts(request, manifest.mediaType)) {
      return registryError(
        404,
        "MANIFEST_UNKNOWN",
        `manifest of ${manifest.mediaType} found, but accept header does not support it`,
      );
    }
    return contentAnswer(manifest);
  }

  putManifest(
    request: SandboxRequest,
    name: string,
    { reference = "" }: Readonly<Record<string, string>>,
  ): SandboxResponse {
    const manifest = jsonBody(request);
    const mediaType = request.headers["content-type"] ?? "";
    if (!manifest || manifest["schemaVersion"] !== 2 || !/manifest|index/.test(mediaType)) {
      return registryError(400, "MANIFEST_INVALID", "manifest invalid");
    }
    const byDigest = reference.includes(":");
    if (byDigest ? reference !== digestOf(request.body) : !tagForm.test(reference)) {
      return byDigest
        ? registryError(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        : registryError(400, "TAG_INVALID", "manifest tag did not match URI");
    }
    const missing = referenced(manifest).find(({ digest, among }) =>
      among === "blobs" ? !this.#store.blob(name, digest) : !this.#store.manifest(name, digest),
    );
    if (missing) {
      return registryError(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", {
        digest: missing.digest,
      });
    }
    const tag = byDigest ? undefined : reference;
    const { digest } = this.#store.putManifest(name, tag, mediaType, request.body);
    this.#world.committed(`manifest ${name}:${reference} pushed`);
    return registryAnswer(201, undefined, {
      location: `/v2/${name}/manifests/${digest}`,
      "docker-content-digest": digest,
    });
  }

  deleteManifest(name: string, { reference = "" }: Readonly<Record<string, string>>): SandboxResponse {
    if (!reference.includes(":")) return registryError(405, "UNSUPPORTED", "The operation is unsupported.");
    if (!this.#store.deleteManifest(name, reference)) {
      return registryError(404, "MANIFEST_UNKNOWN", "manifest unknown");
    }
    this.#world.committed(`manifest ${name}@${reference} deleted`);
    return registryAnswer(202);
  }

  beginUpload(request: SandboxRequest, name: string): SandboxResponse {
    const id = this.#store.beginUpload(name);
    if (request.query.has("digest")) return this.endUpload(request, name, { id });
    return registryAnswer(202, undefined, { ...uploadHeaders(name, id), range: "0-0" });
  }

  appendUpload(
    request: SandboxRequest,
    name: string,
    { id = "" }: Readonly<Record<string, string>>,
  ): SandboxResponse {
    const size = this.#store.appendUpload(name, id, request.body);
    if (size === undefined)
      return registryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    const range = `0-${Math.max(size - 1, 0)}`;
    return registryAnswer(202, undefined, { ...uploadHeaders(name, id), range });
  }

  endUpload(
    request: SandboxRequest,
    name: string,
    { id = "" }: Readonly<Record<string, string>>,
  ): SandboxResponse {
    if (this.#store.appendUpload(name, id, request.body) === undefined) {
      return registryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    }
    const bytes = this.#store.endUpload(id);
    const digest = digestOf(bytes);
    if (request.query.get("digest") !== digest) {
      return registryError(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    this.#store.putBlob(name, bytes);
    this.#world.committed(`blob ${name}@${digest} pushed`);
    return registryAnswer(201, undefined, {
      location: `/v2/${name}/blobs/${digest}`,
      "docker-content-digest": digest,
    });
  }

  blob(name: string, { digest = "" }: Readonly<Record<string, string>>): SandboxResponse {
    const blob = this.#store.blob(name, digest);
    return blob
      ? contentAnswer(blob)
      : registryError(404, "BLOB_UNKNOWN", "blob unknown to registry", { digest });
  }
}

function unknownName(name: string): SandboxResponse {
  return registryError(404, "NAME_UNKNOWN", "repository name not known to registry", { name });
}

function contentAnswer({ digest, mediaType, bytes }: Blob): SandboxResponse {
  return registryAnswer(200, bytes, { "content-type": mediaType, "docker-content-digest": digest });
}

function uploadHeaders(name: string, id: string): Record<string, string> {
  return { location: `/v2/${name}/blobs/uploads/${id}`, "docker-upload-uuid": id };
}

/** A client gets a manifest only if it accepts the manifest's media type. */
function accepts(request: SandboxRequest, mediaType: string): boolean {
  const accepted = (request.headers.accept ?? "").split(",").map((part) => part.split(";")[0]?.trim());
  return accepted.includes(mediaType) || accepted.includes("*/*");
}

/** The digests that a manifest or index refers to. */
function referenced(manifest: Record<string, unknown>): { digest: string; among: "blobs" | "manifests" }[] {
  const digests = (value: unknown) =>
    [value].flat().flatMap((item) => {
      const digest =
        typeof item === "object" && item !== null ? (item as { digest?: unknown }).digest : undefined;
      return typeof digest === "string" ? [digest] : [];
    });
  return [
    ...digests([manifest["config"], manifest["layers"]].flat()).map((digest) => ({
      digest,
      among: "blobs" as const,
    })),
    ...digests(manifest["manifests"]).map((digest) => ({ digest, among: "manifests" as const })),
  ];
}

/** The part of a list that the query asks for, with the link to the next part. */
function section(
  request: SandboxRequest,
  all: readonly string[],
): { readonly items: readonly string[]; readonly headers: Record<string, string> } {
  const last = request.query.get("last");
  const size = Number(request.query.get("n") ?? 100);
  const rest = last === null ? all : all.filter((item) => item > last);
  const items = rest.slice(0, size);
  if (items.length === rest.length || items.length === 0) return { items, headers: {} };
  const query = `last=${encodeURIComponent(items.at(-1) ?? "")}&n=${size}`;
  return { items, headers: { link: `<${request.path}?${query}>; rel="next"` } };
}
