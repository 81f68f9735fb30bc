import type { GivenOptions } from "../options/answers.ts";

/** Texts of options by their names, as if they had been given as flags. */
export type Texts = Readonly<Record<string, readonly string[]>>;

/** What a person agrees to holds only while the options that it was about stay the same. */
const consentTo: Readonly<Record<string, readonly string[]>> = {
  adopt: ["registry", "contexts", "namespaces", "secretName"],
  allowPrivilegedRole: ["registry", "role"],
  createNamespace: ["contexts", "namespaces"],
};

/** What flags and variables gave, and what was answered since. */
export class AnswerSheet<Answers> {
  #given: GivenOptions;
  readonly #read: (given: GivenOptions) => Answers;

  constructor(given: GivenOptions, read: (given: GivenOptions) => Answers) {
    this.#given = given;
    this.#read = read;
  }

  get given(): GivenOptions {
    return this.#given;
  }

  get answers(): Answers {
    return this.#read(this.#given);
  }

  /** Whether one of these options was given or answered. */
  has(...options: readonly string[]): boolean {
    return options.some((option) => this.#given.has(option));
  }

  /** What was given or answered for an option, as text. */
  texts(option: string): readonly string[] {
    return this.#given.get(option)?.texts ?? [];
  }

  /**
   * Takes an answer; no texts stand for the default. A consent that was answered goes when what it was about changes.
   * @param instead options that the answer takes the place of
   */
  take(texts: Texts, instead: readonly string[] = []): void {
    const known = new Map(this.#given);
    for (const option of instead) known.delete(option);
    for (const [consent, about] of Object.entries(consentTo)) {
      const isMoot = known.get(consent)?.source === "answer" && about.some((option) => option in texts);
      if (isMoot) known.delete(consent);
    }
    for (const [option, one] of Object.entries(texts)) {
      if (one.length === 0) known.delete(option);
      else known.set(option, { texts: one, source: "answer" });
    }
    this.#given = known;
  }
}
