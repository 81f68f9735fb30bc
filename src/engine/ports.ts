/*
 * What the engine needs of the outside world beyond the ports of core/ports.ts. Only types.
 */

/** A file beside documents that holds a state. */
export interface StateFile {
  /** Its path, as messages name it. */
  readonly path: string;
  /**
   * Undefined if there is none.
   * @throws ActionableError `manifest.unreadable`, exit 2, if it is a link or anything else but a file
   */
  read(): Promise<string | undefined>;
  /** Replaces it as a whole, or makes it. @throws ActionableError `manifest.unwritable`, exit 2 */
  write(text: string): Promise<void>;
  /** Succeeds if it is already gone. */
  remove(): Promise<void>;
}

/** Documents that hold secrets, and the states beside them. */
export interface Documents {
  /** Their file or folder, as it was named. */
  readonly path: string;
  stateOf(loginServer: string): StateFile;
  allStates(): Promise<readonly StateFile[]>;
}
