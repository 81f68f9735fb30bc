/** The time, for comparing and for waiting. */
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
   * The namespace that the process number belongs to: containers on one machine may share everything else. Undefined
   * if there is only one namespace.
   */
  readonly pidNamespace: string | undefined;
  readonly pid: number;
  /** When it started, in the system's own form; undefined if the system does not say. */
  readonly start: string | undefined;
  /**
   * Whether a process in the same namespace still runs.
   * @param start when it started, because its number may be reused; undefined if unknown
   */
  isAlive(pid: number, start: string | undefined): boolean;
}
