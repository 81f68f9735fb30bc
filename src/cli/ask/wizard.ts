import { setImmediate as nextTurn } from "node:timers/promises";
import { AnswerSheet, basisOf, withTexts } from "./answer-sheet.ts";
import type { GivenOptions } from "../options/answers.ts";
import type { Asked, OptionMore, Question, Texts, WizardReply } from "./question.ts";

/** What a wizard needs. */
interface WizardParts<Answers> {
  readonly questions: ReadonlyArray<Question<Answers>>;
  /** The options that flags and variables set. */
  readonly given: GivenOptions;
  readonly read: (given: GivenOptions) => Answers;
  /** Shows what the wizard waits for while no question is on the screen. */
  readonly wait: <T>(text: string, awaited: Promise<T>) => Promise<T>;
  /** Called when a question could not be asked, or its answer could not be used. @throws to stop */
  readonly failed: (
    error: unknown,
    asked: Pick<Asked<Answers, unknown>, "canGoBack" | "changeable">,
  ) => Promise<Recovery>;
  readonly signal: AbortSignal;
}

/** How a wizard continues after a failure: it asks again, goes back, goes to another question, or adds an option. */
export type Recovery = Exclude<WizardReply, { kind: "answer" }> | OptionMore;

interface Fetched {
  readonly basis: string;
  readonly data: Promise<unknown>;
  readonly abandon: () => void;
}

/**
 * Asks questions in order, with a way back from each. An answer is kept while the answers that it depends on stay the
 * same; otherwise its question is asked again with the old answer as its default. While a person reads one question,
 * the data of the later ones is fetched for the likely answers.
 */
export class Wizard<Answers> {
  readonly #parts: WizardParts<Answers>;
  readonly #sheet: AnswerSheet<Answers>;
  readonly #fetched = new Map<string, Fetched>();

  constructor(parts: WizardParts<Answers>) {
    this.#parts = parts;
    this.#sheet = new AnswerSheet(parts.questions, parts.given, parts.read);
  }

  /** Everything that was given and answered. An answer does not count once what it depends on has changed. */
  get given(): GivenOptions {
    return this.#sheet.givenBefore(this.#parts.questions.length);
  }

  /** Asks every open question, until none is left. */
  async run(): Promise<GivenOptions> {
    const { questions } = this.#parts;
    let returnTo: number | undefined;
    let at = this.#sheet.firstOpen();
    for (let question = questions[at]; question; question = questions[at]) {
      const back = returnTo ?? this.#sheet.placeBefore(at);
      const reply = await this.#put(question, at, back !== undefined);
      if (reply.kind === "back" && back !== undefined) {
        // Its data may have changed when it is asked again.
        this.#forget(question);
        at = back;
        returnTo = undefined;
      } else if (reply.kind === "change") {
        returnTo = at;
        at = this.#placeOf(reply.question);
      } else if (reply.kind === "given") {
        returnTo = undefined;
        this.#sheet.add(reply, at);
        at = this.#sheet.firstOpen();
      } else if (reply.kind === "answer" || reply.kind === "closed") {
        returnTo = undefined;
        if (reply.kind === "closed") this.#sheet.close(question, at);
        else this.#sheet.answer(question, at, reply.value);
        at = this.#sheet.firstOpen();
      }
    }
    return this.given;
  }

  /** What a question shows for everything that was given and answered. */
  async shown<Data>(question: Question<Answers, Data>): Promise<Data> {
    return (await this.#look(question, this.given)) as Data;
  }

  async #put(
    question: Question<Answers>,
    at: number,
    canGoBack: boolean,
  ): Promise<WizardReply | Recovery | { readonly kind: "closed" }> {
    const { read, wait, signal, failed } = this.#parts;
    const given = this.#sheet.givenBefore(at);
    const changeable = this.#sheet.changeableBefore(at);
    const left = new AbortController();
    try {
      const answers = read(given);
      const data = this.#look(question, given);
      this.#lookAhead(at, left.signal);
      // A person who came here to change an answer wants to be asked in any case.
      if (question.isOpen && this.#sheet.isUnanswered(question, at)) {
        const seen = await wait(question.looking ?? "Checking", data);
        if (!question.isOpen(seen, answers)) return { kind: "closed" };
      }
      const previous = this.#sheet.previous(question, given);
      return await question.ask({ answers, data, previous, canGoBack, changeable, signal });
    } catch (error) {
      this.#forget(question);
      return await failed(error, { canGoBack, changeable });
    } finally {
      left.abort();
    }
  }

  /**
   * Fetches data for the questions to come, each as soon as the answers that it depends on can be guessed.
   * @param left aborted when the current question is left, since the guesses may then be wrong
   */
  #lookAhead(from: number, left: AbortSignal): void {
    const { questions } = this.#parts;
    const expectations = new Map<string, Promise<Texts>>();
    for (const [at, question] of questions.entries()) {
      if (at < from || this.#sheet.isSettled(question, at)) continue;
      const needed = new Set(question.dependsOn.flatMap((option) => expectations.get(option) ?? []));
      const expected = Promise.all(needed).then((texts) =>
        left.aborted ? never : this.#expect(question, at, from, texts),
      );
      expected.catch(() => {});
      for (const option of question.options) expectations.set(option, expected);
    }
  }

  async #expect(
    question: Question<Answers>,
    at: number,
    from: number,
    before: readonly Texts[],
  ): Promise<Texts> {
    const given = before.reduce((known, texts) => withTexts(known, texts, []), this.#sheet.givenBefore(at));
    const answers = this.#parts.read(given);
    if (!question.applies(answers)) return {};
    if (question.fetched === "soon" && !this.#isNext(at, from)) return await never;
    const data = await this.#look(question, given);
    if (question.isOpen?.(data, answers) === false) return {};
    return this.#sheet.lastAnswer(question) ?? question.expect(data, answers) ?? (await never);
  }

  /** Whether nothing will be asked between two questions. */
  #isNext(at: number, from: number): boolean {
    return this.#parts.questions
      .slice(from + 1, at)
      .every((question, index) => !this.#sheet.isUnanswered(question, from + 1 + index));
  }

  /** Fetches what a question shows, once for each set of answers that it depends on. */
  #look(question: Question<Answers>, given: GivenOptions): Promise<unknown> {
    const basis = basisOf(question.dependsOn, given);
    const known = this.#fetched.get(question.id);
    if (known?.basis === basis) return known.data;
    // Data fetched for other answers is useless now.
    known?.abandon();
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, this.#parts.signal]);
    const answers = this.#parts.read(given);
    // In the next turn of the event loop, so that the question is on the screen before its clients are loaded.
    const data = nextTurn().then(() => question.look(answers, signal));
    data.catch(() => {
      // A second attempt may succeed.
      if (this.#fetched.get(question.id)?.data === data) this.#fetched.delete(question.id);
    });
    const abandon = () => controller.abort(new DOMException("other answers were given", "AbortError"));
    this.#fetched.set(question.id, { basis, data, abandon });
    return data;
  }

  #forget({ id }: Question<Answers>): void {
    this.#fetched.get(id)?.abandon();
    this.#fetched.delete(id);
  }

  #placeOf(id: string): number {
    const at = this.#parts.questions.findIndex((question) => question.id === id);
    // Past the last question everything counts as agreed to, so a mistake must not lead there.
    if (at < 0) throw new TypeError(`there is no question ${id}`);
    return at;
  }
}

/** Stands for an answer that cannot be guessed yet. */
const never = new Promise<never>(() => {});
