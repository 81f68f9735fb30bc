import { Document, Scalar, visit } from "yaml";
import { escaped, isUnsafe } from "../foreign-text.ts";

/** A document as YAML, with no character in it that a terminal would act on. */
export function yamlText(value: Readonly<Record<string, unknown>>): string {
  // What JSON leaves out (undefined) must be left out here too.
  const document = new Document(JSON.parse(JSON.stringify(value)), { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, scalar) {
      // Only double quotes know escapes.
      if (typeof scalar.value === "string" && isUnsafe(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return escaped(document.toString({ lineWidth: 0 }));
}
