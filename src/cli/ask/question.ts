import type { Reply } from "./prompter.ts";

/** What a question answers: texts of options by their names, as if they had been given as flags. */
export type Texts = Readonly<Record<string, readonly string[]>>;

/** How a question of a wizard ended: also by the wish to answer another one, or the same, anew. */
export type WizardReply =
  Reply<Texts> | { readonly kind: "change"; readonly question: string } | { readonly kind: "again" };

/** An option that mends a failure. */
export interface OptionMore {
  readonly kind: "given";
  readonly texts: Texts;
  /** Options that decide what is agreed to by it: it counts no longer than they stay as they are. */
  readonly dependsOn: readonly string[];
}

/** What a question is asked with. */
export interface Asked<Answers, Data> {
  /** What is known by now; of options that the question does not depend on it may be the defaults. */
  readonly answers: Answers;
  /** What its choices are made of; may still be on its way. */
  readonly data: Promise<Data>;
  /** What was answered, or given, before. */
  readonly previous: Texts;
  readonly canGoBack: boolean;
  /** Questions whose answers can be changed from here. */
  readonly changeable: readonly Changeable[];
  readonly signal: AbortSignal;
}

/** A question in a list of things to change. */
export interface Changeable {
  readonly id: string;
  readonly subject: string;
}

/** One question: what it answers, what it needs to know first, and how it is asked. */
export interface Question<Answers, Data = unknown> {
  readonly id: string;
  /** What it is about, for a list of answers to change: "the registry"; undefined if it follows from another answer. */
  readonly subject: string | undefined;
  /** The options it answers. */
  readonly options: readonly string[];
  /** Options that make it superfluous when they were given. */
  readonly settledBy: readonly string[];
  /** Options that decide about its choices or its meaning: when one of them changes, it is asked again. */
  readonly dependsOn: readonly string[];
  /** `soon`: what it shows is fetched only while the question before it is on the screen. */
  readonly fetched: "early" | "soon";
  /** Whether the question makes sense for these answers. */
  applies(answers: Answers): boolean;
  /** Fetches what it shows. Aborted when answers change; requests that others share may go on. */
  look(answers: Answers, signal: AbortSignal): Promise<Data>;
  /** Shown while the data is fetched that tells whether there is anything to ask. */
  readonly looking?: string;
  /** Whether there is anything to ask, where only the data can tell. */
  isOpen?(data: Data, answers: Answers): boolean;
  /**
   * The likely answer, by which the data of later questions is fetched ahead of time. Undefined when fetching by it
   * would have side effects.
   */
  expect(data: Data, answers: Answers): Texts | undefined;
  ask(asked: Asked<Answers, Data>): Promise<WizardReply>;
}
