import { oneLine } from "../foreign-text.ts";
import type { Choice, ListQuestion } from "../prompter.ts";
import { toned, type Line } from "../terminal.ts";
import { columnsOf } from "../text-width.ts";
import { withPreselected, type ChoiceList, type Offer } from "./choice-list.ts";
import { frameOf } from "./frame.ts";
import { cutLine, wrapLine, type Frame, type Paint, type Size } from "./layout.ts";
import { LiveQuestion, type Check, type Key } from "./live-question.ts";
import { measured } from "./list-measures.ts";
import { Lookup } from "./lookup.ts";
import { Page } from "./page.ts";

/** A wait that is over sooner says nothing of its length. */
const unremarkedMs = 2000;

/** A question with a list to filter and point into. */
export abstract class LiveList<T> extends LiveQuestion<T> {
  protected readonly question: ListQuestion;
  /** Undefined while the choices are on their way. */
  protected list: ChoiceList | undefined;
  protected pointer = 0;
  /** Whether the pointer was moved since the text last changed. */
  protected moved = false;
  readonly #preselected: readonly string[];
  readonly #page = new Page();
  readonly #search: Lookup<readonly Choice[]> | undefined;
  readonly #found = new Map<string, readonly Choice[]>();
  readonly #kept: string[] = [];
  readonly #startedAt = Date.now();
  #offer: Offer = { entries: [], rule: undefined };
  #rows = leastStep;

  constructor(
    question: ListQuestion & { readonly canGoBack: boolean },
    preselected: readonly string[],
    check: Check<T>,
  ) {
    super(question.canGoBack, check);
    this.question = question;
    this.#preselected = preselected;
    this.#search =
      question.search &&
      new Lookup(question.search, this.closed, {
        arrived: (text, found) => this.#arrived(text, found),
        failed: (error) => this.#searchFailed(error),
      });
  }

  override start(): void {
    const { choices } = this.question;
    if (choices instanceof Promise) void this.#await(choices);
    else this.#fill(choices);
  }

  frame(size: Size, paint: Paint): Frame {
    const { message, intro, loading } = this.question;
    const columns = size.columns - 1;
    const explanation = this.list === undefined ? [] : this.#explanation(columns, paint);
    const waited = Date.now() - this.#startedAt;
    const elapsed = waited < unremarkedMs ? "" : ` (${Math.floor(waited / 1000)}s)`;
    return frameOf(
      {
        ...this.remarks,
        activity:
          this.list === undefined
            ? `${loading}${elapsed}`
            : (this.remarks.activity ?? (this.#search?.busy ? "searching" : undefined)),
        message,
        intro,
        label: "  Filter: ",
        list: {
          // One line more for what is said of the list as a whole.
          count: this.list === undefined ? 0 : this.entries.length + 1,
          lines: (rows) => (this.list === undefined ? [] : this.#lines(rows, columns, paint)),
        },
        explanation,
        keys: this.keys,
      },
      size,
      paint,
    );
  }

  /** The choices that the text leaves. */
  protected get entries(): readonly Choice[] {
    return this.#offer.entries;
  }

  protected get pointed(): Choice | undefined {
    return this.entries[this.pointer];
  }

  protected get listKeys(): readonly string[] {
    const type = this.question.typed ? "type to filter or add" : "type to filter";
    return this.list === undefined ? [type] : ["↑↓ move", type];
  }

  /** What stands before an entry, behind the pointer. */
  protected abstract mark(choice: Choice): string;
  /** What the keys do, the weightiest last. */
  protected abstract readonly keys: readonly string[];
  /** Said of the whole list, besides where in it the pointer is. */
  protected abstract readonly summary: string | undefined;
  /** Enter, or another key that is neither a letter nor a movement; false: it is one of these. */
  protected abstract acted(key: Key): boolean;

  protected pressed(key: Key, typed: string): void {
    const steps: Readonly<Record<string, number>> = {
      up: -1,
      down: 1,
      pageup: -this.#rows,
      pagedown: this.#rows,
    };
    const step = steps[key.name ?? ""];
    if (step !== undefined) this.#move(step);
    else if (this.list === undefined ? key.name !== "return" && key.name !== "enter" : !this.acted(key)) {
      this.type(typed);
    }
  }

  /** Filters by a text; the pointer goes to the entry that is named so, or else to the first. */
  protected type(text: string): void {
    if (text === this.text) return;
    this.text = text;
    this.problem = undefined;
    this.moved = false;
    const trimmed = text.trim();
    this.#search?.about(trimmed === "" || this.#found.has(trimmed) ? undefined : trimmed);
    this.#refresh();
    const named = this.list?.named(trimmed);
    this.pointTo(trimmed === "" ? this.#preselected[0] : named?.value);
  }

  /** Points to the entry with this value, or else to the first. */
  protected pointTo(value: string | undefined): void {
    this.pointer = Math.max(
      this.entries.findIndex((entry) => entry.value === value),
      0,
    );
  }

  /** Why there is nothing to choose. */
  protected get emptiness(): string {
    if (this.#offer.rule !== undefined) return this.#offer.rule;
    return this.text.trim() === "" ? "There is nothing to choose." : "Nothing matches.";
  }

  /** Takes the text away, and keeps the entry that was pointed at, which the text alone may have made. */
  protected keep(choice: Choice): void {
    if (this.list && !this.list.valued(choice.value)) {
      this.#kept.push(choice.value);
      this.list = this.list.with([choice]).withFirst([...this.#preselected, ...this.#kept]);
    }
    this.type("");
    this.moved = false;
    this.pointTo(choice.value);
  }

  /** To be called when the choices are there. */
  protected ordered(list: ChoiceList): ChoiceList {
    return list;
  }

  async #await(choices: Promise<readonly Choice[]>): Promise<void> {
    const tick = setInterval(() => this.changed(), 1000);
    this.closed.addEventListener("abort", () => clearInterval(tick));
    try {
      this.#fill(await choices);
      if (!this.closed.aborted) this.changed();
    } catch (error) {
      this.failed(error);
    } finally {
      clearInterval(tick);
    }
  }

  #fill(choices: readonly Choice[]): void {
    this.list = this.ordered(withPreselected(choices, this.#preselected, this.question.typed));
    this.#refresh();
    const typed = this.text.trim();
    this.pointTo(typed === "" ? this.#preselected[0] : this.list.named(typed)?.value);
  }

  /** Choices that a search found; the pointer stays at its entry. */
  #arrived(text: string, found: readonly Choice[]): void {
    const { pointed } = this;
    this.#found.set(text, found);
    this.list = this.list?.with(found);
    this.#refresh();
    if (this.moved) this.pointTo(pointed?.value);
    else this.pointTo(this.list?.named(this.text.trim())?.value);
    this.changed();
  }

  #searchFailed(error: unknown): void {
    this.problem = error instanceof Error ? error.message : String(error);
    this.changed();
  }

  #refresh(): void {
    if (!this.list) return;
    const offer = this.list.offer(this.text, this.question.typed);
    // A service may find by what a choice does not show.
    const found = this.#found.get(this.text.trim()) ?? [];
    const missed = found.filter(({ value }) => !offer.entries.some((entry) => entry.value === value));
    this.#offer = missed.length === 0 ? offer : { ...offer, entries: [...missed, ...offer.entries] };
  }

  #move(step: number): void {
    this.pointer = Math.min(Math.max(this.pointer + step, 0), Math.max(this.entries.length - 1, 0));
    this.moved = true;
    this.problem = undefined;
  }

  #lines(rows: number, columns: number, paint: Paint): string[] {
    const { entries, pointer } = this;
    if (entries.length === 0) return wrapLine(this.emptiness, columns, paint);
    this.#rows = Math.max(rows - 1, leastStep);
    const { from, to } = this.#page.around(pointer, this.#rows, entries.length);
    const lines = entries
      .slice(from, to)
      .map((choice, index) => paint(this.#row(choice, from + index === pointer, columns)));
    const place = entries.length > to - from ? `${pointer + 1} of ${entries.length}` : undefined;
    const said = [this.summary, place].filter((text) => text !== undefined).join(" · ");
    return said === "" ? lines : [...lines, paint([toned("faint", `  ${said}`)])];
  }

  #row(choice: Choice, isPointed: boolean, columns: number): Line {
    const { label, detail } = choice;
    const mark = this.mark(choice);
    const gap = Math.max(measured(this.entries).labelColumns - columnsOf(oneLine(label)), 0);
    const row: Line = [
      toned(isPointed ? "good" : "plain", isPointed ? "❯ " : "  "),
      mark,
      toned(isPointed ? "strong" : "plain", label),
      ...(detail === undefined ? [] : [" ".repeat(gap + 2), toned("faint", detail)]),
    ];
    return cutLine(row, columns);
  }

  /** As high for every entry, so that what stands below keeps its place while the pointer moves. */
  #explanation(columns: number, paint: Paint): string[] {
    const text = this.pointed?.explanation;
    const lines = text === undefined ? [] : wrapLine(text, columns, paint);
    const { longestExplanation } = measured(this.entries);
    const height = longestExplanation === "" ? 0 : wrapLine(longestExplanation, columns, paint).length;
    return [...lines, ...Array<string>(Math.max(height - lines.length, 0)).fill("")];
  }
}

const leastStep = 1;
