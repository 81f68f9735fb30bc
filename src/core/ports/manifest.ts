/**
 * Documents that somebody else applies to a cluster. acr-pull writes them instead of the cluster's secrets and
 * service accounts.
 */
export interface Manifest {
  /** A file or a folder; `-` for standard output. */
  readonly path: string;
  /** Whether each document is sealed before it is written. */
  readonly seals: boolean;
  /**
   * Prints the whole manifest if its path is `-`. Otherwise does nothing.
   * @throws ActionableError `manifest.unwritable`, exit 4, if nobody reads it
   */
  publish(): Promise<void>;
}
