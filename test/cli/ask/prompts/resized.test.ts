import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TerminalRun } from "../../../terminal.ts";
import { Asking } from "./asking.ts";

let asking: Asking;
beforeAll(async () => {
  asking = await Asking.prepare();
});
afterAll(() => asking.remove());

/** The lines of a plan, which stand above the question. */
const above = Array.from({ length: 12 }, (_, index) => `line ${index + 1} of a plan`).join("\n");

/** Resizes the terminal of a question, and waits until the question is drawn again: its last line is `end`. */
async function resize(
  run: TerminalRun,
  [columns, rows]: readonly [number, number],
  end: string,
): Promise<void> {
  const before = run.output.length;
  run.resize(columns, rows);
  await run.when(() => run.output.slice(before).includes(end), "the question anew");
  await run.until(end);
}

/** How a terminal made with xterm.js identifies itself. */
const env = { TERM_PROGRAM: "vscode" };

describe.concurrent("a question in a terminal that is resized", () => {
  it.each<[string, ReadonlyArray<readonly [number, number]>]>([
    ["narrower", [[40, 20]]],
    [
      "narrower and wider again",
      [
        [40, 20],
        [100, 20],
      ],
    ],
    [
      "narrower, wider, and narrower again",
      [
        [40, 20],
        [60, 20],
        [50, 20],
      ],
    ],
    ["lower", [[100, 15]]],
    ["lower and narrower", [[40, 15]]],
    [
      "lower, and high again",
      [
        [100, 15],
        [100, 20],
      ],
    ],
  ])("%s, stands whole below what stood above it", async (_how, sizes) => {
    const run = await asking.at("planned", { columns: 100, rows: 20, env });
    await run.until("Esc back");
    run.press("down");
    await run.until("❯ other");
    for (const size of sizes) await resize(run, size, "Esc back");
    const [plan, question = ""] = run.history.split("\n\n? Carry this out?");
    expect(plan).toBe(above);
    expect(
      question
        .trim()
        .split(/\n+/)
        .map((line) => line.trim().slice(0, 6)),
    ).toEqual([
      "myregi",
      "❯ othe",
      "images",
      "レジストリの",
      expect.stringMatching(/^(↑↓ mov|type t|Enter )/),
    ]);
    run.press("ctrl-c");
    await run.exit();
  });

  it("leaves what stood above it where the terminal does not say how it counts rows", async () => {
    const run = await asking.at("planned", { columns: 100, rows: 20 });
    await run.until("Esc back");
    run.press("down");
    await run.until("❯ other");
    await resize(run, [40, 20], "Esc back");
    expect(run.history.startsWith(`${above}\n\n? Carry this out?`)).toBe(true);
    run.press("ctrl-c");
    await run.exit();
  });

  it.each([
    ["at its end", []],
    ["in its first row", ["home"]],
  ])("holds a text of several rows whole, the cursor %s", async (_where, keys) => {
    const run = await asking.at("text", { columns: 60, rows: 20, env });
    await run.until("Enter continue");
    run.press("ctrl-u", "a".repeat(70), ...keys);
    await run.until(/aa does not exist yet/);
    await resize(run, [45, 20], "Enter continue");
    expect(run.history.match(/What shall the secret be called\?/g)).toHaveLength(1);
    expect(run.history.match(/a/g)?.length).toBeGreaterThanOrEqual(70);
    run.press("ctrl-c");
    await run.exit();
  });
});
