import type { Line } from "../../show/terminal.ts";
import type { Frame, Paint, Remarks, Size } from "./layout.ts";

/** A key as Node's readline reports it; a plain letter may have no name. */
export interface Key {
  readonly name: string | undefined;
  readonly ctrl: boolean;
  readonly shift: boolean;
}

/** How a question left the screen. */
export type QuestionOutcome<T> =
  | { readonly kind: "answer"; readonly value: T; /** The answer in words. */ readonly said: string }
  | { readonly kind: "back" }
  | { readonly kind: "failed"; readonly error: unknown };

/** Why a value cannot be the answer; undefined if it can. */
export type AnswerCheck<T> = ((value: T, signal: AbortSignal) => Promise<string | undefined>) | undefined;

/** A question on the screen: what it shows and what keys do to it. */
export abstract class LiveQuestion<T> {
  /** Called when the question must be redrawn. */
  changed: () => void = () => {};
  outcome: QuestionOutcome<T> | undefined;
  /** The text typed so far. */
  text = "";
  readonly notes: Line[] = [];
  protected problem: string | undefined;
  readonly #canGoBack: boolean;
  readonly #check: AnswerCheck<T>;
  readonly #closed = new AbortController();
  #checking = false;

  constructor(canGoBack: boolean, check: AnswerCheck<T>) {
    this.#canGoBack = canGoBack;
    this.#check = check;
  }

  /** Starts to load what the question needs. Call it once, when the question appears on the screen. */
  start(): void {}

  /** Aborted when the question is over: answered, left, or taken away. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Stops what still runs for the question. Call it when the question has left the screen. */
  close(): void {
    this.#closed.abort();
  }

  note(line: Line): void {
    this.notes.push(line);
    this.changed();
  }

  /**
   * Handles a key; while an answer is checked, only the key that goes back.
   * @param typed the text after the key; `text` says what the question makes of it
   */
  press(key: Key, typed: string): void {
    if (this.outcome) return;
    const escape = key.name === "escape";
    const back = escape || (key.name === "tab" && key.shift);
    if (escape && !this.#checking && this.cleared()) return;
    if (back && this.#canGoBack) this.end({ kind: "back" });
    else if (!back && key.name !== "tab" && !this.#checking) this.pressed(movement(key), typed);
  }

  /** Clears what Esc clears before it goes back; false if there is nothing to clear. */
  protected cleared(): boolean {
    return false;
  }

  /** What is on the screen now. */
  abstract frame(size: Size, paint: Paint): Frame;

  /** Handles a key that is neither Tab nor one that goes back. */
  protected abstract pressed(key: Key, typed: string): void;

  /** Ends the question with this answer if the answer passes the check. */
  protected answer(value: T, said: string): void {
    if (this.#check === undefined) this.end({ kind: "answer", value, said });
    else void this.#answerIfSound(value, said, this.#check(value, this.closed));
  }

  protected end(outcome: QuestionOutcome<T>): void {
    if (this.closed.aborted) return;
    this.outcome = outcome;
    this.close();
    this.changed();
  }

  /** Ends the question because something that it needs failed. */
  protected failed(error: unknown): void {
    this.end({ kind: "failed", error });
  }

  protected get remarks(): Remarks {
    return {
      problem: this.problem,
      activity: this.#checking ? "checking" : undefined,
      notes: this.notes,
    };
  }

  protected get backHint(): readonly string[] {
    return this.#canGoBack ? ["Esc back"] : [];
  }

  async #answerIfSound(value: T, said: string, check: Promise<string | undefined>): Promise<void> {
    this.#checking = true;
    this.problem = undefined;
    this.changed();
    try {
      this.problem = await check;
    } catch (error) {
      this.failed(error);
    }
    this.#checking = false;
    if (this.problem === undefined) this.end({ kind: "answer", value, said });
    else if (!this.closed.aborted) this.changed();
  }
}

/** Whether a key is Enter, by either name that readline has for it. */
export function isEnter({ name }: Key): boolean {
  return name === "return" || name === "enter";
}

/** Ctrl-P and Ctrl-N move as the arrows do. */
function movement(key: Key): Key {
  if (key.ctrl && key.name === "p") return { ...key, name: "up" };
  if (key.ctrl && key.name === "n") return { ...key, name: "down" };
  return key;
}
