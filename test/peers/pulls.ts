import { setTimeout as sleep } from "node:timers/promises";
import type { PullingPod, PullOutcome, RealNode } from "./real-node.ts";

/** Pulls that run while a test does its work. */
export interface Pulls {
  /** Waits until this many more have begun and ended. */
  more(count: number): Promise<void>;
  /** Begins no more, and waits for those that are under way. */
  end(): Promise<{ readonly count: number; readonly failures: readonly PullOutcome[] }>;
}

const everyMs = 300;
/** The most pulls at once. A slow machine begins the next one when one has ended. */
const atOnce = 12;

/** Begins a pull every 300 ms, for each pod in turn. A pull whose end could not be seen counts as failed. */
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
      // Pulls that are under way may have read the secret long ago.
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
