import type { Reply } from "./prompter.ts";

/** The answer to a question: texts of options by their names, as if they had been given as flags. */
export type Texts = Readonly<Record<string, readonly string[]>>;

/** How a question of a wizard ended: also with the wish to change another answer, or to be asked again. */
export type WizardReply =
  Reply<Texts> | { readonly kind: "change"; readonly question: string } | { readonly kind: "again" };

/** An option that fixes a failure. */
export interface OptionMore {
  readonly kind: "given";
  readonly texts: Texts;
  /** Options that decide what a person agrees to with it. It counts only while they stay the same. */
  readonly dependsOn: readonly string[];
}

/** What a question gets when it is asked. */
export interface Asked<Answers, Data> {
  /** The answers so far. Options that the question does not depend on may still have their defaults. */
  readonly answers: Answers;
  /** What its choices are made from. It may still be loading. */
  readonly data: Promise<Data>;
  /** What was answered or given before. */
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
  /** The options that it answers. */
  readonly options: readonly string[];
  /** Options that make it unnecessary if they are given. */
  readonly settledBy: readonly string[];
  /** Options that affect its choices or its meaning. If one of them changes, it is asked again. */
  readonly dependsOn: readonly string[];
  /** `soon`: what it shows is fetched only while the question before it is on the screen. */
  readonly fetched: "early" | "soon";
  /** Whether the question makes sense for these answers. */
  applies(answers: Answers): boolean;
  /** Fetches what it shows. Aborted when answers change; requests that others share may continue. */
  look(answers: Answers, signal: AbortSignal): Promise<Data>;
  /** Shown while the data is loading that decides whether there is anything to ask. */
  readonly looking?: string;
  /** Whether there is anything to ask, if only the data can show that. */
  isOpen?(data: Data, answers: Answers): boolean;
  /**
   * The likely answer, for which the data of later questions is fetched ahead of time. Undefined if fetching it would
   * have side effects.
   */
  expect(data: Data, answers: Answers): Texts | undefined;
  ask(asked: Asked<Answers, Data>): Promise<WizardReply>;
}
