/** An image as a pod names it, taken apart. */
export interface ImageName {
  /** Host and port, in the letter case they were written in. */
  readonly host: string;
  readonly repository: string;
  /** A tag, or a digest where there is one: that is what is pulled. */
  readonly reference: string;
}

/**
 * Takes an image's name apart as a container runtime does. The first part is a host only when it has a dot or a port,
 * or is `localhost`; an image without one is Docker Hub's.
 * Source: https://github.com/distribution/reference/blob/main/normalize.go
 */
export function imageName(text: string): ImageName {
  const [name = "", digest] = text.split("@", 2);
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const hasHost = /[.:]/.test(first) || first === "localhost";
  const rest = hasHost ? name.slice(slash + 1) : name;
  const colon = rest.lastIndexOf(":");
  return {
    host: hasHost ? first : "docker.io",
    repository: colon < 0 ? rest : rest.slice(0, colon),
    reference: digest ?? (colon < 0 ? "latest" : rest.slice(colon + 1)),
  };
}

/** A repository with a tag or a digest, as people write it. */
export function imageText({
  repository,
  tag,
}: {
  readonly repository: string;
  readonly tag?: string | undefined;
}): string {
  return tag === undefined ? repository : `${repository}${tag.includes(":") ? "@" : ":"}${tag}`;
}
