import { helpCommand, loadCommand, type ListedCommand } from "../command.ts";
import { readWords } from "./words.ts";

/**
 * Where a command line names its command. Options may come before it, as in `-o json status`. Then the command is
 * loaded, because its options show which words are their values.
 * @param words the words after the program's name
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
