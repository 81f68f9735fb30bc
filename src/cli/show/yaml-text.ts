import { DEFAULT_SCHEMA, dump, Type } from "js-yaml";
import { escaped, isUnsafe } from "./foreign-text.ts";

/** Texts with unsafe characters are written in double quotes, because only those allow escapes. */
const schema = DEFAULT_SCHEMA.extend({
  implicit: [
    new Type("tag:yaml.org,2002:str", {
      kind: "scalar",
      resolve: () => false,
      predicate: (value) => typeof value === "string" && isUnsafe(value),
      represent: (text) => JSON.stringify(text),
    }),
  ],
});

/** A document as YAML, without a character that a terminal would act on. */
export function yamlText(value: Readonly<Record<string, unknown>>): string {
  // What JSON leaves out (undefined) must be left out here too.
  const document: unknown = JSON.parse(JSON.stringify(value));
  return escaped(dump(document, { schema, lineWidth: -1, noRefs: true }));
}
