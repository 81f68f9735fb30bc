import { v4 as uuid } from "uuid";
import { digestOf, smallImage, smallIndex, type Blob } from "./image.ts";
import type { RegistryRecord } from "../world.ts";

interface Content {
  readonly blobs: Map<string, Blob>;
  readonly manifests: Map<string, Blob>;
  readonly tags: Map<string, string>;
}

interface Upload {
  readonly repository: string;
  readonly chunks: Buffer[];
}

/**
 * The content of a registry. Its tags are the world's `registry.images`; a tag that nobody pushed is the small image.
 * Each piece of content belongs to one repository, as in a real registry.
 */
export class ImageStore {
  readonly #registry: RegistryRecord;
  readonly #small = smallImage();
  readonly #contents = new Map<string, Content>();
  readonly #uploads = new Map<string, Upload>();

  constructor(registry: RegistryRecord) {
    this.#registry = registry;
  }

  repositories(): string[] {
    return [...new Set(this.#registry.images.map(({ repository }) => repository))].sort();
  }

  tags(repository: string): string[] {
    return this.#registry.images
      .filter((image) => image.repository === repository)
      .map(({ tag }) => tag)
      .sort();
  }

  /** A manifest by tag or digest. */
  manifest(repository: string, reference: string): Blob | undefined {
    const digest = reference.includes(":") ? reference : this.#tagged(repository, reference);
    if (digest === undefined) return undefined;
    const { manifest } = this.#small;
    const pushed =
      this.#contents.get(repository)?.manifests.get(digest) ??
      this.#indexed(repository).find((blob) => blob.digest === digest);
    return pushed ?? (digest === manifest.digest && this.#holdsSmall(repository) ? manifest : undefined);
  }

  blob(repository: string, digest: string): Blob | undefined {
    const pushed =
      this.#contents.get(repository)?.blobs.get(digest) ??
      this.#indexed(repository).find((blob) => blob.digest === digest);
    if (pushed ?? !this.#holdsSmall(repository)) return pushed;
    return [this.#small.config, ...this.#small.layers].find((blob) => blob.digest === digest);
  }

  putBlob(repository: string, bytes: Buffer): Blob {
    const blob = { digest: digestOf(bytes), mediaType: "application/octet-stream", bytes };
    this.#content(repository).blobs.set(blob.digest, blob);
    return blob;
  }

  /** Stores a manifest, under a tag if one is given. */
  putManifest(repository: string, tag: string | undefined, mediaType: string, bytes: Buffer): Blob {
    const manifest = { digest: digestOf(bytes), mediaType, bytes };
    const content = this.#content(repository);
    content.manifests.set(manifest.digest, manifest);
    if (tag !== undefined) {
      content.tags.set(tag, manifest.digest);
      if (!this.tags(repository).includes(tag)) this.#registry.images.push({ repository, tag });
    }
    return manifest;
  }

  /** Removes a manifest and the tags that name it. Returns false if there is no such manifest. */
  deleteManifest(repository: string, digest: string): boolean {
    if (!this.manifest(repository, digest)) return false;
    const { images } = this.#registry;
    for (const tag of this.tags(repository)) {
      if (this.#tagged(repository, tag) !== digest) continue;
      this.#contents.get(repository)?.tags.delete(tag);
      images.splice(
        images.findIndex((image) => image.repository === repository && image.tag === tag),
        1,
      );
    }
    this.#contents.get(repository)?.manifests.delete(digest);
    return true;
  }

  /** Begins an upload and returns its id. */
  beginUpload(repository: string): string {
    const id = uuid();
    this.#uploads.set(id, { repository, chunks: [] });
    return id;
  }

  /** Appends to an upload. Returns its size in bytes, or undefined if there is no such upload. */
  appendUpload(repository: string, id: string, chunk: Buffer): number | undefined {
    const upload = this.#uploads.get(id);
    if (upload?.repository !== repository) return undefined;
    upload.chunks.push(chunk);
    return upload.chunks.reduce((total, { length }) => total + length, 0);
  }

  /** Ends an upload and returns its content. */
  endUpload(id: string): Buffer {
    const chunks = this.#uploads.get(id)?.chunks ?? [];
    this.#uploads.delete(id);
    return Buffer.concat(chunks);
  }

  #tagged(repository: string, tag: string): string | undefined {
    if (!this.tags(repository).includes(tag)) return undefined;
    const pushed = this.#contents.get(repository)?.tags.get(tag);
    if (pushed !== undefined) return pushed;
    const { platforms } = this.#registry.images.find(
      (image) => image.repository === repository && image.tag === tag,
    ) ?? { platforms: undefined };
    return platforms ? smallIndex(platforms).index.digest : this.#small.manifest.digest;
  }

  /** The repository's indexes that existed from the start, and every part of their images. */
  #indexed(repository: string): Blob[] {
    return this.#registry.images.flatMap(({ repository: name, platforms }) => {
      if (name !== repository || !platforms) return [];
      const { index, images } = smallIndex(platforms);
      return [index, ...images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers])];
    });
  }

  /** Whether any tag of the repository existed from the start and was not pushed since. */
  #holdsSmall(repository: string): boolean {
    const pushed = this.#contents.get(repository)?.tags;
    return this.tags(repository).some((tag) => !pushed?.has(tag));
  }

  #content(repository: string): Content {
    const content = this.#contents.get(repository) ?? {
      blobs: new Map<string, Blob>(),
      manifests: new Map<string, Blob>(),
      tags: new Map<string, string>(),
    };
    this.#contents.set(repository, content);
    return content;
  }
}
