import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError } from "../interruption.ts";
import type { Terminal } from "../show/terminal.ts";
import { choiceLine, matching, type Choice, type Prompter } from "./prompter.ts";

/** A pause in typing after which a text is worth a request. */
const pauseMs = 200;

/** How many choices are shown at once: with the plan above them in a terminal of 24 rows. */
const pageSize = 12;

/** How inquirer's errors are called when a question is left by Ctrl-C or by the signal of the run. */
const left = new Set(["ExitPromptError", "AbortPromptError"]);

/** One of inquirer's questions, with the options that it has. */
type Question = Readonly<Record<string, unknown>> & {
  readonly type: "select" | "search" | "checkbox" | "input" | "confirm";
  readonly message: string;
};

/** Asks with inquirer's own prompts, in a terminal whose cursor can move. */
export class LivePrompter implements Prompter {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#signal = signal;
  }

  choose: Prompter["choose"] = (message, choices, usual) =>
    this.#ask({ type: "select", message, choices: choices.map(this.#shown), default: usual });

  search: Prompter["search"] = (message, choices, find, usual) =>
    this.#ask({
      type: "search",
      message,
      default: usual,
      source: async (text: string | undefined, { signal }: { readonly signal: AbortSignal }) => {
        if (!text?.trim()) return choices.map(this.#shown);
        const known = matching(choices, text);
        if (known.length > 0) return known.map(this.#shown);
        try {
          await sleep(pauseMs, undefined, { signal });
          return (await find(text.trim(), signal)).map(this.#shown);
        } catch (error) {
          // If this threw, inquirer would show that it still searches.
          const why = error instanceof Error ? error.message : String(error);
          return [{ type: "separator", separator: this.#terminal.stderr.paint(why) }];
        }
      },
    });

  chooseSeveral: Prompter["chooseSeveral"] = (message, choices, ticked) =>
    this.#ask({
      type: "checkbox",
      message,
      required: true,
      // One key would tick kube-system too.
      shortcuts: { all: null, invert: null },
      choices: choices.map((choice) => ({
        ...this.#shown(choice),
        checked: ticked.includes(choice.value) && choice.disabled === undefined,
      })),
    });

  text: Prompter["text"] = async (message, usual, problem) => {
    const text = await this.#ask<string>({
      type: "input",
      message,
      default: usual,
      validate: (typed: string) => problem(typed.trim()) ?? true,
    });
    return text.trim();
  };

  confirm: Prompter["confirm"] = (message, usual) => this.#ask({ type: "confirm", message, default: usual });

  /** Texts may be foreign, and a terminal obeys control characters. */
  readonly #shown = (choice: Choice) => {
    const { stderr } = this.#terminal;
    const { value, label, disabled } = choice;
    return {
      value,
      name: stderr.paint(choiceLine(choice)),
      short: stderr.paint(label),
      disabled: disabled === undefined ? false : stderr.paint(`(${disabled})`),
    };
  };

  async #ask<T>(question: Question): Promise<T> {
    // Loaded only now, since most runs ask nothing.
    const { createPromptModule } = await import("inquirer");
    const { stdin, stderr, questions } = this.#terminal;
    const ended = new AbortController();
    // Ctrl-D closes readline, and inquirer would wait for ever.
    const pressed = (_text: unknown, key: { readonly name?: string; readonly ctrl?: boolean }) => {
      if (key.ctrl && key.name === "d") setImmediate(() => stdin.isPaused() && ended.abort());
    };
    // Readline pauses its input when the process was stopped by Ctrl-Z and goes on.
    const continued = () => setImmediate(() => stdin.resume());
    stdin.on("keypress", pressed);
    process.on("SIGCONT", continued);
    try {
      const signal = AbortSignal.any([this.#signal, ended.signal]);
      const ask = createPromptModule({ input: stdin, output: questions, signal });
      const message = stderr.paint(question.message);
      const { answer } = await ask<{ answer: unknown }>({ pageSize, ...question, message, name: "answer" });
      return answer as T;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof Error && left.has(error.name)) throw new InterruptedError();
      throw error;
    } finally {
      stdin.off("keypress", pressed);
      process.off("SIGCONT", continued);
    }
  }
}
