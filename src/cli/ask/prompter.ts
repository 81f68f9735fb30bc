import type { Terminal } from "../show/terminal.ts";

/** One entry of a list. */
export interface Choice {
  /** The answer if this entry is chosen. */
  readonly value: string;
  readonly label: string;
  /** Shown after the label, and searched too. */
  readonly detail?: string | undefined;
  /** Why it cannot be chosen. */
  readonly disabled?: string | undefined;
}

/** Makes choices of a typed text. @throws Error with what to say about a text that cannot become one */
export type Find = (text: string, signal: AbortSignal) => Promise<readonly Choice[]>;

/**
 * Asks a person at a terminal. Questions go to stderr, because stdout is for the answer. Ctrl-C and the end of input
 * reject the question with an InterruptedError, and an aborted run with the reason of its signal.
 */
export interface Prompter {
  /** One of a short list. @param usual the value that Enter alone gives; the first one if there is none such */
  choose(message: string, choices: readonly Choice[], usual?: string): Promise<string>;
  /** One of a long list, which typing narrows. @param find called for a text that no choice contains */
  search(message: string, choices: readonly Choice[], find: Find, usual?: string): Promise<string>;
  /** At least one of a list, in its order. @param ticked the values that are ticked at first */
  chooseSeveral(
    message: string,
    choices: readonly Choice[],
    ticked: readonly string[],
  ): Promise<readonly string[]>;
  /**
   * A line of text, without white space around it.
   * @param usual what Enter alone gives
   * @param problem why a text cannot be the answer; undefined if it can
   */
  text(message: string, usual: string, problem: (text: string) => string | undefined): Promise<string>;
  /** Yes or no. @param usual what Enter alone gives */
  confirm(message: string, usual: boolean): Promise<boolean>;
}

/** The prompter that fits the terminal, which must be interactive. */
export async function openPrompter(terminal: Terminal, signal: AbortSignal): Promise<Prompter> {
  if (terminal.plain) return new (await import("./plain-prompter.ts")).PlainPrompter(terminal, signal);
  return new (await import("./live-prompter.ts")).LivePrompter(terminal, signal);
}

/** A choice in one line. */
export function choiceLine({ label, detail }: Choice): string {
  return detail === undefined ? label : `${label}, ${detail}`;
}

/** The choices whose text contains what was typed, in any case. */
export function matching(choices: readonly Choice[], text: string): readonly Choice[] {
  const wanted = text.trim().toLowerCase();
  return choices.filter((choice) => choiceLine(choice).toLowerCase().includes(wanted));
}
