import type { Clock, Directory } from "../ports.ts";
import type { Report } from "../progress.ts";

/** What a step in the directory needs. */
export interface DirectoryTools {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly report: Report;
  /** The limit of each wait for the directory. */
  readonly timeoutMs: number;
}
