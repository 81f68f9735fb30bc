import { setTimeout as sleep } from "node:timers/promises";
import type { PullingPod, PullOutcome, RealNode } from "./real-node.ts";

/** Pulls that go on beside what a test does. */
export interface Pulls {
  /** Waits until so many more have begun and ended. */
  more(count: number): Promise<void>;
  /** Begins no more, and waits for those under way. */
  end(): Promise<{ readonly count: number; readonly failures: readonly PullOutcome[] }>;
}

const everyMs = 300;
/** A machine that is slower than that begins the next when one has ended. */
const atOnce = 12;

/** Begins a pull every 300 ms, by one of the pods after the other. One whose end could not be seen has failed. */
export function startPulls(node: RealNode, pods: readonly PullingPod[]): Pulls {
  const outcomes: PullOutcome[] = [];
  const running = new Set<Promise<void>>();
  const stop = new AbortController();
  let begun = 0;

  const pull = async (pod: PullingPod): Promise<void> => {
    const unseen = (error: unknown) => ({ pod: pod.namespace, pulled: false, message: String(error) });
    outcomes.push(await node.pull(pod).catch(unseen));
  };
  const loop = (async () => {
    while (!stop.signal.aborted) {
      const pod = pods[begun % pods.length];
      if (pod && running.size < atOnce) {
        begun += 1;
        const one = pull(pod).finally(() => running.delete(one));
        running.add(one);
      }
      await sleep(everyMs);
    }
  })();
  return {
    async more(count) {
      // Those that are under way may have looked at the secret long ago.
      const enough = outcomes.length + running.size + count;
      while (outcomes.length < enough) await sleep(everyMs);
    },
    async end() {
      stop.abort();
      await loop;
      await Promise.all(running);
      return { count: outcomes.length, failures: outcomes.filter(({ pulled }) => !pulled) };
    },
  };
}
