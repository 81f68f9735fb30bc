import { inlineFrameOf } from "./frame.ts";
import type { Frame, Paint, Size } from "./layout.ts";
import { isEnter, LiveQuestion, type Key } from "./live-question.ts";

/** A short question that is answered in its own line, and from which no way leads back. */
export class LiveLine extends LiveQuestion<string> {
  readonly #message: string;
  readonly #inWords: (text: string) => string;

  /** @param inWords what stays on the screen of an answer */
  constructor(message: string, inWords: (text: string) => string) {
    super(false, undefined);
    this.#message = message;
    this.#inWords = inWords;
  }

  frame(size: Size, paint: Paint): Frame {
    return inlineFrameOf(this.#message, size, paint);
  }

  protected pressed(key: Key, typed: string): void {
    const text = this.text.trim();
    if (isEnter(key)) this.answer(text, this.#inWords(text));
    else if (key.name !== "up" && key.name !== "down") this.text = typed;
  }
}
