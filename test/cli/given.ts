import { commands } from "../../src/cli/commands.ts";
import type { Given, GivenOptions } from "../../src/cli/options/answers.ts";
import { readCommandLine, type Reading } from "../../src/cli/options/command-line.ts";
import { parsedName, type OptionSet } from "../../src/cli/options/option.ts";

/** Values of flags, by their names in camel case. */
export type Flags = Readonly<Record<string, string | readonly string[] | boolean>>;

/** Options as if these flags and variables had been given. */
export function gather(
  options: OptionSet,
  flags: Flags,
  environment: Readonly<Record<string, string | undefined>> = {},
): GivenOptions {
  const given = new Map<string, Given>();
  for (const [name, { long, variable, kind }] of Object.entries(options)) {
    const flag = flags[parsedName(long)];
    const value = environment[variable ?? ""];
    if (flag !== undefined) given.set(name, { texts: [flag].flat().map(String), source: "flag" });
    else if (value)
      given.set(name, { texts: kind === "list" ? value.split(",") : [value], source: "variable" });
  }
  return given;
}

/** What a command line means where these variables are set. */
export async function read(
  line: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  {
    columns,
    name = "acr-pull",
  }: { readonly columns?: number | undefined; readonly name?: string | undefined } = {},
): Promise<Reading> {
  Object.assign(process.env, environment);
  try {
    return await readCommandLine(line, { name, version: "1.2.3", commands }, environment, columns);
  } finally {
    for (const variable of Object.keys(environment)) delete process.env[variable];
  }
}

/** A command with flags, as it is typed. */
export function typed(command: string, flags: Flags): string[] {
  const words = Object.entries(flags).flatMap(([name, value]) => {
    const long = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [long] : [value].flat().flatMap((text) => [long, String(text)]);
  });
  return [command, ...words];
}
