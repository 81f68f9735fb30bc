/** How a run ended, as the process's exit code. A published contract: numbers never change their meaning. */
export const exitCode = {
  /** Done, or looked and everything is in order. */
  ok: 0,
  /** Failed, was busy or timed out; `error.retryable` says whether the same command may succeed later. */
  failed: 1,
  /** Bad usage, missing input, or refused; nothing was written. */
  usage: 2,
  /** Not signed in, or a right is missing; nothing was written. */
  notAllowed: 3,
  /** Interrupted; the same command again is safe and continues. */
  incomplete: 4,
  /** Only looked, and something is not in order. */
  notInOrder: 5,
  /** SIGINT. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

/** One of the documented exit codes. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
