import type { Clock, Directory } from "../ports.ts";
import type { Report } from "../progress.ts";

/** What a step in the directory takes. */
export interface DirectoryTools {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly report: Report;
  /** Bounds each wait for the directory. */
  readonly timeoutMs: number;
}
