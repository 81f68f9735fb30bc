import { setMaxListeners } from "node:events";

/**
 * Runs work with a signal of its own, which aborts with another signal or by hand. A signal made by AbortSignal.any
 * stays attached to the other one until garbage collection, and one signal serves all ten thousand requests of a run.
 * @param patienceMs how much later than the other signal it aborts, in milliseconds
 */
export async function withOwnSignal<T>(
  signal: AbortSignal,
  work: (own: AbortController) => Promise<T>,
  patienceMs = 0,
): Promise<T> {
  signal.throwIfAborted();
  const own = new AbortController();
  let following: NodeJS.Timeout | undefined;
  const abort = () => own.abort(signal.reason);
  const follow = () => {
    if (patienceMs === 0) abort();
    else following = setTimeout(abort, patienceMs);
  };
  // With more than ten listeners on one signal Node would print a warning.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", follow, { once: true });
  try {
    return await work(own);
  } finally {
    signal.removeEventListener("abort", follow);
    clearTimeout(following);
  }
}
