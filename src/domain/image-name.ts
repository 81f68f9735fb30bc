/** The parts of an image's name in a pod. */
export interface ImageName {
  /** Host and port, in their original letter case. */
  readonly host: string;
  readonly repository: string;
  /** The digest if there is one, because that is what is pulled; else the tag. */
  readonly reference: string;
}

/**
 * Parses an image's name as a container runtime does. The first part is a host only if it has a dot or a port, or is
 * `localhost`; without a host it is an image of Docker Hub.
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
