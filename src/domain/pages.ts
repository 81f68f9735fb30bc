import { formatDuration } from "./duration.ts";
import { ExchangeError } from "./http-exchange.ts";
import { withOwnSignal } from "./own-signal.ts";

/** Far more than any list that acr-pull reads. */
const mostPages = 10_000;
/** The longest time that a timer of Node can have: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const longestTimerMs = 2 ** 31 - 1;

/** A list that is being read. */
export interface Pages {
  /** Also aborts if the list does not end in time. */
  readonly signal: AbortSignal;
  /**
   * Call it before each page except the first, with what identifies the page.
   * @throws ExchangeError for a list that leads back to one of its own pages, or has more than 10,000
   */
  goOn(page: string): void;
  /** Call it when the list is read again from its first page; the time limit stays. */
  beginAgain(): void;
}

/**
 * Reads a list page by page, and makes sure that it ends. An unfinished list is never returned, because it would be
 * taken for a complete one.
 * @param limitMs the time for the pages after the first; before the first, somebody may have to sign in
 * @throws ExchangeError; the signal's reason when it aborts
 */
export async function readPages<T>(
  limitMs: number,
  signal: AbortSignal,
  read: (pages: Pages) => Promise<T>,
): Promise<T> {
  return withOwnSignal(signal, async (own) => {
    const seen = new Set<string>();
    let count = 1;
    let timer: NodeJS.Timeout | undefined;
    const late = () =>
      own.abort(
        new ExchangeError("timed-out", undefined, `the list did not end within ${formatDuration(limitMs)}`),
      );
    try {
      return await read({
        signal: own.signal,
        goOn(page) {
          own.signal.throwIfAborted();
          timer ??= setTimeout(late, Math.min(limitMs, longestTimerMs));
          if (seen.has(page)) throw withoutEnd("leads back to an earlier page");
          seen.add(page);
          count += 1;
          if (count > mostPages) throw withoutEnd(`has more than ${mostPages} pages`);
        },
        beginAgain: () => seen.clear(),
      });
    } catch (error) {
      own.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  });
}

function withoutEnd(why: string): ExchangeError {
  return new ExchangeError("too-large", undefined, `the list ${why}`);
}
