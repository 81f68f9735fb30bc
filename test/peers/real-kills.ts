import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { counted } from "../crash/counted.ts";
import { recover, undisturbed, type Kill, type Undisturbed } from "../crash/kills.ts";
import { finishRemoval, removalStarts, undisturbedRemoval, type RemovalStart } from "../crash/removals.ts";
import {
  fiveNamespaces,
  fiveNamespacesWorld,
  inFiveNamespaces,
  rotateStarts,
  setupStarts,
  type Start,
} from "../crash/starts.ts";
import { Worlds } from "../crash/worlds.ts";
import { startCluster, type RealCluster } from "./real-cluster.ts";
import { relay } from "./relayed-sandbox.ts";

/** The commands that are killed: they create, replace, take back and remove. */
export const killed = {
  setup: setupStarts.nothing,
  linking: {
    ...setupStarts.nothing,
    name: "service accounts to link",
    arguments: [...inFiveNamespaces, "--service-account", "default"],
  },
  ordinary: rotateStarts.ordinary,
  finish: rotateStarts.finish,
  compromised: rotateStarts.compromised,
  removal: removalStarts.everything,
} satisfies Record<string, Start | RemovalStart>;

type Requests = Undisturbed["requests"];

/** Real clusters, each with a sandboxed Azure of its own. Each serves one case at a time. */
export class RealWorlds {
  readonly #clusters: readonly RealCluster[];
  readonly #idle: Worlds[];

  private constructor(clusters: readonly RealCluster[]) {
    this.#clusters = clusters;
    this.#idle = clusters.map(
      (cluster) =>
        new Worlds(async () => relay(await startSandbox(fiveNamespacesWorld), cluster, fiveNamespaces)),
    );
  }

  static async start(count: number): Promise<RealWorlds> {
    return new RealWorlds(await Promise.all(Array.from({ length: count }, startCluster)));
  }

  /**
   * Kills a command at each of these moments, and runs the same command again to finish it, unless it has already
   * finished from a world of the same shape.
   * @param killsOf the moments, given the requests of an undisturbed run
   * @returns how many moments there were, and the failures
   */
  async kill(start: Start | RemovalStart, killsOf: (requests: Requests) => readonly Kill[]) {
    const { requests, check } = await this.#use((worlds) =>
      "keysLeft" in start ? checked(start, worlds) : checkedRemoval(start, worlds),
    );
    const kills = killsOf(requests);
    const one = (kill: Kill): Promise<void> => this.#use((worlds) => check(kill, worlds));
    const what = `${start.command}, ${start.name}: ${requests.length} requests`;
    return { kills: kills.length, failures: await counted(what, kills, one, this.#clusters.length) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.map((worlds) => worlds.close()));
    await Promise.all(this.#clusters.map((cluster) => cluster.close()));
  }

  async #use<T>(work: (worlds: Worlds) => Promise<T>): Promise<T> {
    const worlds = this.#idle.pop();
    if (!worlds) throw new RangeError("every cluster is in use");
    try {
      return await work(worlds);
    } finally {
      this.#idle.push(worlds);
    }
  }
}

/** The requests of an undisturbed run, and the check of a killed one. */
interface Checked {
  readonly requests: Requests;
  readonly check: (kill: Kill, worlds: Worlds) => Promise<void>;
}

async function checked(start: Start, worlds: Worlds): Promise<Checked> {
  const known = await undisturbed(start, worlds);
  const finished = new Set<string>();
  const check: Checked["check"] = (kill, where) =>
    recover(start, [kill], { worlds: where, undisturbed: known, finished });
  return { requests: known.requests, check };
}

async function checkedRemoval(start: RemovalStart, worlds: Worlds): Promise<Checked> {
  const known = await undisturbedRemoval(start, worlds);
  const finished = new Set<string>();
  const check: Checked["check"] = (kill, where) =>
    finishRemoval(start, [kill], { worlds: where, undisturbed: known, finished });
  return { requests: known.requests, check };
}
