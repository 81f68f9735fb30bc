import pMap from "p-map";
import { expect, it } from "vitest";
import { rotateAmidFaults } from "./random-faults.ts";

const namespaces = 200;
const seeds = 100;

it(`rotate of ${namespaces} namespaces, 5 of 100 requests failing at random: loses nothing, and asks little more`, async () => {
  const undisturbed = await rotateAmidFaults(namespaces, 0, 0);
  const begun = performance.now();
  const done = await pMap(
    Array.from({ length: seeds }, (_none, index) => index + 1),
    async (seed) => rotateAmidFaults(namespaces, seed, 0.05),
    { concurrency: 2 },
  );
  const most = Math.max(...done.map(({ requests }) => requests)) / undisturbed.requests;
  const struck = done.reduce((sum, one) => sum + one.struck, 0);
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(
    `${seeds} seeds of ${namespaces} namespaces: ${undisturbed.requests} requests undisturbed, at most ${most.toFixed(3)} times as many, ${struck} faults met, 0 lost, ${seconds} s`,
  );
  expect(most).toBeLessThanOrEqual(1.2);
});
