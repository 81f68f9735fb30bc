import type { ProgressEvent } from "../../core/progress.ts";
import { formatDuration } from "../../domain/duration.ts";
import { toned, type Line, type Printer } from "../terminal.ts";
import type { Detail } from "./view.ts";

/** In a log, a wait is mentioned again after this long. */
const quietTimeMs = 10_000;
const tickMs = 1000;

interface ActiveStep {
  text: string;
  readonly startedAt: number;
  mentionedAt: number | undefined;
}

/**
 * Progress for people: one line for each step that ended, in the order they ended. What is waited for stands in one
 * status line at a terminal; elsewhere it is a line of its own, at most one in ten seconds for each step.
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
      case "done":
        this.#end(event.id);
        this.#print([toned("good", "✓"), ` ${event.text}`]);
        break;
      case "failed":
        this.#end(event.id);
        this.#print([toned("bad", "✗ failed:"), ` ${event.text}`]);
        break;
      case "note":
        if (event.level === "warning") this.#print([toned("warning", "! warning:"), ` ${event.text}`]);
        else this.#print([toned("faint", "·"), ` ${event.text}`]);
        break;
    }
    this.#refresh();
  }

  /** What began and did not end. */
  unfinished(): readonly string[] {
    return [...this.#active.values()].map(({ text }) => text);
  }

  /** Takes the status line away, for good. */
  close(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#printer.status("");
  }

  #begin(id: string, text: string): void {
    this.#active.set(id, { text, startedAt: this.#now(), mentionedAt: undefined });
    if (this.#detail.verbose) this.#print([toned("faint", "·"), ` ${text}`]);
    if (this.#printer.live && !this.#detail.quiet && this.#ticker === undefined) {
      this.#ticker = setInterval(() => this.#refresh(), tickMs).unref();
    }
  }

  #wait(id: string, text: string): void {
    const now = this.#now();
    const step = this.#active.get(id) ?? { text, startedAt: now, mentionedAt: undefined };
    step.text = text;
    this.#active.set(id, step);
    const mention = step.mentionedAt === undefined || now - step.mentionedAt >= quietTimeMs;
    if (this.#printer.live || !mention) return;
    step.mentionedAt = now;
    this.#print([toned("faint", "…"), ` ${text}`]);
  }

  /** Before its last line is printed, so that the status line is not drawn again below it. */
  #end(id: string): void {
    this.#active.delete(id);
    this.#refresh();
  }

  #print(line: Line): void {
    if (this.#detail.quiet) return;
    this.printed = true;
    this.#printer.line(line);
  }

  #refresh(): void {
    if (this.#detail.quiet) return;
    const newest = [...this.#active.values()].at(-1);
    if (newest === undefined) {
      this.#printer.status("");
      return;
    }
    const seconds = Math.floor((this.#now() - newest.startedAt) / 1000);
    const elapsed = seconds > 0 ? ` (${formatDuration(seconds * 1000)})` : "";
    const others = this.#active.size > 1 ? ` and ${this.#active.size - 1} more` : "";
    this.#printer.status(`… ${newest.text}${elapsed}${others}`);
  }
}
