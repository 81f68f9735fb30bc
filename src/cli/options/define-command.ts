import { readAnswers } from "./answers.ts";
import type { CommandContext, CommandDefinition } from "../command.ts";
import type { AnswersOf, OptionSet } from "./option.ts";

/** Ties a command's options to the answers it receives. */
export function defineCommand<Options extends OptionSet>(
  definition: Omit<CommandDefinition, "run"> & {
    readonly options: Options;
    readonly run: (answers: AnswersOf<Options>, context: CommandContext) => Promise<number>;
  },
): CommandDefinition {
  const { options, run } = definition;
  return { ...definition, run: (context) => run(readAnswers(options, context.given), context) };
}
