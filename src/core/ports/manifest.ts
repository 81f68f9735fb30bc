/**
 * Documents that somebody else applies to a cluster: what would be written to the cluster's secrets and service accounts
 * is written to them instead.
 */
export interface Manifest {
  /** A file or a folder; `-` for standard output. */
  readonly path: string;
  /** Whether each document is sealed before it is written. */
  readonly seals: boolean;
  /** Hands over what is not in a file: the whole of it, when it was given to `-`. */
  publish(): void;
}
