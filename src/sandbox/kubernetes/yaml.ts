import { isMap, isScalar, LineCounter, parseAllDocuments, visit, type Document, type Tags } from "yaml";

/** A text as its first document says it, and which keys of it are there twice. */
export interface YamlText {
  readonly value: unknown;
  /** As the API server's parser words them. */
  readonly duplicates: readonly string[];
}

/** JSON's way of writing what lies beyond 16 bits, which that parser does not read. */
const halfLetter = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/**
 * Reads YAML 1.1 as the API server's parser does: `yes` and `n` are booleans, times and sexagesimal numbers are texts, the
 * last of two equal keys wins and only the first document counts.
 * Source: https://github.com/kubernetes-sigs/yaml/tree/master/goyaml.v2 (resolve.go)
 * @throws Error of the parser
 */
export function readYaml(text: string): YamlText {
  if (halfLetter.test(text)) {
    throw new Error("found invalid Unicode character escape code");
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: "1.1",
    uniqueKeys: false,
    logLevel: "error",
    lineCounter: lines,
    customTags: withoutTimes,
  });
  const [first] = "empty" in documents ? [] : documents;
  const [error] = first?.errors ?? [];
  if (error) {
    throw error;
  }
  return { value: first?.toJS() as unknown, duplicates: first ? duplicateKeys(first, lines) : [] };
}

function withoutTimes(tags: Tags): Tags {
  return tags.filter(
    (tag) => typeof tag === "string" || !(tag.tag.endsWith(":timestamp") || tag.format === "TIME"),
  );
}

function duplicateKeys(document: Document, lines: LineCounter): string[] {
  const duplicates: string[] = [];
  visit(document, {
    Map: (_position, map) => {
      const seen = new Set<unknown>();
      for (const { key } of isMap(map) ? map.items : []) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name) && isScalar(key)) {
          const { line } = lines.linePos(key.range?.[0] ?? 0);
          duplicates.push(`line ${line}: key ${JSON.stringify(String(name))} already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return duplicates;
}
