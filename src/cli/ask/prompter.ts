import type { Line } from "../show/terminal.ts";

/** How a question ended: with an answer, or with the wish to go one question back. */
export type Reply<T> = { readonly kind: "answer"; readonly value: T } | { readonly kind: "back" };

/** One entry of a list. */
export interface Choice {
  /** The answer if this entry is chosen. */
  readonly value: string;
  readonly label: string;
  /** Shown after the label, and searched too. */
  readonly detail?: string | undefined;
  /** What it means, in a sentence or two. Shown under the list while the pointer is on this entry. */
  readonly explanation?: string | undefined;
}

/** What every question has. */
interface QuestionText {
  /** "Which registry?" */
  readonly message: string;
  /** What to know before answering. Shown under the message. */
  readonly intro?: readonly Line[] | undefined;
  /** Whether there is a question before this one. */
  readonly canGoBack: boolean;
}

/** What every question with a list has. */
export interface ListQuestion extends QuestionText {
  /** May still be loading. A failure to load them rejects the question's promise. */
  readonly choices: readonly Choice[] | Promise<readonly Choice[]>;
  /** Shown while they load: "Looking through your subscriptions". */
  readonly loading: string;
  /**
   * Turns a typed text that is not the label or value of any choice into another choice; undefined if it cannot
   * become one.
   * @throws RangeError with the rule that the text breaks
   */
  readonly typed?: ((text: string) => Choice | undefined) | undefined;
  /** Looks for more choices by the typed text, which is never empty. A failure is shown, and the list stays. */
  readonly search?: ((text: string, signal: AbortSignal) => Promise<readonly Choice[]>) | undefined;
}

/** One of a list. */
export interface ChooseQuestion extends ListQuestion {
  /** The value pointed at first. One that no choice has counts if `typed` accepts it. */
  readonly preselected: string | undefined;
  /** Why this cannot be the answer, asked when it is given; undefined if it can. */
  readonly check?: ((value: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

/** Any number of a list. */
export interface ChooseSeveralQuestion extends ListQuestion {
  /** The values ticked and listed first. One that no choice has counts if `typed` accepts it. */
  readonly preselected: readonly string[];
  readonly least: 0 | 1;
  /** Why these cannot be the answer, asked when they are given; undefined if they can. */
  readonly check?:
    ((values: readonly string[], signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

/** A line of text. */
export interface TextQuestion extends QuestionText {
  /** The text in the input at first, to change or to accept. */
  readonly preset: string;
  /** What an empty answer means, in words; "nothing" by default. */
  readonly ifEmpty?: string | undefined;
  /** Why this cannot be the answer, asked when it is given; undefined if it can. */
  readonly check?: ((text: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
  /** What to show about a text while it is typed. */
  readonly remark?: ((text: string, signal: AbortSignal) => Promise<readonly Line[]>) | undefined;
}

/**
 * Asks a person at a terminal. Questions go to stderr, because stdout is for the answer. Ctrl-C and the end of input
 * reject the question with an InterruptedError. An aborted run rejects it with the reason of its signal. An error
 * that a question's own function throws rejects it unchanged.
 */
export interface Prompter {
  choose(question: ChooseQuestion): Promise<Reply<string>>;
  /** Resolves to the values in the order in which they are listed. */
  chooseSeveral(question: ChooseSeveralQuestion): Promise<Reply<readonly string[]>>;
  /** Resolves to the text without white space around it. */
  text(question: TextQuestion): Promise<Reply<string>>;
  /**
   * Shows something to know while a question may be on the screen: at once under the question, and from then on above
   * what comes next.
   */
  note(line: Line): void;
  /** Whether a question is on the screen. */
  readonly asking: boolean;
}
