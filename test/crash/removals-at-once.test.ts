import { afterAll, describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { remove, rotate, secretOf, setup, type Run } from "../program.ts";
import { expectDepartures } from "../scenarios/removal.ts";
import { meetAtTheMark } from "./meeting.ts";
import { expectNothingLeft } from "./removals.ts";
import { fiveNamespaces, setUp } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

function failed(runs: readonly Run[]) {
  return runs.filter(({ code }) => code !== 0).map(({ code, stderr, stdout }) => [code, stderr, stdout]);
}

/** The namespaces that still have a secret. */
function left(sandbox: Sandbox): string[] {
  return fiveNamespaces.filter((namespace) => secretOf(sandbox, namespace) !== undefined);
}

describe("removals at once", { timeout: 300_000 }, () => {
  it("of the same: one removes, the other waits and finds nothing left", async () => {
    await worlds.use(setUp, async (sandbox) => {
      expectDepartures(sandbox);
      meetAtTheMark(sandbox, 2);
      const runs = await Promise.all([remove(sandbox), remove(sandbox)]);
      expect(failed(runs)).toEqual([]);
      const counts = runs
        .map(({ json }) => json.removed.length as number)
        .toSorted((one, other) => one - other);
      expect(counts).toEqual([0, 9]);
      expectNothingLeft(sandbox);
    });
  });

  it("of different namespaces: both are done, and the key goes with the last secret", async () => {
    await worlds.use(setUp, async (sandbox) => {
      expectDepartures(sandbox);
      const half = (some: readonly string[]) => some.flatMap((namespace) => ["-n", namespace]);
      meetAtTheMark(sandbox, 2);
      const runs = await Promise.all([
        remove(sandbox, half(fiveNamespaces.slice(0, 2))),
        remove(sandbox, half(fiveNamespaces.slice(2))),
      ]);
      expect(failed(runs)).toEqual([]);
      expect(left(sandbox)).toEqual([]);
      expectNothingLeft(sandbox);
    });
  });

  it("and a rotation: they take turns, and nothing is left", async () => {
    await worlds.use(setUp, async (sandbox) => {
      expectDepartures(sandbox);
      meetAtTheMark(sandbox, 2);
      const [removed, rotated] = await Promise.all([remove(sandbox), rotate(sandbox)]);
      expect(removed.code, removed.stderr).toBe(0);
      // It came first, or found nothing left.
      expect([0, 2], rotated.stderr).toContain(rotated.code);
      expect(left(sandbox)).toEqual([]);
      expectNothingLeft(sandbox);
    });
  });

  it("and a setup that copies the key: they take turns, and no key is left that nothing leads to", async () => {
    await worlds.use(setUp, async (sandbox) => {
      expectDepartures(sandbox);
      meetAtTheMark(sandbox, 2);
      const runs = await Promise.all([
        remove(sandbox),
        setup(sandbox, ["-n", "beta", "--secret-name", "other"]),
      ]);
      expect(failed(runs)).toEqual([]);
      expect(sandbox.invariants.unknownKeys()).toEqual([]);
      const again = await remove(sandbox);
      expect(again.code, again.stderr).toBe(0);
      expectNothingLeft(sandbox);
    });
  });
});
