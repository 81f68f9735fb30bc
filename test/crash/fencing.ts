import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { expectOrder, keysEverMade } from "./kills.ts";
import { editMarks, rotateStarts, runOf, setupStarts, type Start } from "./starts.ts";
import { shapeOf } from "./world-shape.ts";
import type { Worlds } from "./worlds.ts";

/** The answer after which a run is held up: the nth to a request that looks like this. */
export interface Moment {
  readonly name: string;
  readonly start: Start;
  readonly request: RegExp;
  readonly nth: number;
}

const write = /PATCH .*\/secrets\/acr-secret\?(?!dryRun)/;
const { nothing } = setupStarts;
const { compromised, ordinary, finish } = rotateStarts;

/** The moments at which it makes a difference that a run is held up. */
export const moments: readonly Moment[] = [
  { name: "setup before its key was made", start: nothing, request: /POST .*\/applications\?/, nth: 1 },
  { name: "setup after its key was made", start: nothing, request: /POST .*addPassword/, nth: 1 },
  { name: "setup after its key was proven", start: nothing, request: /GET \/oauth2\/token/, nth: 1 },
  { name: "setup after its first secret was written", start: nothing, request: write, nth: 1 },
  { name: "rotate after it had set its mark", start: ordinary, request: write, nth: 1 },
  { name: "rotate after its key was made", start: ordinary, request: /POST .*addPassword/, nth: 1 },
  { name: "rotate after its first secret was written", start: ordinary, request: write, nth: 2 },
  { name: "rotate before it took the old key out of a secret", start: finish, request: write, nth: 1 },
  { name: "rotate when the old key was out of some secrets", start: finish, request: write, nth: 3 },
  {
    name: "rotate before it removed the old key",
    start: finish,
    request: /GET .*\/secrets\?fieldSelector/,
    nth: 2,
  },
  {
    name: "rotate after it had removed the old key",
    start: finish,
    request: /POST .*removePassword/,
    nth: 1,
  },
  { name: "rotate while it replaced a key that had leaked", start: compromised, request: write, nth: 4 },
  { name: "rotate while it retired a key that had leaked", start: compromised, request: write, nth: 9 },
];

/** Makes every pending mark look as if nobody had renewed it for more than a minute. */
export function ageMarks(sandbox: Sandbox): void {
  const moment = new Date(Date.now() - 61_000).toISOString();
  editMarks(sandbox, (text) => text.replaceAll(/"renewedAt":"[^"]*"/g, `"renewedAt":"${moment}"`));
}

/**
 * Stops a run at a moment, lets another one finish in its place, and then lets the first continue. The first must
 * undo nothing, write nothing to the cluster and remove no key in use.
 * @param letMarksGrowStale makes the other run believe that the first is dead
 */
export async function overtake(
  { start, request, nth }: Moment,
  worlds: Worlds,
  letMarksGrowStale: (sandbox: Sandbox) => Promise<void> | void,
): Promise<void> {
  await worlds.use(start.state, async (sandbox) => {
    const found = keysEverMade(sandbox);
    let signal: (name: NodeJS.Signals) => void = () => {};
    const stopped = new Promise<void>((resolve) => {
      let met = 0;
      const unobserve = sandbox.observe((reached, { method, path, query }) => {
        if (reached !== "answered" || !request.test(`${method} ${path}?${query}`)) return;
        met += 1;
        if (met < nth) return;
        unobserve();
        signal("SIGSTOP");
        resolve();
      });
    });
    let isEnded = false;
    const first = runOf(start, sandbox, {
      started: (send) => (signal = send),
      // It would wait, look again and do what it was asked to, which is another run's work.
      told: (text) => {
        if (isEnded || !text.includes("Waiting for another run")) return;
        isEnded = true;
        signal("SIGTERM");
      },
    });
    try {
      await stopped;
      await letMarksGrowStale(sandbox);
      const second = await runOf(start, sandbox);
      expect(second.code, second.stderr).toBe(0);
      expectOrder(sandbox, start, found);
      const left = shapeOf(sandbox);
      const before = sandbox.requests.entries.length;
      signal("SIGCONT");
      const run = await first;
      // Exit code 4 if it had already written something.
      expect([0, 1, 4, 143], run.stderr).toContain(run.code);
      expect([undefined, "busy", "interrupted"], run.stderr).toContain(run.json.error?.code);
      const writes = sandbox.requests.entries
        .slice(before)
        .filter(
          ({ mutating, service, status = 0 }) => mutating && service.startsWith("cluster") && status < 300,
        );
      expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
      expect(shapeOf(sandbox)).toBe(left);
      expectOrder(sandbox, start, found);
    } finally {
      signal("SIGCONT");
      signal("SIGKILL");
    }
  });
}
