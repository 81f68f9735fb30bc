import type { ProgressEvent } from "../../core/progress.ts";
import { formatDuration } from "../../domain/duration.ts";
import { toned, type Printer, type Toned } from "./terminal.ts";
import type { Detail } from "./view.ts";
import { wrapped } from "./text-width.ts";

/** In a log, a step that takes long is mentioned after this time, and then again, each time after twice as long. */
const quietTimeMs = 10_000;
const tickMs = 1000;
/** How far the second and later lines of a broken text are indented. */
const indentColumns = 2;

interface ActiveStep {
  text: string;
  readonly startedAt: number;
  /** When a line last mentioned it. */
  mentionedAt: number | undefined;
  /** For how long no line mentions it after that. */
  silentMs: number;
}

/**
 * Progress for people: one line for each finished step, in the order of finishing. At a terminal, one status line
 * shows what is going on. Elsewhere, waits and long steps have lines of their own, less and less often.
 */
export class ProgressLines {
  readonly #printer: Printer;
  readonly #detail: Detail;
  readonly #now: () => number;
  readonly #active = new Map<string, ActiveStep>();
  #ticker: NodeJS.Timeout | undefined;
  /** Whether anything was shown. */
  printed = false;

  constructor(printer: Printer, detail: Detail, now: () => number = Date.now) {
    this.#printer = printer;
    this.#detail = detail;
    this.#now = now;
  }

  /** Shows one event. */
  show(event: ProgressEvent): void {
    switch (event.kind) {
      case "started":
        this.#begin(event.id, event.text);
        break;
      case "waiting":
        this.#wait(event.id, event.text);
        break;
      case "advanced":
        this.#advance(event.id, event.text);
        break;
      case "done":
        this.#end(event.id);
        this.#print(toned("good", "✓"), event.text);
        break;
      case "ended":
        this.#end(event.id);
        break;
      case "failed":
        this.#end(event.id);
        this.#print(toned("bad", "✗ failed:"), event.text);
        break;
      case "note":
        if (event.level === "warning") this.#write(toned("warning", "! warning:"), event.text);
        else if (event.level === "info") this.#print(toned("faint", "·"), event.text);
        // Shown even with --quiet, because nobody acts on an instruction that was not shown.
        else this.#write(toned("strong", ">"), event.text);
        break;
    }
    this.#refresh();
  }

  /** The steps that began and did not end. */
  unfinished(): readonly string[] {
    return [...this.#active.values()].map(({ text }) => text);
  }

  /** Removes the status line for good. */
  close(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#printer.status("");
  }

  #begin(id: string, text: string): void {
    const now = this.#now();
    const { verbose } = this.#detail;
    this.#active.set(id, {
      text,
      startedAt: now,
      mentionedAt: verbose ? now : undefined,
      silentMs: quietTimeMs,
    });
    if (verbose) this.#print(toned("faint", "·"), text);
    this.#watch();
  }

  #advance(id: string, text: string): void {
    const step = this.#active.get(id);
    if (step) step.text = text;
    else
      this.#active.set(id, { text, startedAt: this.#now(), mentionedAt: undefined, silentMs: quietTimeMs });
    this.#watch();
  }

  #wait(id: string, text: string): void {
    const now = this.#now();
    const step = this.#active.get(id) ?? {
      text,
      startedAt: now,
      mentionedAt: undefined,
      silentMs: quietTimeMs,
    };
    step.text = text;
    this.#active.set(id, step);
    if (step.mentionedAt === undefined || now - step.mentionedAt >= step.silentMs) this.#mention(step);
    this.#watch();
  }

  /** Mentions a step in a line of its own, if there is no status line. */
  #mention(step: ActiveStep): void {
    if (this.#printer.live) return;
    const now = this.#now();
    if (step.mentionedAt !== undefined || now > step.startedAt) step.silentMs *= 2;
    step.mentionedAt = now;
    this.#print(toned("faint", "…"), this.#withTime(step));
  }

  #watch(): void {
    if (this.#detail.quiet) return;
    this.#ticker ??= setInterval(() => this.#tick(), tickMs).unref();
  }

  #tick(): void {
    const now = this.#now();
    for (const step of this.#active.values()) {
      if (now - (step.mentionedAt ?? step.startedAt) >= step.silentMs) this.#mention(step);
    }
    this.#refresh();
  }

  /** Called before a step's last line is printed, so that the status line is not drawn again below it. */
  #end(id: string): void {
    this.#active.delete(id);
    this.#refresh();
  }

  #print(sign: Toned, text: string): void {
    if (!this.#detail.quiet) this.#write(sign, text);
  }

  #write(sign: Toned, text: string): void {
    this.printed = true;
    const [first = "", ...more] = wrapped(`${sign.text} ${text}`, this.#printer.width - indentColumns);
    this.#printer.line([sign, first.slice(sign.text.length)]);
    for (const line of more) this.#printer.line(" ".repeat(indentColumns) + line);
  }

  #refresh(): void {
    if (this.#detail.quiet) return;
    const newest = [...this.#active.values()].at(-1);
    if (newest === undefined) {
      this.#printer.status("");
      return;
    }
    const others = this.#active.size > 1 ? ` and ${this.#active.size - 1} more` : "";
    this.#printer.status(`… ${this.#withTime(newest)}${others}`);
  }

  /** A step, and how long it has taken so far. */
  #withTime({ text, startedAt }: ActiveStep): string {
    const seconds = Math.floor((this.#now() - startedAt) / 1000);
    return seconds > 0 ? `${text} (${formatDuration(seconds * 1000)})` : text;
  }
}
