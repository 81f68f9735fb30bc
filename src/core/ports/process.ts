/** Time, to wait for and to compare with. */
export interface Clock {
  now(): Date;
  /** Resolves after that many milliseconds; rejects when the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** This process, as other runs on this machine can identify it. */
export interface ProcessIdentity {
  readonly host: string;
  /** Changes when the machine restarts. */
  readonly boot: string;
  /**
   * The namespace that the process number belongs to: containers of one machine may share all else. Undefined: there is
   * only one.
   */
  readonly pidNamespace: string | undefined;
  readonly pid: number;
  /** When it started, in the system's own form; undefined if the system does not say. */
  readonly start: string | undefined;
  /**
   * Whether a process of the same namespace still runs.
   * @param start when it started, because its number may be reused; undefined: not known
   */
  isAlive(pid: number, start: string | undefined): boolean;
}
