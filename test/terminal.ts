import { closeSync, constants, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn, type IPty } from "@lydell/node-pty";
import { SerializeAddon } from "@xterm/addon-serialize";
import { Terminal } from "@xterm/headless";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { secretsIn } from "./canary.ts";
import { programPath } from "./program.ts";

/** How the terminal is, and what the program finds in its environment. */
export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Added to the sandbox's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What is run instead of the program: a file and its arguments. */
  readonly command?: readonly [file: string, ...args: readonly string[]];
}

/** Keys by name, as a terminal sends them; any other text is typed as it stands. */
const keys: Readonly<Record<string, string>> = {
  enter: "\r",
  escape: "\u001b",
  "shift-tab": "\u001b[Z",
  tab: "\t",
  up: "\u001b[A",
  down: "\u001b[B",
  home: "\u001b[H",
  backspace: "\u007f",
  space: " ",
  "ctrl-c": "\u0003",
  "ctrl-u": "\u0015",
  "ctrl-z": "\u001a",
};

/** A wait that never ends says what it waited for, instead of a runner's time-out that does not. */
const patienceMs = 30_000;

/** The program in a terminal of its own, with a real screen. */
export class TerminalRun {
  readonly #sandbox: Sandbox | undefined;
  readonly #pty: IPty;
  readonly #terminal: Terminal;
  readonly #watchers = new Set<() => void>();
  readonly #ended: Promise<number>;
  #exitCode: number | undefined;
  /** Every byte that the program wrote. */
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
      this.output += text;
      terminal.write(text, () => this.#look());
    });
    this.#ended = new Promise((resolve) => {
      pty.onExit(({ exitCode }) => {
        // What was written last may still be on its way to the screen.
        terminal.write("", () => {
          this.#exitCode = exitCode;
          this.#look();
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
      // CI is left out: it would make of this a terminal at which nobody sits.
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

  /** The screen and all that scrolled out of it, a line each, in their colours: with the escapes of a terminal. */
  get colored(): readonly string[] {
    const serializer = new SerializeAddon();
    this.#terminal.loadAddon(serializer);
    const text = serializer.serialize({ excludeModes: true });
    serializer.dispose();
    // Cells that nobody wrote to are skipped there.
    // oxlint-disable-next-line no-control-regex
    const whole = text.replaceAll(/\u001b\[(\d+)C/g, (_all, count: string) => " ".repeat(Number(count)));
    return whole.split("\r\n");
  }

  /** All that was shown, with lines that the terminal had to break made whole again. */
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

  /** Waits until a text is on the screen; white space and line ends count as one space. */
  async until(expected: string | RegExp): Promise<this> {
    const shown = () => this.screen.replaceAll(/\s+/g, " ");
    await this.when(
      () => (typeof expected === "string" ? shown().includes(expected) : expected.test(shown())),
      `${String(expected)} on the screen`,
    );
    return this;
  }

  /** Waits until a question can be answered: what there is to choose from has arrived. */
  async at(question: string): Promise<this> {
    await this.when(
      () => new RegExp(`${question.replaceAll("?", "\\?")}[^]*❯ `).test(this.screen),
      `${question}, with its choices`,
    );
    return this;
  }

  /** Waits until something holds; looked at whenever the screen changes and every few milliseconds. */
  async when(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const poll = setInterval(() => look(), 20);
      const limit = setTimeout(() => fail("never came"), patienceMs);
      const done = () => {
        clearInterval(poll);
        clearTimeout(limit);
        this.#watchers.delete(look);
      };
      const fail = (why: string) => {
        done();
        reject(new Error(`${what}: ${why}. The screen:\n${this.history}`));
      };
      const look = () => {
        if (holds()) {
          done();
          resolve();
        } else if (this.#exitCode !== undefined) fail(`the program ended with ${this.#exitCode}`);
      };
      this.#watchers.add(look);
    });
  }

  /** Presses keys one after the other: names such as `enter` and `shift-tab`, or text. */
  press(...pressed: readonly string[]): this {
    for (const key of pressed) this.#pty.write(keys[key] ?? key);
    return this;
  }

  /** Sends a signal to the program. */
  kill(signal: NodeJS.Signals): void {
    this.#pty.kill(signal);
  }

  /** Resolves once all that the program has written is on the screen. */
  async drawn(): Promise<void> {
    await new Promise<void>((resolve) => this.#terminal.write("", resolve));
  }

  /** Makes the terminal narrower or wider. */
  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /**
   * The exit code, when the program has ended.
   * @throws Error when a secret of the sandbox, or a place in the code, was on the screen at any time
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

  #look(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** Behind the last of a program's output; no program writes it. */
const endOfOutput = "\u001c";

/**
 * Hands on whatever a program writes to its terminal, to the last of it. Of what was written just before nobody held the
 * terminal open any more, the kernel loses some now and then (one run of 3,000 on a busy machine), and node-pty gives up
 * 200 ms after the program's end, read or not. So it is held open here until a mark written after that end has come
 * through.
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
      // Full: what is in it is read first.
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
