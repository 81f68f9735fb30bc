import type { Choice } from "../prompter.ts";

/** What Enter does at a list of which several can be chosen. */
export type EnterEffect = "tick" | "confirm";

/** What led to the entry that is pointed at. */
export interface Situation {
  readonly text: string;
  /** Whether the pointer was moved since the text last changed. */
  readonly moved: boolean;
  /** Whether Space was used since the text last changed. */
  readonly spaced: boolean;
}

/**
 * What is ticked of a list. Enter ticks what was typed or moved to and is not ticked yet, so that it never goes on
 * without what a person points at; who has used Space knows how to tick, and for them Enter goes on.
 */
export class Ticks {
  readonly #values: ReadonlySet<string>;
  readonly #spaceUsed: boolean;

  private constructor(values: ReadonlySet<string>, spaceUsed: boolean) {
    this.#values = values;
    this.#spaceUsed = spaceUsed;
  }

  static of(values: readonly string[]): Ticks {
    return new Ticks(new Set(values), false);
  }

  has(value: string): boolean {
    return this.#values.has(value);
  }

  get count(): number {
    return this.#values.size;
  }

  /** With Space pressed at an entry. */
  toggled(value: string): Ticks {
    const values = new Set(this.#values);
    if (!values.delete(value)) values.add(value);
    return new Ticks(values, true);
  }

  /** With an entry ticked by Enter. */
  ticked(value: string): Ticks {
    return new Ticks(new Set([...this.#values, value]), this.#spaceUsed);
  }

  /** What Enter does now. */
  enter(pointed: Choice | undefined, { text, moved, spaced }: Situation): EnterEffect {
    if (spaced) return "confirm";
    if (text.trim() !== "") return "tick";
    if (pointed === undefined || this.has(pointed.value)) return "confirm";
    return moved && !this.#spaceUsed ? "tick" : "confirm";
  }
}
