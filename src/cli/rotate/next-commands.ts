import type { GivenOptions } from "../options/answers.ts";
import { equivalentCommand, type Shell } from "../show/equivalent-command.ts";
import { rotateOptions, type RotateAnswers } from "./options.ts";

/** Command lines that the last screen shows, for the same keys of the same clusters. */
export interface NextCommands {
  /** Does the same again. */
  readonly again: string;
  /** Retires what is due, and nothing else. */
  readonly finish: string;
}

/** Options of this run that the command for retiring its old keys must not have. */
const ofTheRotation = [
  "ifDue",
  "expiresInMs",
  "graceMs",
  "overlapEntry",
  "finish",
  "compromised",
  "dryRun",
  "exitCode",
] as const satisfies ReadonlyArray<keyof RotateAnswers>;

/** The command lines that the last screen shows, for the same keys of the same clusters. */
export function nextCommands(shell: Shell): NextCommands {
  const command = (given: GivenOptions) => equivalentCommand({ ...shell, given }, "rotate", rotateOptions);
  const kept = [...shell.given].filter(([name]) => !ofTheRotation.some((one) => one === name));
  return {
    again: command(shell.given),
    finish: command(new Map([...kept, ["finish", { texts: ["true"], source: "flag" }]])),
  };
}
