import { formatDuration } from "./duration.ts";
import { ExchangeError } from "./http-exchange.ts";
import { underOwnSignal } from "./own-signal.ts";

/** No list that acr-pull reads comes near it. */
const mostPages = 10_000;
/** Node's timers count no further: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const longestTimerMs = 2 ** 31 - 1;

/** A list that is being read. */
export interface Pages {
  /** Aborted also when the list has not come to its end in time. */
  readonly signal: AbortSignal;
  /**
   * To be called before each page but the first, with what names it.
   * @throws ExchangeError for a list that leads back to one of its own pages, or has 10,000
   */
  goOn(page: string): void;
  /** To be called when the list is read anew from its first page, for it may have changed: the time goes on. */
  beginAgain(): void;
}

/**
 * Reads a list page after page, and makes sure that it ends. What was read of one that does not end is never given: it
 * would pass for all there is.
 * @param limitMs of the pages after the first, for whoever has to sign in before that takes his time
 * @throws ExchangeError; the signal's reason when it aborts
 */
export async function readPages<T>(
  limitMs: number,
  signal: AbortSignal,
  read: (pages: Pages) => Promise<T>,
): Promise<T> {
  return underOwnSignal(signal, async (own) => {
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
          if (seen.has(page)) throw withoutEnd("leads back to a page that was read already");
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
