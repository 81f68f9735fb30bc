import { DEFAULT_SCHEMA, dump, load, Type } from "js-yaml";

/** One document of a manifest: its bytes, and what they say. */
export interface ManifestDocument {
  /** Everything up to the next document, including its own separator. */
  readonly text: string;
  /** Undefined if it cannot be parsed, such as a template: such a document is not acr-pull's and stays as it is. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
  /** What contains it and is not edited by acr-pull; undefined if it is a YAML document of its own. */
  readonly within: Embedding | undefined;
}

/** What holds an object that has no YAML document of its own. */
export type Embedding = "a list" | "a JSON file" | "a row of JSON values" | "a document without a namespace";

/*
 * A line that begins with three hyphens ends a document wherever it is, even inside a block of text.
 * Source: https://yaml.org/spec/1.2.2/#912-document-markers
 */
const separator = /^---(?=[ \t\r\n]|$)/m;

/**
 * Splits a manifest into its documents. Their texts, one after the other, are the manifest, byte for byte.
 * @param known documents that need not be parsed again
 */
export function documentsOf(text: string, known: readonly ManifestDocument[] = []): ManifestDocument[] {
  const parsed = new Map(known.filter(({ within }) => !within).map((one) => [one.text, one]));
  return piecesOf(text).flatMap((piece) => parsed.get(piece) ?? documentsIn(piece));
}

/** The documents of a JSON file: its values, or what else kubectl reads in it. */
export function jsonDocuments(text: string): ManifestDocument[] {
  return piecesOf(text).flatMap((piece) => {
    const values = jsonValues(piece, "a JSON file");
    return values.length > 0
      ? values
      : documentsIn(piece).map((one) => ({ ...one, within: "a JSON file" as const }));
  });
}

/** The text between separators, each with the separator before it. */
function piecesOf(text: string): string[] {
  const starts = [...text.matchAll(new RegExp(separator, "gm"))].map(({ index }) => index);
  const cuts = [0, ...starts.filter((at) => at > 0), text.length];
  return cuts
    .slice(1)
    .map((end, index) => text.slice(cuts[index], end))
    .filter((piece) => piece !== "");
}

/**
 * The objects in a document: one, or the items of a list, as `kubectl get --output yaml` prints several objects. A list
 * of one kind, such as a SecretList, may leave that kind out of its items.
 */
export function objectsOf(document: ManifestDocument): ManifestDocument[] {
  const { kind, apiVersion, items } = document.value ?? {};
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [document];
  const ofItems = kind === "List" ? {} : { kind: kind.slice(0, -"List".length), apiVersion };
  const { text, within = "a list" } = document;
  return items
    .filter(isRecord)
    .flatMap((item) => objectsOf({ text, value: { ...ofItems, ...item }, within }));
}

/** The document between two separators. Where it begins with JSON, kubectl reads every value that follows. */
function documentsIn(text: string): ManifestDocument[] {
  try {
    const value: unknown = load(text, { schema: readSchema });
    return [{ text, value: isRecord(value) && !isTooMuch(value) ? value : undefined, within: undefined }];
  } catch {
    const values = jsonValues(text, "a row of JSON values");
    return values.length > 0 ? values : [{ text, value: undefined, within: undefined }];
  }
}

/** More values than any document has that acr-pull writes. */
const mostValues = 10_000;

/** Whether there are too many values to look at: aliases of aliases make a few hundred bytes into billions. */
function isTooMuch(value: unknown): boolean {
  const found = [value];
  for (const one of found) {
    if (found.length > mostValues) return true;
    if (typeof one === "object" && one !== null) found.push(...Object.values(one).slice(0, mostValues));
  }
  return false;
}

/**
 * The JSON objects that follow one another at the beginning of a text, as kubectl reads them: up to the first thing
 * that is not JSON.
 */
function jsonValues(text: string, within: Embedding): ManifestDocument[] {
  const found: ManifestDocument[] = [];
  let [start, depth] = [0, 0];
  let isQuoted = false;
  for (const { 0: token, index } of text.matchAll(/\\.|["{}]/gs)) {
    if (token === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (token === "{") depth += 1;
    if (token !== "}" || --depth > 0) continue;
    const piece = text.slice(start, index + 1);
    const value = jsonValue(piece);
    if (value === undefined) break;
    found.push({ text: piece, value, within });
    start = index + 1;
  }
  const last = found.pop();
  return last ? [...found, { ...last, text: last.text + text.slice(start) }] : [];
}

function jsonValue(text: string): ManifestDocument["value"] {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF?(?:---[ \t]*\r?\n)?/, ""));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A date without quotes is a text, as kubectl reads it. It is written in quotes, because others read a date.
 * Source: timeType in https://github.com/yaml/go-yaml/blob/v2/decode.go
 */
const date = new Type("tag:yaml.org,2002:timestamp", {
  kind: "scalar",
  resolve: (text: unknown) => typeof text === "string" && /^\d{4}-\d\d?-\d\d?(?:$|[Tt \t])/.test(text),
});
const readSchema = DEFAULT_SCHEMA.extend({ implicit: [date] });

/**
 * Has text put into quotes that Go's YAML, unlike js-yaml, reads as a number: `2026_01`. kubectl and the controllers use
 * it.
 * Source: https://github.com/yaml/go-yaml/blob/v2/resolve.go
 */
const goNumber = new Type("!goNumber", {
  kind: "scalar",
  resolve: (text: unknown) =>
    typeof text === "string" && /^[-+.]?[\d_][\w.+-]*$/.test(text) && text.includes("_"),
});
const writeSchema = readSchema.extend({ implicit: [goNumber] });

/** A document as acr-pull writes it: the same value gives the same bytes. */
export function documentText(value: Readonly<Record<string, unknown>>): string {
  return `---\n${dump(value, { lineWidth: -1, noRefs: true, schema: writeSchema })}`;
}

/** The output of a sealing command, as one document of a manifest. */
export function sealedText(answer: string): string {
  const body = answer.replace(/^\s*---[ \t]*\r?\n/, "").trimEnd();
  return `---\n${body}\n`;
}

/**
 * The text for a document in place of a standing one: it keeps the comments above and below what that one says, and its
 * way of beginning.
 */
export function inPlaceOf(standing: string, text: string): string {
  const lines = standing.split(/(?<=\n)/);
  const isContent = (line: string, index: number) =>
    !/^\s*$|^#/.test(line) && !(index === 0 && /^---\s*(?:#|$)/.test(line));
  const [first, last] = [lines.findIndex(isContent), lines.findLastIndex(isContent)];
  const above = lines.slice(0, first).join("");
  const below = lines.slice(last + 1).join("");
  const isSeparated = above.startsWith("---") || !standing.startsWith("---");
  return above + (isSeparated ? text.replace(/^---\n/, "") : text) + below;
}

/** The text of a manifest, with a new document in place of the standing one, or at the end. */
export function withDocument(
  documents: readonly ManifestDocument[],
  standing: ManifestDocument | undefined,
  text: string,
): string {
  if (standing) return documents.map((one) => (one === standing ? text : one.text)).join("");
  const before = documents.map((one) => one.text).join("");
  return `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${text}`;
}

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object at a path in a value; an empty object if there is none. */
export function recordIn(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  let found = value;
  for (const name of path) found = isRecord(found) ? found[name] : undefined;
  return isRecord(found) ? found : {};
}
