import type { CommandContext } from "../command.ts";
import { equivalentCommand } from "../equivalent-command.ts";
import { rotateOptions, type RotateAnswers } from "../options.ts";
import type { RotateCommands } from "./result-lines.ts";

type Shell = Pick<CommandContext, "program" | "given" | "environment">;

/** The same `rotate` without a question, or asking for what is not said. */
export function sameRotate({ program, given, environment }: Shell, how: { asking?: boolean } = {}): string {
  return equivalentCommand(program, "rotate", rotateOptions, given, environment, how);
}

/** Options that say how a new key is made, or what is done besides: they do not go with another intent. */
const ofTheRotation = [
  "ifExpiringWithin",
  "expiresIn",
  "grace",
  "wait",
  "noOverlapEntry",
  "finish",
  "abort",
  "compromised",
  "acceptOutage",
  "dryRun",
  "exitCode",
] as const satisfies ReadonlyArray<keyof RotateAnswers>;

/** The command lines that are told at the end: for the same keys, of the same clusters. */
export function rotateCommands(shell: Shell): RotateCommands {
  const instead = (more: Readonly<Partial<Record<keyof RotateAnswers, string>>>) => {
    const given = new Map(shell.given);
    for (const name of ofTheRotation) given.delete(name);
    for (const [name, text] of Object.entries(more)) given.set(name, { texts: [text], source: "flag" });
    return sameRotate({ ...shell, given });
  };
  return {
    again: sameRotate(shell),
    finish: instead({ finish: "true" }),
    finishComplete: instead({ finish: "true", namespacesComplete: "true" }),
    finishKey: (keyId) => instead({ finish: "true", retireKey: keyId }),
  };
}
