import { inspect } from "node:util";

const hidden = "[hidden]";
const values = new WeakMap<SecretText, string>();

/**
 * A text that cannot be printed by accident: in a string, in JSON and in `inspect` it reads `[hidden]`, and the
 * value is no property of the object. `reveal()` is the only way out, so that every use can be searched for.
 */
export class SecretText {
  constructor(value: string) {
    values.set(this, value);
  }

  /** The text itself. Only for a request that must carry it, or a file the user asked for. */
  reveal(): string {
    const value = values.get(this);
    if (value === undefined) throw new TypeError("not a SecretText");
    return value;
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
