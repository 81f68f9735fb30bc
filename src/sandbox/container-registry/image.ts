import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** A manifest, configuration or layer. */
export interface Blob {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** A whole image. */
export interface Image {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const configType = "application/vnd.docker.container.image.v1+json";
const layerType = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/** The digest of content, as registries write it. */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

const indexType = "application/vnd.oci.image.index.v1+json";

/**
 * An index of the small image for several platforms.
 * https://github.com/opencontainers/image-spec/blob/main/image-index.md
 * @param platforms such as `linux/arm64`
 */
export function smallIndex(platforms: readonly string[]): {
  readonly index: Blob;
  readonly images: readonly Image[];
} {
  const images = platforms.map((platform) => smallImage(platform));
  const manifests = images.map(({ manifest }, number) => {
    const [os, architecture] = (platforms[number] ?? "").split("/");
    return { ...descriptor(manifest), platform: { os, architecture } };
  });
  return { index: blob(indexType, json({ schemaVersion: 2, mediaType: indexType, manifests })), images };
}

/**
 * The one small image that every repository of the sandbox holds: a single text file, the same bytes on every
 * machine, in the form that `docker push` writes.
 * @param platform the platform that the image names
 */
export function smallImage(platform = "linux/amd64"): Image {
  const [os, architecture] = platform.split("/");
  const tar = tarOf("hello.txt", Buffer.from("Hello from the acr-pull sandbox.\n"));
  // Stored, not compressed: the compressor's output differs between versions of Node, and so would the digest.
  const layer = blob(layerType, gzipSync(tar, { level: 0 }));
  const config = blob(
    configType,
    json({
      architecture,
      os,
      created: "2026-01-01T00:00:00Z",
      config: { Env: ["PATH=/"], Cmd: ["/hello.txt"] },
      rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      history: [{ created: "2026-01-01T00:00:00Z", created_by: "acr-pull sandbox" }],
    }),
  );
  const manifest = blob(
    manifestType,
    json({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(config),
      layers: [descriptor(layer)],
    }),
  );
  return { manifest, config, layers: [layer] };
}

function blob(mediaType: string, bytes: Buffer): Blob {
  return { digest: digestOf(bytes), mediaType, bytes };
}

function descriptor({ mediaType, bytes, digest }: Blob): Record<string, unknown> {
  return { mediaType, size: bytes.length, digest };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A tar archive of one file (POSIX ustar: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html). */
function tarOf(name: string, content: Buffer): Buffer {
  const block = 512;
  const header = Buffer.alloc(block);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * block)]);
}
