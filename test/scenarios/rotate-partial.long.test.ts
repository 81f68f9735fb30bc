import { expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { clusterOf, rotatePartly, teams } from "./partial-rotation.ts";

const namespaces = teams(200);
const trials = 20;

it(`rotate of ${namespaces.length} namespaces, of which 6 cannot be written once the key was made: writes 194, then 6`, async () => {
  for (let trial = 1; trial <= trials; trial += 1) {
    // Never the first, which carries the mark. That is a case of its own.
    const broken = Array.from(
      { length: 6 },
      (_none, index) => namespaces[1 + ((trial * 31 + index * 33) % 199)]!,
    );
    const sandbox = await startSandbox({ checkInvariants: true, ...clusterOf(namespaces) });
    try {
      const [one = "", two = "", ...forbidden] = broken;
      const counts = await rotatePartly(sandbox, namespaces, { forbidden, denied: [one], immutable: [two] });
      expect(counts, `trial ${trial}`).toEqual({ first: 194, second: 6 });
      expect(sandbox.violations, `trial ${trial}`).toEqual([]);
    } finally {
      await sandbox.close();
    }
  }
  console.log(
    `${trials} trials of ${namespaces.length} namespaces: 194 written, 6 listed, and 6 in the next run`,
  );
});
