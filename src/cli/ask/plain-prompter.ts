import { createInterface } from "node:readline/promises";
import { InterruptedError } from "../interruption.ts";
import type { Terminal } from "../show/terminal.ts";
import { choiceLine, matching, type Choice, type Find, type Prompter } from "./prompter.ts";

/** Asks line by line and overwrites nothing, for screen readers and for terminals whose cursor cannot move. */
export class PlainPrompter implements Prompter {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#signal = signal;
  }

  choose: Prompter["choose"] = (message, choices, usual) => this.#one(message, choices, undefined, usual);

  search: Prompter["search"] = (message, choices, find, usual) => this.#one(message, choices, find, usual);

  async #one(
    message: string,
    choices: readonly Choice[],
    find: Find | undefined,
    usual: string | undefined,
  ): Promise<string> {
    let list = choices;
    let first = choices.find(({ value }) => value === usual) ?? choices[0];
    this.#list(message, list);
    for (;;) {
      const text = await this.#line(`Number or name${first ? `, Enter for ${first.label}` : ""}: `);
      const picked = text === "" ? first : pick(list, text);
      if (picked) return this.#chosen([picked])[0] ?? "";
      const found = find ? await this.#found(text, choices, find) : [];
      if (found.length === 0) this.#say("Not in the list.");
      else {
        [list, first] = [found, found[0]];
        this.#list(`Matches for ${text}:`, list);
      }
    }
  }

  chooseSeveral: Prompter["chooseSeveral"] = async (message, choices, ticked) => {
    const usual = choices.filter(({ value, disabled }) => ticked.includes(value) && disabled === undefined);
    const enter = usual.length > 0 ? `, Enter for ${usual.map(({ label }) => label).join(", ")}` : "";
    this.#list(message, choices);
    for (;;) {
      const text = await this.#line(`Numbers or names, separated by commas${enter}: `);
      const typed = text.split(",").flatMap((one) => one.trim() || []);
      const picked = text === "" ? usual : typed.flatMap((one) => pick(choices, one) ?? []);
      if (picked.length === 0 || (text !== "" && picked.length < typed.length)) this.#say("Not in the list.");
      else return this.#chosen(choices.filter((choice) => picked.includes(choice)));
    }
  };

  text: Prompter["text"] = async (message, usual, problem) => {
    for (;;) {
      const text = (await this.#line(`${message}${usual === "" ? "" : ` (Enter for ${usual})`}: `)) || usual;
      const why = problem(text);
      if (why === undefined) return text;
      this.#say(why);
    }
  };

  confirm: Prompter["confirm"] = async (message, usual) => {
    const text = await this.text(`${message} yes or no`, usual ? "yes" : "no", (typed) =>
      /^(?:y|yes|n|no)$/i.test(typed) ? undefined : "Type yes or no.",
    );
    return /^y/i.test(text);
  };

  async #found(text: string, choices: readonly Choice[], find: Find): Promise<readonly Choice[]> {
    const known = matching(choices, text);
    try {
      return known.length > 0 ? known : await find(text, this.#signal);
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#say(error instanceof Error ? error.message : String(error));
      return [];
    }
  }

  #list(message: string, choices: readonly Choice[]): void {
    this.#say(message);
    for (const [index, choice] of choices.entries()) {
      const why = choice.disabled === undefined ? "" : ` (${choice.disabled})`;
      this.#say(`${index + 1}. ${choiceLine(choice)}${why}`);
    }
  }

  #chosen(choices: readonly Choice[]): string[] {
    this.#say(`Chosen: ${choices.map(({ label }) => label).join(", ")}`);
    return choices.map(({ value }) => value);
  }

  #say(line: string): void {
    this.#terminal.stderr.line(line);
  }

  /** Reads what is typed after a prompt, without white space around it. */
  async #line(prompt: string): Promise<string> {
    const { stdin, stderr } = this.#terminal;
    stderr.document(stderr.paint(prompt));
    const reader = createInterface({ input: stdin, terminal: false });
    const ended = new Promise<never>((_resolve, reject) => {
      reader.once("close", () => reject(new InterruptedError()));
    });
    try {
      return (await Promise.race([reader.question("", { signal: this.#signal }), ended])).trim();
    } catch (error) {
      stderr.line();
      this.#signal.throwIfAborted();
      throw error;
    } finally {
      ended.catch(() => {});
      reader.close();
    }
  }
}

/** The choice with this number or name, if it can be chosen. */
function pick(choices: readonly Choice[], text: string): Choice | undefined {
  const named = choices.find(({ label, value }) => label === text || value === text);
  const picked = named ?? choices[Number(text) - 1];
  return picked?.disabled === undefined ? picked : undefined;
}
