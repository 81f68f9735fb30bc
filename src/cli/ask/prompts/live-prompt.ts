import { emitKeypressEvents, type Interface } from "node:readline";
import {
  AbortPromptError,
  createPrompt,
  ExitPromptError,
  useEffect,
  useKeypress,
  useRef,
  useState,
} from "@inquirer/core";
import { createPromptModule } from "inquirer";
import { InterruptedError } from "../../interruption.ts";
import { toned, type Line, type Terminal } from "../../show/terminal.ts";
import { drawnFrame, emptyRows, roomToRedraw, wayOut, type Drawn } from "./drawn-frame.ts";
import { answeredLines, type Size } from "./layout.ts";
import type { LiveQuestion, QuestionOutcome } from "./live-question.ts";

/** A question and the terminal that it is asked in. The type of its answer does not matter here. */
type Asked = {
  readonly message: string;
  readonly question: Pick<LiveQuestion<unknown>, "changed" | "frame" | "outcome" | "press" | "text">;
  readonly terminal: Terminal;
};

/** An arrow key begins with the same byte as Esc. The key is Esc if nothing follows within this time. */
const escapeCodeTimeoutMs = 100;

/** A dragged window keeps changing its size. A question is redrawn once the size has not changed for this long. */
const settledMs = 100;

/**
 * Shows a question and waits until it leaves the screen.
 * @returns the answer, which stays on the screen in one line, or back, which leaves nothing there
 * @throws InterruptedError after Ctrl-C and at the end of input, the reason of an aborted signal, or the error of
 *   something that the question needs
 */
export async function askLive<T>(
  message: string,
  question: LiveQuestion<T>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Exclude<QuestionOutcome<T>, { kind: "failed" }>> {
  // The first listener for keys sets the timeout; readline's own 500 ms make Esc feel dead.
  emitKeypressEvents(terminal.stdin, { escapeCodeTimeout: escapeCodeTimeoutMs } as unknown as Interface);
  const ask = createPromptModule<{ live: Asked }>({
    input: terminal.stdin,
    output: terminal.questions,
    signal,
  });
  ask.registerPrompt("live", (asked: Asked, context) =>
    livePrompt(asked, {
      ...context,
      // Known only at the end.
      get clearPromptOnDone() {
        return question.outcome?.kind !== "answer";
      },
    }),
  );
  question.start();
  try {
    const answers = await ask<{ outcome: unknown }>({
      type: "live",
      name: "outcome",
      message,
      question,
      terminal,
    });
    const outcome = answers.outcome as QuestionOutcome<T>;
    if (outcome.kind === "failed") throw outcome.error;
    return outcome;
  } catch (error) {
    const left = [ExitPromptError, AbortPromptError, InterruptedError].some((kind) => error instanceof kind);
    if (!left) throw error;
    terminal.stderr.line([toned("bad", "✗"), " ", message]);
    signal.throwIfAborted();
    throw new InterruptedError();
  } finally {
    question.close();
  }
}

const livePrompt = createPrompt<QuestionOutcome<unknown>, Asked>(({ message, question, terminal }, done) => {
  const [, render] = useState(0);
  const drawn = useRef<Drawn | undefined>(undefined);
  const isStopped = useRef(false);
  const typed = useRef<Pick<Interface, "cursor"> | undefined>(undefined);
  const paint = (line: Line) => terminal.stderr.paint(line);
  const size = sizeOf(terminal);
  const frame = question.frame(size, paint);
  if (drawn.current) terminal.questions.write(roomToRedraw(drawn.current, size, terminal.miscounts));

  useKeypress((key, readline) => {
    question.press(key, readline.line);
    if (readline.line !== question.text) {
      readline.clearLine(0);
      readline.write(question.text);
    }
    if (!isStopped.current) render((count) => count + 1);
  });
  useEffect((readline) => {
    const changed = () => {
      if (!isStopped.current) render((count) => count + 1);
    };
    question.changed = changed;
    // Inquirer's own type omits the cursor.
    typed.current = readline as unknown as Interface;
    let settling: NodeJS.Timeout | undefined;
    const resized = () => {
      clearTimeout(settling);
      settling = setTimeout(changed, settledMs);
    };
    const ended = () => done({ kind: "failed", error: new InterruptedError() });
    // Stops the whole job, as the terminal itself does on Ctrl-Z. Readline would stop only this process, and the
    // program that started it would keep the terminal.
    const suspended = () => {
      isStopped.current = true;
      if (drawn.current) terminal.questions.write(wayOut(drawn.current));
      terminal.stdin.setRawMode?.(false);
      process.once("SIGCONT", resumed);
      process.kill(0, "SIGTSTP");
    };
    const resumed = () => {
      terminal.stdin.setRawMode?.(true);
      readline.resume();
      isStopped.current = false;
      if (drawn.current) terminal.questions.write(emptyRows(drawn.current));
      changed();
    };
    terminal.questions.on("resize", resized);
    readline.on("close", ended);
    readline.on("SIGTSTP", suspended);
    if (question.text !== "") readline.write(question.text);
    changed();
    return () => {
      question.changed = () => {};
      clearTimeout(settling);
      terminal.questions.off("resize", resized);
      readline.removeListener("close", ended);
      readline.removeListener("SIGTSTP", suspended);
      process.off("SIGCONT", resumed);
    };
  }, []);

  const { outcome } = question;
  if (outcome) done(outcome);
  if (outcome?.kind === "answer") return answerLines(message, outcome.said, terminal).join("\n");
  const content = [...frame.above, frame.label + question.text];
  drawn.current = drawnFrame(frame, question.text, typed.current?.cursor ?? question.text.length, size);
  return [content.join("\n"), frame.below.join("\n")];
});

/** What stays on the screen of an answered question. */
export function answerLines(message: string, said: string, terminal: Terminal): string[] {
  return answeredLines(message, said, sizeOf(terminal), (line) => terminal.stderr.paint(line));
}

/** A terminal of unknown size counts as the smallest usual one. */
function sizeOf({ questions }: Terminal): Size {
  return { columns: questions.columns || 80, rows: questions.rows || 24 };
}
