import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { systemClock } from "../../src/cli/this-machine.ts";

it("sleeps also for longer than one timer lasts, until it is told to stop", async () => {
  const stop = new AbortController();
  let over = false;
  const slept = systemClock.sleep(60 * 86_400_000, stop.signal).finally(() => (over = true));
  // A timer with too long a delay fires in the next millisecond.
  await sleep(20);
  expect(over).toBe(false);
  stop.abort();
  await expect(slept).rejects.toThrow("aborted");
});

it("sleeps no longer than told, and not at all when it was told to stop before", async () => {
  await systemClock.sleep(0, new AbortController().signal);
  await expect(systemClock.sleep(0, AbortSignal.abort())).rejects.toThrow("aborted");
});
