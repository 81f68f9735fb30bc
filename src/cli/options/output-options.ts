import { defaultedOption, oneOf, switchOption } from "./option.ts";

/** How answers are written. */
const outputFormats = ["text", "json"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Options of every command for its output. */
export const outputOptions = {
  output: defaultedOption({
    flag: `-o, --output <${outputFormats.join("|")}>`,
    summary: "format of the answer",
    common: true,
    group: "Output",
    parse: oneOf(...outputFormats),
    fallback: "text",
  }),
  quiet: switchOption({
    flag: "--quiet",
    summary: "show only failures and warnings: nothing when all is well",
    group: "Output",
  }),
  verbose: switchOption({
    flag: "-v, --verbose",
    summary: "show more about each step",
    group: "Output",
    excludes: ["--quiet"],
  }),
  debug: switchOption({
    flag: "--debug",
    summary: "show the causes of an error, and where it occurred",
    group: "Output",
  }),
};
