import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { colors } from "../../../src/cli/show/colors.ts";
import { isColored, openTerminal, Printer, toned } from "../../../src/cli/show/terminal.ts";

describe("colour", () => {
  it.each<[boolean, Record<string, string>, boolean]>([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [true, { TERM: "dumb" }, false],
    [false, { FORCE_COLOR: "1" }, true],
    [true, { FORCE_COLOR: "0" }, false],
    [true, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
  ])("at a terminal %s with %j: %s", (isTerminal, environment, colored) => {
    expect(isColored(isTerminal, environment)).toBe(colored);
  });
});

describe("who is asked", () => {
  const terminal = { stdin: true, stderr: true };
  it.each([
    ["somebody at a terminal", terminal, {}, false, true],
    ["nobody with --no-input", terminal, {}, true, false],
    ["nobody in a pipeline", terminal, { CI: "true" }, false, false],
    ["nobody when stdin is a pipe", { stdin: false, stderr: true }, {}, false, false],
    ["nobody when the question would not be seen", { stdin: true, stderr: false }, {}, false, false],
  ])("%s", async (_who, { stdin, stderr }, environment, noInput, interactive) => {
    const streams = { stdin: stream(stdin), stdout: stream(false), stderr: stream(stderr) };
    expect((await openTerminal(streams, environment, { noInput })).interactive).toBe(interactive);
  });
});

describe("what may be written over", () => {
  it.each([
    ["a terminal's last line", {}, true],
    ["nothing at a terminal that cannot do it", { TERM: "dumb" }, false],
    ["nothing for a screen reader", { ACR_PULL_ACCESSIBLE: "true" }, false],
  ])("%s", async (_what, environment, live) => {
    const streams = { stdin: stream(true), stdout: stream(true), stderr: stream(true) };
    const terminal = await openTerminal(streams, environment, { noInput: false });
    expect([terminal.plain, terminal.stderr.live, terminal.interactive]).toEqual([!live, live, true]);
  });
});

describe("a line", () => {
  it("is cleaned piece by piece, and coloured by us alone", () => {
    const out = stream(true);
    new Printer(out, colors, false).line([toned("bad", "no\u001b[2J"), " \u001b]0;x\u0007text\nmore"]);
    expect(read(out)).toBe("\u001b[31mno\u001b[39m text more\n");
  });

  it("begins as no command of a CI service, wherever it was broken", () => {
    const out = stream(false);
    const printer = new Printer(out, undefined, false);
    printer.line("  ::error::somebody else's");
    printer.line([toned("bad", "::stop-commands::x")]);
    printer.line("at ::1");
    expect(read(out)).toBe("  : :error::somebody else's\n: :stop-commands::x\nat ::1\n");
  });

  it("has no escape where colour is off", () => {
    const out = stream(true);
    new Printer(out, undefined, false).line([toned("good", "yes"), toned("strong", "!")]);
    expect(read(out)).toBe("yes!\n");
  });
});

describe("the status line", () => {
  it("is replaced, and stays below what is printed meanwhile", () => {
    const out = stream(true);
    const printer = new Printer(out, undefined, true);
    printer.status("one");
    printer.status("two");
    printer.line("done");
    printer.status("");
    const clear = "\r\u001b[2K";
    expect(read(out)).toBe(`${clear}one${clear}two${clear}done\n${clear}two${clear}`);
  });

  it("is never written where it could not be replaced", () => {
    const out = stream(false);
    new Printer(out, undefined, false).status("waiting");
    expect(read(out)).toBe("");
  });

  it("is no longer than the terminal is wide", () => {
    const out = stream(true, 10);
    new Printer(out, undefined, true).status("0123456789abcdef");
    expect(read(out)).toBe("\r\u001b[2K01234567…");
  });

  it("counts wide characters twice", () => {
    const out = stream(true, 10);
    new Printer(out, undefined, true).status("名前の名前の");
    expect(read(out)).toBe("\r\u001b[2K名前の名…");
  });
});

function stream(isTTY: boolean, columns?: number) {
  return Object.assign(new PassThrough(), { isTTY, columns });
}

function read(out: PassThrough): string {
  return String((out.read() as Buffer | null) ?? "");
}
