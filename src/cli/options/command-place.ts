import { helpCommand, loadCommand, type ListedCommand } from "../command.ts";
import { readWords } from "./words.ts";

/**
 * Where a command line names its command. Options may stand before it, as in `-o json status`: then the command is
 * loaded, for its options tell which words are their values.
 * @param words what follows the program's name
 */
export async function commandPlace(
  words: readonly string[],
  commands: readonly ListedCommand[],
): Promise<number | undefined> {
  for (const [at, word] of words.entries()) {
    const before = words.slice(0, at);
    const listed = commands.find(({ name }) => name === word);
    if (listed === undefined && word !== helpCommand.name) continue;
    if (at === 0) return at;
    const options = listed ? Object.values((await loadCommand(listed)).options) : [];
    const { operands, awaiting, optionsEnded } = readWords(before, options);
    if (operands.length === 0 && awaiting === undefined && !optionsEnded) return at;
  }
  return undefined;
}
