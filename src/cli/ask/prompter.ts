import type { Line } from "../show/terminal.ts";

/** How a question ended: with an answer, or with the wish to go one question back. */
export type Reply<T> = { readonly kind: "answer"; readonly value: T } | { readonly kind: "back" };

/** One entry of a list. */
export interface Choice {
  /** What is answered. */
  readonly value: string;
  readonly label: string;
  /** Said behind the label, and searched too. */
  readonly detail?: string | undefined;
  /** What it means, in a sentence or two; shown under the list while it is pointed at. */
  readonly explanation?: string | undefined;
}

/** What every question has. */
interface QuestionText {
  /** "Which registry?" */
  readonly message: string;
  /** To know before answering; stands under the message. */
  readonly intro?: readonly Line[] | undefined;
  /** Whether there is a question before this one. */
  readonly canGoBack: boolean;
}

/** What every question with a list has. */
export interface ListQuestion extends QuestionText {
  /** May still be on their way; a failure to load them rejects the question's promise. */
  readonly choices: readonly Choice[] | Promise<readonly Choice[]>;
  /** Said while they are on their way: "Looking through your subscriptions". */
  readonly loading: string;
  /**
   * Takes a typed text that no choice has as its label or value: as another choice, or undefined if it can be none.
   * @throws RangeError with the rule that the text breaks
   */
  readonly typed?: ((text: string) => Choice | undefined) | undefined;
  /** Looks for more choices by what was typed, which is never empty; a failure is told, and the list stays as it was. */
  readonly search?: ((text: string, signal: AbortSignal) => Promise<readonly Choice[]>) | undefined;
}

/** One of a list. */
export interface ChooseQuestion extends ListQuestion {
  /** The value pointed at first; one that no choice has counts where `typed` takes it. */
  readonly preselected: string | undefined;
  /** Why this cannot be the answer, asked when it is given; undefined: it can. */
  readonly check?: ((value: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

/** Any number of a list. */
export interface ChooseSeveralQuestion extends ListQuestion {
  /** The values ticked and listed first; one that no choice has counts where `typed` takes it. */
  readonly preselected: readonly string[];
  readonly least: 0 | 1;
  /** Why these cannot be the answer, asked when they are given; undefined: they can. */
  readonly check?:
    ((values: readonly string[], signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

/** A line of text. */
export interface TextQuestion extends QuestionText {
  /** What stands there to be changed or taken. */
  readonly preset: string;
  /** What an empty answer means, in words; "nothing" unless said. */
  readonly ifEmpty?: string | undefined;
  /** Why this cannot be the answer, asked when it is given; undefined: it can. */
  readonly check?: ((text: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
  /** What is to say of a text while it is being typed. */
  readonly remark?: ((text: string, signal: AbortSignal) => Promise<readonly Line[]>) | undefined;
}

/**
 * Asks a person at a terminal. Questions stand on stderr, for stdout is the answer's. Ctrl-C, and the end of input,
 * reject the question with an InterruptedError; an aborted run with the reason of its signal; what a question's own
 * functions throw, with that.
 */
export interface Prompter {
  choose(question: ChooseQuestion): Promise<Reply<string>>;
  /** The values in the order in which they are listed. */
  chooseSeveral(question: ChooseSeveralQuestion): Promise<Reply<readonly string[]>>;
  /** The text without white space around it. */
  text(question: TextQuestion): Promise<Reply<string>>;
  /**
   * Something to know that arrives while a question may be on the screen: shown under the question at once, and kept
   * on the screen above what comes next.
   */
  note(line: Line): void;
  /** Whether a question is on the screen. */
  readonly asking: boolean;
}
