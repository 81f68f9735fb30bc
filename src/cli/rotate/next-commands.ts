import type { GivenOptions } from "../options/answers.ts";
import { equivalentCommand, type Shell } from "../show/equivalent-command.ts";
import { rotateOptions, type RotateAnswers } from "./options.ts";

/** Command lines that the last screen shows, for the same keys of the same clusters. */
export interface NextCommands {
  /** Does the same again. */
  readonly again: string;
  /** Retires what is due, and nothing else. */
  readonly finish: string;
  /** Retires a key that this run left alive, where secrets may not be listed cluster-wide. */
  readonly retireUnseen: string;
}

/** Options of this run that the command for retiring its old keys must not have. */
const ofTheRotation = [
  "ifExpiringWithinMs",
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
  const finishing = instead(withoutRotation(shell.given), { finish: "true" });
  // After a leak, retirement is due at once. With --finish alone it would not be.
  const same = isTrue(shell.given, "compromised");
  const command = (given: GivenOptions) => equivalentCommand({ ...shell, given }, "rotate", rotateOptions);
  return {
    again: command(shell.given),
    finish: command(finishing),
    retireUnseen: command(instead(same ? shell.given : finishing, { namespacesComplete: "true" })),
  };
}

function isTrue(given: GivenOptions, name: keyof RotateAnswers): boolean {
  return given.get(name)?.texts.at(-1) === "true";
}

function withoutRotation(given: GivenOptions): GivenOptions {
  return new Map([...given].filter(([name]) => !ofTheRotation.some((one) => one === name)));
}

function instead(
  given: GivenOptions,
  more: Readonly<Partial<Record<keyof RotateAnswers, string>>>,
): GivenOptions {
  const flags = Object.entries(more).map(
    ([name, text]) => [name, { texts: [text], source: "flag" }] as const,
  );
  return new Map([...given, ...flags]);
}
