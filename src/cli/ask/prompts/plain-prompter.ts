import type { Choice, ListQuestion, Prompter, Reply } from "../prompter.ts";
import type { Line, Terminal } from "../../show/terminal.ts";
import { untilAborted } from "../../../domain/until-aborted.ts";
import { withPreselected, listedNames } from "./choice-list.ts";
import { NumberedList, withPreselectedShown } from "./numbered-list.ts";
import { PlainScreen } from "./plain-screen.ts";

/** What a typed line means: an answer, with its wording, or what to say before asking again. */
type Verdict<T> = { readonly value: T; readonly said: string } | { readonly again: readonly string[] };

/** How to ask for a line, and what to make of it. */
interface Answering<T> {
  readonly prompt: string;
  readonly canGoBack: boolean;
  readonly judge: (text: string) => Promise<Verdict<T>>;
  readonly check: ((value: T, signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

/** Asks line by line and overwrites nothing, for screen readers and for terminals whose cursor cannot move. */
export class PlainPrompter implements Prompter {
  readonly #screen: PlainScreen;
  readonly #signal: AbortSignal;

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#screen = new PlainScreen(terminal, signal);
    this.#signal = signal;
  }

  get asking(): boolean {
    return this.#screen.asking;
  }

  choose: Prompter["choose"] = async (question) => {
    const { check, canGoBack } = question;
    const preselected = question.preselected === undefined ? [] : [question.preselected];
    const list = await this.#list(question, preselected);
    // As in the other prompter, the default is the first choice if none is preselected.
    const fallback = list.all.find(({ value }) => value === question.preselected) ?? list.all[0];
    const enter = fallback ? [`Enter for ${list.number(fallback)} (default)`] : [];
    return await this.#answer<string>({
      prompt: prompt(["Number or name", ...enter, ...listHints(list, canGoBack)]),
      canGoBack,
      check,
      judge: async (text) => {
        if (text === "?") return { again: list.explanations() };
        const choice = text === "" ? fallback : await this.#read(text, list, question);
        if (choice === undefined) return { again: [list.emptiness] };
        return "again" in choice ? choice : { value: choice.value, said: choice.label };
      },
    });
  };

  chooseSeveral: Prompter["chooseSeveral"] = async (question) => {
    const { check, canGoBack, least } = question;
    const list = await this.#list(question, question.preselected);
    const fallback = question.preselected.flatMap((value) => list.valued(value) ?? []);
    const names = listedNames(fallback.map(({ label }) => label));
    const enter = fallback.length >= least ? [`Enter for ${names} (default)`] : [];
    const none = least === 0 ? ["none for none"] : [];
    return await this.#answer<readonly string[]>({
      prompt: prompt([
        "Numbers or names, separated by commas",
        ...none,
        ...enter,
        ...listHints(list, canGoBack),
      ]),
      canGoBack,
      check,
      judge: async (text) => {
        if (text === "?") return { again: list.explanations() };
        const chosen = text === "" ? fallback : await this.#readSeveral(text, list, question);
        if ("again" in chosen) return chosen;
        if (chosen.length < least) return { again: ["At least one is needed: type a number or a name."] };
        // In list order, each once.
        const sorted = [...new Set(chosen)].sort((left, right) => list.number(left) - list.number(right));
        return {
          value: sorted.map(({ value }) => value),
          said: listedNames(sorted.map(({ label }) => label)),
        };
      },
    });
  };

  text: Prompter["text"] = async (question) => {
    const { message, intro = [], canGoBack, preset, ifEmpty, check, remark } = question;
    this.#screen.say(message, ...intro);
    const taken = preset || ifEmpty;
    const enter = taken === undefined ? [] : [`Enter for ${taken} (default)`];
    const remarks = async (text: string) => this.#screen.say(...((await remark?.(text, this.#signal)) ?? []));
    await remarks(preset);
    return await this.#answer({
      prompt: prompt(["Text", ...enter, ...backHint(canGoBack)]),
      canGoBack,
      check,
      judge: async (text) => {
        if (text !== "" && text !== preset) await remarks(text);
        return { value: text || preset, said: text || taken || "nothing" };
      },
    });
  };

  note(line: Line): void {
    this.#screen.note(line);
  }

  /** Shows the question and, once they are loaded, its choices. */
  async #list(question: ListQuestion, preselected: readonly string[]): Promise<NumberedList> {
    const { message, intro = [], loading, typed } = question;
    this.#screen.say(message, ...intro);
    if (question.choices instanceof Promise) this.#screen.say(`${loading} …`);
    const choices = await untilAborted(Promise.resolve(question.choices), this.#signal);
    const made = withPreselected(choices, preselected, typed);
    const list = new NumberedList(withPreselectedShown(made, preselected), typed);
    this.#screen.say(...list.lines(list.all, preselected));
    return list;
  }

  /** The choice that a text stands for, or what to say if it is none or several. */
  async #read(
    text: string,
    list: NumberedList,
    { search }: ListQuestion,
  ): Promise<Choice | { readonly again: readonly string[] }> {
    if (search && list.isNew(text)) {
      try {
        list.add(await search(text, this.#signal));
      } catch (error) {
        this.#signal.throwIfAborted();
        this.#screen.say(error instanceof Error ? error.message : String(error));
      }
    }
    const reading = list.read(text);
    if (reading.kind === "choice") return reading.choice;
    if (reading.kind === "nothing") return { again: [reading.reason] };
    return { again: [`Matches for ${text}:`, ...list.lines(reading.choices, [])] };
  }

  async #readSeveral(text: string, list: NumberedList, question: ListQuestion) {
    if (text === "none" && list.isNew(text)) return [];
    const chosen: Choice[] = [];
    for (const part of text
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean)) {
      const choice = await this.#read(part, list, question);
      if ("again" in choice) return choice;
      chosen.push(choice);
    }
    return chosen;
  }

  async #answer<T>({ prompt, canGoBack, judge, check }: Answering<T>): Promise<Reply<T>> {
    for (;;) {
      const text = await this.#screen.ask(prompt);
      if (canGoBack && text === "b") return { kind: "back" };
      const verdict = await judge(text);
      if ("again" in verdict) {
        this.#screen.say(...verdict.again);
        continue;
      }
      const { value, said } = verdict;
      const problem = await check?.(value, this.#signal);
      this.#screen.say(problem ?? `Chosen: ${said}`);
      if (problem === undefined) return { kind: "answer", value };
    }
  }
}

function prompt(hints: readonly string[]): string {
  return `${hints.join(", ")}: `;
}

function listHints(list: NumberedList, canGoBack: boolean): string[] {
  return [...(list.explanations().length > 0 ? ["? to explain"] : []), ...backHint(canGoBack)];
}

function backHint(canGoBack: boolean): string[] {
  return canGoBack ? ["b to go back"] : [];
}
