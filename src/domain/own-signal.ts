import { setMaxListeners } from "node:events";

/**
 * Does one piece of work under a signal of its own, which aborts with another one, or by hand. What AbortSignal.any
 * makes stays with the other signal until memory is cleaned up, and a run of ten thousand requests has one signal.
 * @param patienceMs how much later than the other one it aborts, in milliseconds
 */
export async function underOwnSignal<T>(
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
  // Node would warn on the user's screen when more than ten listen to one signal.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", follow, { once: true });
  try {
    return await work(own);
  } finally {
    signal.removeEventListener("abort", follow);
    clearTimeout(following);
  }
}
