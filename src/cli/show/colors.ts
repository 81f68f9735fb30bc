import { Chalk } from "chalk";
import type { Colors } from "./terminal.ts";

/** Always colours. Whether there is colour is decided for each stream, and by options that Chalk does not see. */
const chalk = new Chalk({ level: 1 });

/** Loaded only if there is colour: in a pipe, a command starts without it. */
export const colors: Colors = {
  strong: chalk.bold,
  faint: chalk.dim,
  good: chalk.green,
  warning: chalk.yellow,
  bad: chalk.red,
};
