import { closeSync, constants, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { spawn, type IPty } from "@lydell/node-pty";
import { SerializeAddon } from "@xterm/addon-serialize";
import { Terminal } from "@xterm/headless";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { secretsIn } from "./canary.ts";
import { programPath } from "./program.ts";

/** The size of the terminal, and what runs in it. */
export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Added to the sandbox's environment. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Runs instead of the program: a file and its arguments. */
  readonly command?: readonly [file: string, ...args: readonly string[]];
}

/** Keys by name, as a terminal sends them. Any other text is typed as it is. */
const keys: Readonly<Record<string, string>> = {
  enter: "\r",
  tab: "\t",
  up: "\u001b[A",
  down: "\u001b[B",
  backspace: "\u007f",
  space: " ",
  "ctrl-c": "\u0003",
  "ctrl-u": "\u0015",
  "ctrl-z": "\u001a",
};

/** How long a wait may take. Its error says what it waited for, which the test runner's time-out would not. */
const patienceMs = 30_000;

/** The program in a terminal of its own, with a real screen. */
export class TerminalRun {
  readonly #sandbox: Sandbox | undefined;
  readonly #pty: IPty;
  readonly #terminal: Terminal;
  readonly #ended: Promise<number>;
  #exitCode: number | undefined;
  /** Every byte that the program wrote, as far as it is on the screen. */
  output = "";

  private constructor(
    sandbox: Sandbox | undefined,
    pty: IPty,
    terminal: Terminal,
    cleanUp: () => Promise<void>,
  ) {
    this.#sandbox = sandbox;
    this.#pty = pty;
    this.#terminal = terminal;
    readWhole(pty, (text) => {
      terminal.write(text, () => (this.output += text));
    });
    this.#ended = new Promise((resolve) => {
      pty.onExit(({ exitCode }) => {
        // The last output may still be on its way to the screen.
        terminal.write("", () => {
          this.#exitCode = exitCode;
          void cleanUp().finally(() => resolve(exitCode));
        });
      });
    });
  }

  /** Starts `acr-pull` with these arguments at a terminal, inside a sandbox. */
  static async start(
    sandbox: Sandbox | undefined,
    args: readonly string[],
    { columns = 100, rows = 40, env = {}, command }: TerminalOptions = {},
  ): Promise<TerminalRun> {
    const home = await mkdtemp(join(tmpdir(), "acr-pull-home-"));
    const [file, ...rest] = command ?? [process.execPath, programPath, ...args];
    const given: Record<string, string | undefined> = {
      PATH: process.env["PATH"],
      HOME: home,
      LANG: "C.UTF-8",
      TERM: "xterm-256color",
      XDG_CACHE_HOME: join(tmpdir(), "acr-pull-test-cache"),
      // CI is left out: it would make the program believe that nobody sits at this terminal.
      ...sandbox?.environment,
      ...env,
    };
    const set = Object.entries(given).filter((one): one is [string, string] => one[1] !== undefined);
    const pty = spawn(file, rest, { cols: columns, rows, env: Object.fromEntries(set), cwd: home });
    const terminal = new Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
    return new TerminalRun(sandbox, pty, terminal, () => rm(home, { recursive: true, force: true }));
  }

  /** The lines that are on the screen now, without trailing space. */
  get screen(): string {
    return this.#lines(this.#terminal.buffer.active.viewportY, this.#terminal.rows);
  }

  /** The screen and all that scrolled out of it. */
  get history(): string {
    return this.#lines(0, this.#terminal.buffer.active.length);
  }

  /** The lines of the screen and of all that scrolled out of it, in color, as escape sequences of a terminal. */
  get colored(): readonly string[] {
    const serializer = new SerializeAddon();
    this.#terminal.loadAddon(serializer);
    const text = serializer.serialize({ excludeModes: true });
    serializer.dispose();
    // The serializer skips cells that nothing was written to.
    // oxlint-disable-next-line no-control-regex
    const whole = text.replaceAll(/\u001b\[(\d+)C/g, (_all, count: string) => " ".repeat(Number(count)));
    return whole.split("\r\n");
  }

  /** Everything that was shown, with the lines that the terminal wrapped joined again. */
  get transcript(): string {
    const { active } = this.#terminal.buffer;
    let text = "";
    for (let row = 0; row < active.length; row += 1) {
      const line = active.getLine(row);
      const goesOn = active.getLine(row + 1)?.isWrapped === true;
      text += `${line?.isWrapped === true ? "" : "\n"}${line?.translateToString(!goesOn) ?? ""}`;
    }
    return text.trim();
  }

  #lines(from: number, count: number): string {
    const { active } = this.#terminal.buffer;
    const lines: string[] = [];
    for (let row = from; row < from + count; row += 1) {
      lines.push(active.getLine(row)?.translateToString(true) ?? "");
    }
    return lines.join("\n").trimEnd();
  }

  /** The question that is open, from its mark on; white space and line ends become one space. Empty if there is none. */
  get question(): string {
    const { screen } = this;
    const from = screen.search(/^\? (?![^]*^\? )/m);
    return from < 0 ? "" : screen.slice(from).replaceAll(/\s+/g, " ");
  }

  /** Waits until a text is on the screen; white space and line ends count as one space. */
  async until(expected: string | RegExp): Promise<this> {
    const shown = () => this.screen.replaceAll(/\s+/g, " ");
    const isShown = () =>
      typeof expected === "string" ? shown().includes(expected) : expected.test(shown());
    await this.when(isShown, `${String(expected)} on the screen`);
    return this;
  }

  /**
   * Waits until a question can be answered, because its choices have arrived.
   * @param pointer what shows that. A question that has no choices shows nothing of it
   */
  async at(question: string, pointer = "❯"): Promise<this> {
    const asked = () => this.question.startsWith(`? ${question}`);
    await this.when(() => asked() && this.question.includes(pointer), `the question ${question}`);
    return this;
  }

  /** Waits until something holds, on the screen or elsewhere. */
  async when(holds: () => boolean, what: string): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!holds()) {
      const hasEnded = this.#exitCode !== undefined;
      if (hasEnded || performance.now() > end) {
        const why = hasEnded ? `the program ended with ${this.#exitCode}` : "never came";
        throw new Error(`${what}: ${why}. The screen:\n${this.history}`);
      }
      await sleep(10);
    }
  }

  /** Presses keys one after the other: names such as `enter` and `ctrl-c`, or text. */
  press(...pressed: readonly string[]): this {
    for (const key of pressed) this.#pty.write(keys[key] ?? key);
    return this;
  }

  /**
   * Waits until the program has ended, and returns its exit code.
   * @throws Error if a secret of the sandbox, or a stack trace, was on the screen at any time
   */
  async exit(): Promise<number> {
    const limit = setTimeout(() => this.#pty.kill("SIGKILL"), patienceMs);
    try {
      const code = await this.#ended;
      this.#expectDiscretion();
      return code;
    } finally {
      clearTimeout(limit);
    }
  }

  #expectDiscretion(): void {
    const shown = this.output + this.transcript;
    const spoken = this.#sandbox ? secretsIn(shown, this.#sandbox) : [];
    if (spoken.length > 0) throw new Error(`the screen showed ${spoken.join("; ")}`);
    if (/^\s+at .*:\d+/m.test(this.transcript)) throw new Error(`a stack was shown:\n${this.transcript}`);
  }
}

/** Marks the end of a program's output. No program writes it. */
const endOfOutput = "\u001c";

/**
 * Passes on everything that a program writes to its terminal. When nobody holds the terminal open any longer, the
 * kernel sometimes loses the last output (in one run of 3,000 on a busy machine), and node-pty gives up 200 ms after
 * the program's end, whether or not it has read everything. So the terminal is held open here until a mark that is
 * written after that end has come through.
 */
function readWhole(pty: IPty, onText: (text: string) => void): void {
  const { _socket: socket, ptsName } = pty as unknown as {
    readonly _socket: Socket;
    readonly ptsName: string;
  };
  const held = openSync(ptsName, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  let marked = false;
  const poll = setInterval(() => {
    if (isRunning(pty.pid)) return;
    try {
      writeSync(held, endOfOutput);
      marked = true;
      clearInterval(poll);
    } catch {
      // The terminal's buffer is full, and is read first.
    }
  }, 10);
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => (error === undefined ? socket : destroy(error));
  pty.onData((text) => {
    const end = marked ? text.indexOf(endOfOutput) : -1;
    onText(end < 0 ? text : text.slice(0, end));
    if (end < 0) return;
    closeSync(held);
    destroy();
  });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
