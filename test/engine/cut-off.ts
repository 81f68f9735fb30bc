import { expect } from "vitest";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import type { RequestPhase } from "../../src/sandbox/request-log.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { liveAssignments, livePasswords } from "../program.ts";
import { expectDepartures } from "../scenarios/removal.ts";
import { Engine, expectOrder, stateSecret, type Driven } from "./drive.ts";

export const both = ["awesomeapps", "default"];

/** A command that is cut off, what there was before it, and what there is to be after it. */
export interface Cut {
  readonly name: string;
  readonly prepare?: (engine: Engine) => Promise<unknown>;
  readonly command: (engine: Engine) => Promise<Driven>;
  readonly isOver: (sandbox: Sandbox) => void;
}

const inOrder =
  (namespaces: readonly string[], keys = 1) =>
  (sandbox: Sandbox) =>
    expectOrder(sandbox, namespaces, keys);

function nothingLeft(sandbox: Sandbox): void {
  expect(sandbox.violations).toEqual([]);
  expect(livePasswords(sandbox)).toEqual([]);
  expect(liveAssignments(sandbox)).toEqual([]);
  expect(stateSecret(sandbox)).toBeUndefined();
}

export const cuts: readonly Cut[] = [
  { name: "setup", command: (engine) => engine.setup(both), isOver: inOrder(both) },
  {
    name: "setup of another namespace with another role",
    prepare: (engine) => engine.setup(["default"]),
    command: (engine) => engine.setup(["awesomeapps"], { role: "acrpush" }),
    isOver: inOrder(both),
  },
  {
    name: "rotate",
    prepare: (engine) => engine.setup(both),
    command: (engine) => engine.rotate(),
    isOver: inOrder(both, 2),
  },
  {
    name: "rotate --finish",
    prepare: async (engine) => {
      await engine.setup(both);
      await engine.rotate();
    },
    command: (engine) => engine.rotate({ mode: "finish" }),
    isOver: inOrder(both),
  },
  {
    name: "rotate --compromised",
    prepare: (engine) => engine.setup(both),
    command: (engine) => engine.rotate({ mode: "compromised" }),
    isOver: inOrder(both),
  },
  {
    name: "rotate --compromised during a grace",
    prepare: async (engine) => {
      await engine.setup(both);
      await engine.rotate();
    },
    command: (engine) => engine.rotate({ mode: "compromised" }),
    isOver: inOrder(both),
  },
  {
    name: "remove",
    prepare: (engine) => engine.setup(both),
    command: (engine) => engine.remove(),
    isOver: nothingLeft,
  },
];

/** Works in a sandbox of its own. */
export async function inSandbox<T>(
  options: SandboxOptions,
  work: (sandbox: Sandbox, engine: Engine) => Promise<T>,
): Promise<T> {
  const sandbox = await startSandbox({ checkInvariants: true, ...options });
  const engine = new Engine(sandbox);
  try {
    // What a run that was cut off left, one that leaked, and its successor.
    sandbox.invariants.maxLiveKeys = 4;
    return await work(sandbox, engine);
  } finally {
    engine.end();
    await sandbox.close();
  }
}

/** The numbers, from 1, of the requests by which the command writes when nothing goes wrong. */
export function undisturbed({ prepare, command, isOver, name }: Cut): Promise<readonly number[]> {
  return inSandbox({}, async (sandbox, engine) => {
    await prepare?.(engine);
    if (name === "remove") expectDepartures(sandbox);
    const before = sandbox.requests.entries.length;
    const run = await command(engine);
    expect(run.code, run.lines.join("\n")).toBe(0);
    isOver(sandbox);
    return sandbox.requests.entries
      .slice(before)
      .flatMap(({ path, mutating }, index) =>
        mutating && !/token|selfsubject/.test(path) ? [index + 1] : [],
      );
  });
}

/** Lets one request of the command fail, and the same command go on. */
export function failOnce(cut: Cut, nth: number, fault: Omit<FaultOptions, "match" | "nth">): Promise<void> {
  return inSandbox({}, async (sandbox, engine) => {
    await cut.prepare?.(engine);
    if (cut.name === "remove") expectDepartures(sandbox);
    const before = sandbox.requests.entries.length;
    sandbox.setFaults([{ match: "", nth, ...fault }]);
    const runs = [await cut.command(engine)];
    sandbox.setFaults([]);
    while (runs.at(-1)?.code !== 0 && runs.length < 4) runs.push(await cut.command(engine));
    const struck = sandbox.requests.entries.slice(before).find((entry) => entry.fault !== undefined);
    const said = runs.map(({ code, lines }) => `${code}\n${lines.join("\n")}`).join("\n---\n");
    expect(runs.at(-1)?.code, `${struck?.method} ${struck?.path}\n${said}`).toBe(0);
    try {
      cut.isOver(sandbox);
    } catch (error) {
      throw new Error(`${struck?.method} ${struck?.path}\n${said}\n${String(error)}`, { cause: error });
    }
  });
}

/**
 * Cuts the command off at one of its requests: from then on nothing of it arrives, as if it had been killed there.
 * Then the same command goes on.
 */
export function cutAt(
  cut: Cut,
  nth: number,
  phase: RequestPhase,
  options: SandboxOptions = {},
): Promise<void> {
  return inSandbox(options, async (sandbox, engine) => {
    await cut.prepare?.(engine);
    if (cut.name === "remove") expectDepartures(sandbox);
    const before = sandbox.requests.entries.length;
    let isCut = false;
    let what = "";
    const stop = sandbox.observe((reached, entry) => {
      if (!isCut && entry.index - before === nth && reached === phase) {
        isCut = true;
        what = `${entry.method} ${entry.path} ${phase}`;
        return "drop";
      }
      return isCut && reached === "arrived" ? "drop" : undefined;
    });
    await cut.command(engine);
    stop();
    const runs: Driven[] = [];
    do runs.push(await cut.command(engine));
    while (runs.at(-1)?.code !== 0 && runs.length < 4);
    const said = runs.map(({ code, lines }) => `${code}\n${lines.join("\n")}`).join("\n---\n");
    try {
      expect(what, "the request was met").not.toBe("");
      expect(runs.at(-1)?.code).toBe(0);
      cut.isOver(sandbox);
    } catch (error) {
      throw new Error(`cut at ${what}\n${said}\n${String(error)}`, { cause: error });
    }
  });
}
