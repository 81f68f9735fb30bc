import type { ResultRotation, RotateIntent } from "../../core/rotate/contract.ts";
import type { RotateCommands } from "./commands.ts";

/** What the lines depend on besides the result. */
export interface ResultContext {
  readonly intent: RotateIntent;
  readonly commands: RotateCommands;
  /** Whether a person was asked for something that the command line could have said. */
  readonly asked: boolean;
  readonly now: Date;
  /** Columns that the terminal has. */
  readonly width: number;
}

/** The key beside the one in use, by its place in the rotation. */
export function otherKey(
  { replaced, state }: ResultRotation,
  { intent }: Pick<ResultContext, "intent">,
): string {
  const name = replaced === null ? "The key" : `The key ${replaced}`;
  return state === "aborted" || intent === "abort" ? `${name} that was to follow it` : `${name} before it`;
}
