/*
 * What the parser of the command line answers by itself, before any command runs.
 */

/** Shows help: for the program, and for each command. */
export const helpFlag = { flag: "-h, --help", summary: "show help" } as const;

/** Shows the program's version. */
export const versionFlag = { flag: "-V, --version", summary: "show the version" } as const;

/** Shows help too, as a command. */
export const helpCommand = { name: "help", summary: "show help for a command" } as const;
