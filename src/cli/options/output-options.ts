import { defaultedOption, knowing, oneOf, switchOption } from "./option.ts";

/** How answers are written. */
const outputFormats = ["text", "json", "yaml"] as const;
/** The formats that only a command that lists things has. */
type ListFormat = "name" | "wide";
export type OutputFormat = (typeof outputFormats)[number] | ListFormat;

/** When colour is used. */
const colorChoices = ["auto", "always", "never"] as const;
export type ColorChoice = (typeof colorChoices)[number];

/** How the answer is written, for a command that also has these formats. */
export function outputOption(...more: readonly ListFormat[]) {
  const formats: readonly OutputFormat[] = [...outputFormats, ...more];
  const read = oneOf(...formats);
  return defaultedOption<OutputFormat>({
    flag: "-o, --output <format>",
    summary: `format of the answer: ${formats.join(", ")}`,
    common: true,
    group: "Output",
    parse: knowing(formats, (text) => {
      if (!isListFormat(text) || more.includes(text)) return read(text);
      throw new RangeError(
        `must be one of ${formats.join(", ")}; ${text} is only for commands that list things, such as status`,
      );
    }),
    fallback: "text",
  });
}

function isListFormat(text: string): text is ListFormat {
  return text === "name" || text === "wide";
}

/** Options of every command for its output. */
export const outputOptions = {
  output: outputOption(),
  color: defaultedOption({
    flag: `--color <${colorChoices.join("|")}>`,
    summary: "when to use colour; NO_COLOR and FORCE_COLOR count too",
    group: "Output",
    parse: oneOf(...colorChoices),
    fallback: "auto",
  }),
  accessible: switchOption({
    flag: "--accessible",
    summary: "plain lines and numbered questions, for screen readers; also if TERM is dumb",
    group: "Output",
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
    excludes: { quiet: "they ask for opposite things" },
  }),
  debug: switchOption({
    flag: "--debug",
    summary: "show the causes of an error, and where it occurred",
    group: "Output",
  }),
};
