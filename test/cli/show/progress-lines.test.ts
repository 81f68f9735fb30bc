import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Printer } from "../../../src/cli/show/terminal.ts";
import { ProgressLines } from "../../../src/cli/show/progress-lines.ts";
import type { ProgressEvent } from "../../../src/core/progress.ts";

afterEach(() => {
  vi.useRealTimers();
});

const silent = { quiet: false, verbose: false, debug: false };

describe("progress in a log", () => {
  it("is one line for each step that ended", () => {
    const { show, lines } = openLog();
    show({ kind: "started", id: "a", text: "Making" }, { kind: "done", id: "a", text: "Made" });
    show({ kind: "failed", id: "b", text: "team-b could not be written" });
    expect(lines()).toEqual(["✓ Made", "✗ failed: team-b could not be written"]);
  });

  it("mentions a wait at once, after ten seconds, and then each time after twice as long, for each step", () => {
    const { show, lines, pass } = openLog();
    const wait = (id: string): ProgressEvent => ({ kind: "waiting", id, text: `Waiting for ${id}` });
    show(wait("Entra"), wait("Graph"));
    for (let second = 0; second < 75; second += 1) {
      pass(1000);
      show(wait("Entra"));
    }
    expect(lines()).toEqual([
      "… Waiting for Entra",
      "… Waiting for Graph",
      "… Waiting for Entra (10s)",
      "… Waiting for Entra (30s)",
      "… Waiting for Entra (70s)",
    ]);
  });

  it("says less and less often of a step that takes long, and tells nothing, that it continues", () => {
    vi.useFakeTimers();
    const { show, lines, pass } = openLog();
    const passed = (milliseconds: number) => {
      pass(milliseconds);
      vi.advanceTimersByTime(milliseconds);
    };
    show({ kind: "started", id: "a", text: "Making a" });
    passed(9_000);
    expect(lines()).toEqual([]);
    passed(1_000);
    show({ kind: "started", id: "b", text: "Making b" }, { kind: "ended", id: "b" });
    for (let second = 0; second < 65; second += 1) passed(1_000);
    expect(lines()).toEqual(["… Making a (10s)", "… Making a (30s)", "… Making a (70s)"]);
  });

  it("breaks between words what is wider than the terminal", () => {
    const out = Object.assign(new PassThrough(), { columns: 20 });
    let text = "";
    out.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const progress = new ProgressLines(new Printer(out, undefined, false), silent);
    progress.show({ kind: "done", id: "a", text: "Granted AcrPull on myregistry alone" });
    expect(text).toBe("✓ Granted AcrPull\n  on myregistry\n  alone\n");
  });

  it("moves no cursor", () => {
    const { show, text } = openLog();
    show({ kind: "started", id: "a", text: "x" }, { kind: "waiting", id: "a", text: "y" });
    show({ kind: "note", level: "warning", text: "z" }, { kind: "done", id: "a", text: "w" });
    expect(text()).not.toContain("\u001b");
  });

  it("is silent with --quiet but for warnings and what a person must do, and tells of beginnings with --verbose", () => {
    const quiet = openLog({ ...silent, quiet: true });
    quiet.show({ kind: "done", id: "a", text: "x" }, { kind: "note", level: "warning", text: "y" });
    expect(quiet.lines()).toEqual(["! warning: y"]);
    quiet.show({ kind: "note", level: "instruction", text: "enter the code ABC" });
    expect(quiet.lines()).toEqual(["! warning: y", "> enter the code ABC"]);
    const verbose = openLog({ ...silent, verbose: true });
    verbose.show({ kind: "started", id: "a", text: "Making" });
    expect(verbose.lines()).toEqual(["· Making"]);
  });

  it("remembers what did not end", () => {
    const { show, progress } = openLog();
    show({ kind: "started", id: "a", text: "Making a" }, { kind: "started", id: "b", text: "Making b" });
    show({ kind: "done", id: "a", text: "Made a" });
    show({ kind: "waiting", id: "c", text: "Waiting for c" }, { kind: "ended", id: "c" });
    expect(progress.unfinished()).toEqual(["Making b"]);
  });
});

describe("progress at a terminal", () => {
  it("shows the newest step, how long it takes and how many others go on, and leaves nothing behind", () => {
    const { show, text, pass, progress } = openLog(silent, true);
    show({ kind: "started", id: "a", text: "Making a" }, { kind: "started", id: "b", text: "Making b" });
    pass(3000);
    show({ kind: "waiting", id: "b", text: "Waiting for b" });
    progress.close();
    expect(text()).toContain("… Waiting for b (3s) and 1 more");
    expect(text().endsWith("\r\u001b[2K")).toBe(true);
    expect(text()).not.toContain("\n");
  });
});

function openLog(detail = silent, live = false) {
  const out = new PassThrough();
  let now = 0;
  let written = "";
  out.on("data", (chunk: Buffer) => (written += chunk.toString()));
  const progress = new ProgressLines(new Printer(out, undefined, live), detail, () => now);
  return {
    progress,
    show: (...events: ProgressEvent[]) => events.forEach((event) => progress.show(event)),
    pass: (milliseconds: number) => (now += milliseconds),
    text: () => written,
    lines: () => written.split("\n").slice(0, -1),
  };
}
