/** Shorter ones are found in any sentence by chance, and are no password. */
const shortestSecret = 8;

/**
 * Every text in a request's body that an error must not repeat: the values of a Secret, what they decode to, and
 * each text in there. Whoever refuses a Secret, such as a webhook, may quote it.
 * @param body an object or a patch
 */
export function secretTexts(body: object): readonly string[] {
  const { data } = body as { data?: unknown };
  const values = Object.values(Object(data) as Record<string, unknown>).filter(
    (value) => typeof value === "string",
  );
  const decoded = values.map((value) => Buffer.from(value, "base64").toString("utf8"));
  const inside = decoded.flatMap((text) => textsIn(parse(text)));
  return [...values, ...decoded, ...inside].filter((text) => text.length >= shortestSecret);
}

/**
 * How an object stands in a sentence: as JSON, in quotes or not; as Go prints a map or a struct; the bytes around a
 * fault; JSON in base64, as a Secret holds it.
 */
const objects = [
  /\{(?:\s|\\n)*\\*"[^"\\]*\\*"\s*:/,
  /\bmap\[\S+?:/,
  /\b[A-Z]\w*\{[A-Z]\w*:/,
  /\.\.\.\|/,
  /(?:eyJ|ewog)[\w+/-]{16}/,
];

/**
 * Whether a sentence quotes an object, or a part of one. The API server does where it cannot decode what a patch makes
 * of an object: all of the live Secret, with its data.
 */
export function quotesObject(sentence: string): boolean {
  return objects.some((one) => one.test(sentence));
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
