import fc from "fast-check";
import { expect } from "vitest";
import { pullRights } from "../../src/sandbox/container-registry/pull-rights.ts";
import { entriesFor } from "../../src/sandbox/kubernetes/kubelet-keyring.ts";
import { entriesOf, isPullSecret } from "../../src/sandbox/pull-secret-content.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, livePasswords } from "../program.ts";
import { expectDepartures } from "../scenarios/removal.ts";
import { both, inSandbox } from "./cut-off.ts";
import { expectOrder, type Driven } from "./drive.ts";

const minute = 60_000;
const longestLagMs = 5 * minute;

/** Watches that a secret that every replica let pull goes on pulling by every replica. */
class Pulls {
  readonly broken: string[] = [];
  readonly #whole = new Set<string>();
  readonly #sandbox: Sandbox;
  #isOver = false;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    const { world } = sandbox;
    const { committed } = world;
    world.committed = (what) => {
      committed(what);
      this.look(what);
    };
  }

  /** What comes next may break pulls. */
  forgive(): void {
    this.#isOver = true;
  }

  look(after: string): void {
    if (this.#isOver) return;
    const { world } = this.#sandbox;
    const registry = world.registries[0]!;
    const image = `${registry.loginServer}/my-awesome-app`;
    for (const secret of (world.clusters[0]!.objects["secrets"] ?? []).filter(isPullSecret)) {
      const { namespace = "", name } = secret.metadata;
      const tried = entriesFor(entriesOf(secret), image);
      const isWhole = world.replication
        .all()
        .every((view) =>
          tried.some(
            ({ username, password }) =>
              pullRights(world, registry, username, password, view).kind === "admitted",
          ),
        );
      const place = `${namespace}/${name}`;
      if (isWhole) this.#whole.add(place);
      else if (this.#whole.has(place)) this.broken.push(`${place} after ${after}`);
    }
  }
}

/**
 * A whole life while five replicas of Azure learn of each write up to five minutes late, each at its own time.
 * @throws the failed expectation
 */
export async function liveWhileReplicasLag(seed: number): Promise<void> {
  const pauses = fc.sample(
    fc.integer({ min: 0, max: 45 }).map((minutes) => minutes * minute),
    {
      seed,
      numRuns: 8,
    },
  );
  const pause = () => pauses.shift() ?? 0;
  const options = {
    replicas: 5,
    replication: "random",
    replicationLag: longestLagMs,
    seed: `lag ${seed}`,
  } as const;
  await inSandbox(options, async (sandbox, engine) => {
    const pulls = new Pulls(sandbox);
    const done = async (run: () => Promise<Driven>, what: string, keys: number) => {
      const runs = [await run()];
      // What lags is refused with 1 or 4 at worst, and the same command goes on.
      while (runs.at(-1)?.code !== 0 && runs.length < 4) {
        engine.clock.advance(longestLagMs);
        runs.push(await run());
      }
      const said = runs.map(({ code, lines }) => `${code}\n${lines.join("\n")}`).join("\n---\n");
      expect(runs.at(-1)?.code, `${what}: ${said}`).toBe(0);
      expect(pulls.broken, `${what}: ${said}`).toEqual([]);
      try {
        expectOrder(sandbox, both, keys);
      } catch (error) {
        throw new Error(`${what}: ${said}\n${String(error)}`, { cause: error });
      }
      engine.clock.advance(pause());
    };
    await done(() => engine.setup(both), "setup", 1);
    await done(() => engine.setup(["default"]), "setup again", 1);
    await done(() => engine.rotate(), "rotate", 2);
    await done(() => engine.rotate({ mode: "finish" }), "finish", 1);
    await done(() => engine.rotate({ graceMs: 30 * minute }), "rotate with a short grace", 2);
    engine.clock.advance(31 * minute);
    await done(() => engine.rotate({ mode: "if due" }), "the daily run", 1);
    pulls.forgive();
    await done(() => engine.rotate({ mode: "compromised" }), "compromised", 1);
    expectDepartures(sandbox);
    let last = await engine.remove();
    for (let tries = 0; last.code !== 0 && tries < 3; tries += 1) {
      engine.clock.advance(longestLagMs);
      last = await engine.remove();
    }
    expect(last.code, last.lines.join("\n")).toBe(0);
    expect(livePasswords(sandbox)).toEqual([]);
    expect(liveAssignments(sandbox)).toEqual([]);
  });
}
