import type { GivenOptions } from "../options/answers.ts";
import type { Changeable, OptionMore, Question, Texts } from "./question.ts";

interface Answered {
  readonly texts: Texts;
  /** The answers that it depends on, as one text to compare. */
  readonly basis: string;
}

interface Recovered extends Answered, Pick<OptionMore, "dependsOn"> {}

/**
 * What was given, what was answered, and which questions are still open. An answer counts while the answers that it
 * depends on stay the same.
 */
export class AnswerSheet<Answers> {
  readonly #questions: ReadonlyArray<Question<Answers>>;
  /** The options that flags and variables set. */
  readonly #given: GivenOptions;
  readonly #read: (given: GivenOptions) => Answers;
  readonly #answered = new Map<string, Answered>();
  /** For each question with nothing to ask, the answers that this depends on. */
  readonly #closed = new Map<string, string>();
  #recovered: readonly Recovered[] = [];

  constructor(
    questions: ReadonlyArray<Question<Answers>>,
    given: GivenOptions,
    read: (given: GivenOptions) => Answers,
  ) {
    this.#questions = questions;
    this.#given = given;
    this.#read = read;
  }

  /** Takes the answer to a question. */
  answer(question: Question<Answers>, at: number, texts: Texts): void {
    this.#answered.set(question.id, { texts, basis: basisOf(question.dependsOn, this.givenBefore(at)) });
    this.#withdrawConsent();
  }

  /** Notes that a question has nothing to ask. */
  close(question: Question<Answers>, at: number): void {
    this.#closed.set(question.id, basisOf(question.dependsOn, this.givenBefore(at)));
  }

  /** Adds an option that fixes a failure of a question. */
  add({ texts, dependsOn }: OptionMore, at: number): void {
    const basis = basisOf(dependsOn, this.givenBefore(at));
    this.#recovered = [...this.#recovered, { texts, dependsOn, basis }];
  }

  /** What is known when the question at this place is asked; past the last one, everything. */
  givenBefore(at: number): GivenOptions {
    const answered = this.#questions.slice(0, at).reduce<GivenOptions>((before, question) => {
      const answer = this.#answered.get(question.id);
      const known = this.#withRecovered(before);
      if (!answer || !this.#stands(question, known) || !question.applies(this.#read(known))) return before;
      return withTexts(before, answer.texts, question.settledBy);
    }, this.#given);
    return this.#withRecovered(answered);
  }

  /** The last answer to a question, whether it still counts or not. */
  lastAnswer({ id }: Question<Answers>): Texts | undefined {
    return this.#answered.get(id)?.texts;
  }

  /** The last answer to a question, or else the texts given for its options. */
  previous(question: Question<Answers>, given: GivenOptions): Texts {
    const known = question.options.flatMap((name) => {
      const texts = given.get(name)?.texts;
      return texts ? [[name, texts] as const] : [];
    });
    return this.lastAnswer(question) ?? Object.fromEntries(known);
  }

  /** The place of the first open question; past the last one if there is none. */
  firstOpen(): number {
    const first = this.#questions.findIndex((question, at) => this.isUnanswered(question, at));
    return first < 0 ? this.#questions.length : first;
  }

  isUnanswered(question: Question<Answers>, at: number): boolean {
    const given = this.givenBefore(at);
    return (
      !this.#isSettled(question, given) &&
      question.applies(this.#read(given)) &&
      !this.#stands(question, given) &&
      !this.#isClosed(question, given)
    );
  }

  /** Whether given options make the question unnecessary. */
  isSettled(question: Question<Answers>, at: number): boolean {
    return this.#isSettled(question, this.givenBefore(at));
  }

  /** The place of the question that was asked before this one, if any. */
  placeBefore(at: number): number | undefined {
    const index = this.#questions.slice(0, at).findLastIndex((question, before) => {
      const given = this.givenBefore(before);
      return this.#stands(question, given) && question.applies(this.#read(given));
    });
    return index < 0 ? undefined : index;
  }

  /** The questions before this one whose answers can be changed. */
  changeableBefore(at: number): Changeable[] {
    return this.#questions.slice(0, at).flatMap((question, before) => {
      const { id, subject } = question;
      const given = this.givenBefore(before);
      if (subject === undefined || !question.applies(this.#read(given))) return [];
      return this.#isClosed(question, given) && !this.#stands(question, given) ? [] : [{ id, subject }];
    });
  }

  #isSettled({ settledBy, id }: Question<Answers>, given: GivenOptions): boolean {
    return !this.#answered.has(id) && settledBy.some((option) => given.has(option));
  }

  #stands({ id, dependsOn }: Question<Answers>, given: GivenOptions): boolean {
    return this.#answered.get(id)?.basis === basisOf(dependsOn, given);
  }

  /** Whether it was found to have nothing to ask, and that still holds. */
  #isClosed({ id, dependsOn }: Question<Answers>, given: GivenOptions): boolean {
    return this.#closed.get(id) === basisOf(dependsOn, given);
  }

  /**
   * Consent covers only the answers that it was given for. Once they change, it is asked again, even if they change
   * back.
   */
  #withdrawConsent(): void {
    for (const [at, question] of this.#questions.entries()) {
      if (question.subject !== undefined || this.#stands(question, this.givenBefore(at))) continue;
      this.#answered.delete(question.id);
    }
  }

  #withRecovered(given: GivenOptions): GivenOptions {
    // An addition may depend on an option that an earlier addition changed.
    return this.#recovered.reduce(
      (known, { texts, dependsOn, basis }) =>
        basisOf(dependsOn, known) === basis ? withTexts(known, texts, []) : known,
      given,
    );
  }
}

/** The texts of some options, as one text to compare. */
export function basisOf(options: readonly string[], given: GivenOptions): string {
  return JSON.stringify(options.map((option) => given.get(option)?.texts ?? null));
}

/** The given options with some texts added, and without the options that these replace. */
export function withTexts(given: GivenOptions, texts: Texts, instead: readonly string[]): GivenOptions {
  const known = new Map([...given].filter(([option]) => !instead.includes(option)));
  for (const [option, one] of Object.entries(texts)) known.set(option, { texts: one, source: "answer" });
  return known;
}
