import { Chalk } from "chalk";
import type { Colors } from "./terminal.ts";

/** Always colours: whether there is to be colour is decided for each stream, and by options that Chalk does not see. */
const chalk = new Chalk({ level: 1 });

/** Loaded only where there is colour: in a pipe a command begins without. */
export const colors: Colors = {
  strong: chalk.bold,
  faint: chalk.dim,
  good: chalk.green,
  warning: chalk.yellow,
  bad: chalk.red,
};
