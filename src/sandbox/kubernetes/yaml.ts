import { FAILSAFE_SCHEMA, load, loadAll, Type, YAMLException } from "js-yaml";

/** The value of a text's first document, and the keys that occur twice in the text. */
export interface YamlText {
  readonly value: unknown;
  /** As the API server's parser words them. */
  readonly duplicates: readonly string[];
}

/** JSON's escape for a character beyond 16 bits. The API server's parser does not read it. */
const surrogateEscape = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/**
 * Reads YAML 1.1 as the API server's parser does: `yes` and `n` are booleans, times and sexagesimal numbers are
 * strings, the last of two equal keys wins, and only the first document counts.
 * Source: https://github.com/kubernetes-sigs/yaml/tree/master/goyaml.v2 (resolve.go)
 * @throws the parser's Error
 */
export function readYaml(text: string): YamlText {
  if (surrogateEscape.test(text)) {
    throw new Error("found invalid Unicode character escape code");
  }
  const [value] = loadAll(text, null, { schema, json: true });
  return { value, duplicates: duplicateKeys(text) };
}

const yes = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const no = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const whole = /^[-+]?(?:0b[01_]+|0x[\da-fA-F_]+|0o?[0-7_]*|[1-9][\d_]*)$/;
const broken = /^[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?$/;
const endless = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;

const schema = FAILSAFE_SCHEMA.extend({
  implicit: [
    scalar("null", [/^(?:|~|null|Null|NULL)$/], () => null),
    scalar("bool", [yes, no], (data) => yes.test(data)),
    scalar("int", [whole], integer),
    scalar("float", [broken, endless], fraction),
    new Type("tag:yaml.org,2002:merge", { kind: "scalar", resolve: (data: unknown) => data === "<<" }),
  ],
});

function scalar(name: string, patterns: readonly RegExp[], construct: (data: string) => unknown): Type {
  const text = (data: unknown) => (data as string | null) ?? "";
  return new Type(`tag:yaml.org,2002:${name}`, {
    kind: "scalar",
    resolve: (data: unknown) => patterns.some((pattern) => pattern.test(text(data))),
    construct: (data: unknown) => construct(text(data)),
  });
}

function fraction(data: string): number {
  if (broken.test(data)) {
    return Number(data.replaceAll("_", ""));
  }
  if (/nan/i.test(data)) {
    return NaN;
  }
  return data.startsWith("-") ? -Infinity : Infinity;
}

/** A number as Go reads it: a leading zero means octal. */
function integer(data: string): number {
  const [, sign, digits = ""] = /^([-+]?)(.*)$/.exec(data.replaceAll("_", "")) ?? [];
  const size = Number(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === "-" ? -size : size;
}

/** The parser stops at the first duplicate. Each one that is found is renamed, so that the next can be found. */
function duplicateKeys(text: string): string[] {
  const duplicates: string[] = [];
  for (let rest = text; ;) {
    const found = firstDuplicate(rest);
    if (!found) {
      return duplicates;
    }
    const { position, line } = found.mark;
    const [key = ""] = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s:]+)/.exec(rest.slice(position)) ?? [];
    duplicates.push(
      `line ${line + 1}: key ${JSON.stringify(String(load(key, { schema })))} already set in map`,
    );
    const renamed = `"\\0${duplicates.length}"`;
    rest = rest.slice(0, position) + renamed + rest.slice(position + key.length);
  }
}

function firstDuplicate(text: string): YAMLException | undefined {
  try {
    loadAll(text, null, { schema });
    return undefined;
  } catch (error) {
    if (error instanceof YAMLException && error.reason === "duplicated mapping key") {
      return error;
    }
    throw error;
  }
}
