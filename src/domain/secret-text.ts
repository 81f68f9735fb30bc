import { inspect } from "node:util";

const hidden = "[hidden]";

/**
 * A text that cannot be printed by accident: in a string, in JSON and in `inspect` it reads `[hidden]`, and its value
 * is not a property of the object. Every use goes through `reveal()`, so it can be searched for.
 */
export class SecretText {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The text itself. Use it only for a request that must contain it, or a file that the user asked for. */
  reveal(): string {
    return this.#value;
  }

  /** Compares without revealing to the caller. */
  equals(other: SecretText): boolean {
    return this.reveal() === other.reveal();
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}
