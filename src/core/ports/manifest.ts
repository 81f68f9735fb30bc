/**
 * Documents that somebody else applies to a cluster. acr-pull writes them instead of the cluster's secrets and
 * service accounts.
 */
export interface Manifest {
  /** A file or a folder. */
  readonly path: string;
  /** Whether each document is sealed before it is written. */
  readonly seals: boolean;
}
