import { loadAll } from "js-yaml";
import { expect, it } from "vitest";
import {
  documentsOf,
  documentText,
  inPlaceOf,
  jsonDocuments,
  withDocument,
} from "../../src/manifest/documents.ts";

it.each([
  ["on the line of its separator", "--- {kind: Secret}\n"],
  ["after a tag", "--- !!map\nkind: Secret\n"],
  ["after a separator", "---\nkind: Secret\n"],
  ["before an end marker", "---\nkind: Secret\n...\n"],
  ["without a line break at its end", "---\nkind: Secret"],
])("a document that stands %s stays one of its own when it is replaced", (_where, standing) => {
  const documents = documentsOf(`kind: First\n${standing}`);
  const second = documents.find(({ text }) => text === standing);
  const text = inPlaceOf(standing, documentText({ kind: "Secret", type: "new" }));
  const whole = withDocument(documents, second, text);
  expect(loadAll(whole)).toEqual([{ kind: "First" }, { kind: "Secret", type: "new" }]);
  expect(documentsOf(whole).map((one) => one.text)).toEqual(["kind: First\n", text]);
});

it("what follows a separator in a JSON file is a document of it", () => {
  const text = '{"kind":"First"}\n---\n{"kind":"Second"}{"kind":"Third"}\n---\nkind: Fourth\n';
  const documents = jsonDocuments(text);
  expect(documents.map(({ value }) => value?.["kind"])).toEqual(["First", "Second", "Third", "Fourth"]);
  expect(new Set(documents.map(({ within }) => within))).toEqual(new Set(["a JSON file"]));
  expect(documents.map((one) => one.text).join("")).toBe(text);
});
