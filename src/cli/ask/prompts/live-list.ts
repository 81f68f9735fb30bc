import type { Choice, ListQuestion } from "../prompter.ts";
import { toned } from "../../show/terminal.ts";
import { withPreselected, type ChoiceList } from "./choice-list.ts";
import { frameOf, wrapLine, type Frame, type Paint, type Size } from "./layout.ts";
import { ListRows, PointedList } from "./pointed-list.ts";
import { isEnter, LiveQuestion, type AnswerCheck, type Key } from "./live-question.ts";
import { Lookup } from "./lookup.ts";

/** A shorter wait is shown without its length. */
const unremarkedMs = 2000;

/** A question with a list to filter, and a pointer in it. */
export abstract class LiveList<T> extends LiveQuestion<T> {
  /** Undefined while the choices are loading. */
  protected list: PointedList | undefined;
  readonly #question: ListQuestion;
  readonly #preselected: readonly string[];
  readonly #search: Lookup<readonly Choice[]> | undefined;
  readonly #rows = new ListRows();
  readonly #startedAt = Date.now();
  /** How many entries are on the screen. */
  #page = 1;

  constructor(question: ListQuestion, preselected: readonly string[], check: AnswerCheck<T>) {
    super(question.canGoBack, check);
    this.#question = question;
    this.#preselected = preselected;
    this.#search = question.search && this.#lookup(question.search);
  }

  override start(): void {
    const { choices } = this.#question;
    if (choices instanceof Promise) void this.#await(choices);
    else this.#fill(choices);
  }

  frame(size: Size, paint: Paint): Frame {
    const { message, intro } = this.#question;
    const columns = size.columns - 1;
    const { list } = this;
    return frameOf(
      {
        ...this.remarks,
        activity: this.remarks.activity ?? this.#waitedFor,
        message,
        intro,
        label: this.text === "" ? undefined : "  Filter: ",
        list: {
          // One more line, for the summary of the list.
          count: list ? list.entries.length + 1 : 0,
          lines: (rows) => (list ? this.#lines(list, rows, columns, paint) : []),
        },
        explanation: list ? this.#rows.explanation(list.pointed, list.entries, columns, paint) : [],
        keys: [
          ...this.#listKeys,
          ...(list ? this.keys : []),
          ...(this.text === "" ? this.backHint : ["Esc clear"]),
        ],
      },
      size,
      paint,
    );
  }

  /** What comes before an entry, after the pointer. */
  protected abstract mark(choice: Choice): string;
  /** What this list's own keys do, the most important last. */
  protected abstract readonly keys: readonly string[];
  /** A remark on the whole list, next to the pointer's position. */
  protected abstract readonly summary: string | undefined;
  /** Handles a key once the list is loaded; false if the key is not one of its own. */
  protected abstract acted(key: Key, list: PointedList): boolean;

  /** Orders the choices once they are loaded. */
  protected ordered(list: ChoiceList): ChoiceList {
    return list;
  }

  protected pressed(key: Key, typed: string): void {
    const { list } = this;
    const steps = new Map([
      ["up", -1],
      ["down", 1],
      ["pageup", -this.#page],
      ["pagedown", this.#page],
      ["home", -Infinity],
      ["end", Infinity],
    ]);
    const step = steps.get(key.name ?? "");
    if (step !== undefined) {
      this.problem = undefined;
      list?.move(step);
    } else if (list ? !this.acted(key, list) : !isEnter(key)) this.#type(typed);
  }

  /** Clears the text that filters the list. */
  protected override cleared(): boolean {
    if (this.text === "") return false;
    this.#type("");
    return true;
  }

  /** Clears the text and keeps the pointed entry, which may exist only because of the text. */
  protected keep(choice: Choice): void {
    this.#type("");
    this.list?.keep(choice);
  }

  /** Called when the text changes. */
  protected retyped(): void {}

  #type(text: string): void {
    if (text === this.text) return;
    this.text = text;
    this.problem = undefined;
    this.retyped();
    const isKnown = text.trim() === "" || this.list?.hasFound(text);
    this.#search?.about(isKnown ? undefined : text.trim());
    this.list?.type(text);
  }

  get #listKeys(): readonly string[] {
    const type = this.#question.typed ? "type to filter or add" : "type to filter";
    return this.list ? ["↑↓ move", type] : [type];
  }

  get #waitedFor(): string | undefined {
    if (this.list) return this.#search?.busy ? "searching" : undefined;
    const waited = Date.now() - this.#startedAt;
    return `${this.#question.loading}${waited < unremarkedMs ? "" : ` (${Math.floor(waited / 1000)}s)`}`;
  }

  #lookup(search: NonNullable<ListQuestion["search"]>): Lookup<readonly Choice[]> {
    return new Lookup(search, this.closed, {
      arrived: (text, found) => {
        this.list?.find(text, found);
        this.changed();
      },
      failed: (error) => {
        this.problem = error instanceof Error ? error.message : String(error);
        this.changed();
      },
    });
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
    const { typed } = this.#question;
    const list = this.ordered(withPreselected(choices, this.#preselected, typed));
    this.list = new PointedList(list, this.#preselected, typed);
    this.list.type(this.text);
  }

  #lines(
    { entries, pointer, emptiness }: PointedList,
    rows: number,
    columns: number,
    paint: Paint,
  ): string[] {
    // After Enter, the same text is shown as the problem.
    if (entries.length === 0) return this.problem === undefined ? wrapLine(emptiness, columns, paint) : [];
    this.#page = Math.max(rows - 1, 1);
    const room = { rows: this.#page, columns, paint };
    const lines = this.#rows.lines(entries, pointer, room, (choice) => this.mark(choice));
    const place = entries.length > lines.length ? [`${pointer + 1} of ${entries.length}`] : [];
    const said = [...(this.summary === undefined ? [] : [this.summary]), ...place].join(" · ");
    return said === "" ? lines : [...lines, paint([toned("faint", `  ${said}`)])];
  }
}
