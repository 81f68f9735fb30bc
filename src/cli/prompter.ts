import { confirm, input } from "@inquirer/prompts";
import { InterruptedError } from "./interruption.ts";
import type { Terminal } from "./terminal.ts";
import { oneLine } from "./foreign-text.ts";

/** Asks a person at a terminal. Questions stand on stderr, for stdout is the answer's. */
export interface Prompter {
  /** Yes or no; Enter alone is no. */
  confirm(question: string): Promise<boolean>;
  /** Whether exactly this text was typed. */
  typed(question: string, expected: string): Promise<boolean>;
}

/** Only to be opened where `terminal.interactive`. */
export function openPrompter(terminal: Terminal, signal: AbortSignal): Prompter {
  const context = { input: terminal.stdin, output: terminal.questions, signal };
  return {
    confirm: (question) => answered(confirm({ message: oneLine(question), default: false }, context), signal),
    typed: async (question, expected) =>
      (await answered(input({ message: oneLine(question) }, context), signal)).trim() === expected,
  };
}

/** Ctrl-C at a question comes as an error of the library, not as a signal. */
async function answered<T>(question: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await question;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && ["ExitPromptError", "AbortPromptError"].includes(error.name)) {
      throw new InterruptedError();
    }
    throw error;
  }
}
