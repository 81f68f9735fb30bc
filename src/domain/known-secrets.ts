/*
 * The secrets that this run has sent or received, so that none of them is shown. A server or a proxy may quote a
 * request in an error, even in a later one. Nothing is kept here that the run did not have anyway.
 */

/** This many consecutive characters give a secret away. Fewer occur in any sentence by chance. */
const pieceLength = 8;
/** How deep encodings may be nested, such as a form in base64 in JSON. */
const deepest = 3;
/** The longest part that is kept of a text that repeats a secret, in characters. */
const longestKept = 2000;
const notice = "(omitted: it repeats a secret)";

const known = new Set<string>();
/** Every piece of every known secret. New secrets are cut into pieces when the next text is checked. */
const pieces = new Set<string>();
const whole: string[] = [];
/** Short texts without a secret: every answer comes with the same headers. */
const clean = new Set<string>();
const longestRemembered = 200;
const mostRemembered = 1000;

/**
 * Remembers a secret. One that is shorter than a piece is ignored: it cannot be distinguished from an ordinary word.
 * @returns whether it is a new one
 */
export function learnSecret(secret: string): boolean {
  if (secret.length < pieceLength || known.has(secret)) return false;
  known.add(secret);
  whole.push(secret);
  clean.clear();
  return true;
}

/** Forgets all secrets, for another run in the same process. */
export function forgetSecrets(): void {
  known.clear();
  pieces.clear();
  whole.length = 0;
  clean.clear();
}

/**
 * Whether a text contains a piece of a known secret: as it is, with JSON or URL escapes, in hex or in base64.
 * @param shortest the length of a piece that counts, 8 or more
 */
export function holdsSecret(text: string, shortest = pieceLength): boolean {
  if (known.size === 0 || text.length < shortest) return false;
  for (const secret of whole.splice(0)) {
    for (let at = 0; at + pieceLength <= secret.length; at += 1) {
      pieces.add(secret.slice(at, at + pieceLength));
    }
  }
  if (clean.has(text)) return false;
  const found = holds(text, shortest, deepest);
  // A text that passes with a greater length may still contain a shorter piece.
  if (clean.size >= mostRemembered) clean.clear();
  if (!found && shortest === pieceLength && text.length <= longestRemembered) clean.add(text);
  return found;
}

/**
 * Somebody else's text, cut off before the first word that repeats a secret.
 * @param shortest the length of a piece that counts, 8 or more
 */
export function withoutSecrets(text: string, shortest = pieceLength): string {
  if (!holdsSecret(text, shortest)) return text;
  const begin = text.slice(0, longestKept);
  const words = [...begin.matchAll(/(?<=\s)\S/g)].map(({ index }) => index);
  let [clean, bad] = [-1, words.length];
  while (bad - clean > 1) {
    const middle = (clean + bad) >> 1;
    if (holdsSecret(begin.slice(0, words[middle]), shortest)) bad = middle;
    else clean = middle;
  }
  return begin.slice(0, words[clean] ?? 0) + notice;
}

/**
 * The same for every text and every name in a JSON value.
 * @throws RangeError if it is nested too deep
 */
export function withoutSecretsIn(value: unknown, shortest = pieceLength): unknown {
  if (typeof value === "string") return withoutSecrets(value, shortest);
  if (Array.isArray(value)) return value.map((item) => withoutSecretsIn(item, shortest));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      withoutSecrets(name, shortest),
      withoutSecretsIn(inner, shortest),
    ]),
  );
}

function holds(text: string, shortest: number, depth: number): boolean {
  if (text.length < shortest) return false;
  let run = 0;
  for (let at = 0; at + pieceLength <= text.length; at += 1) {
    run = pieces.has(text.slice(at, at + pieceLength)) ? run + 1 : 0;
    if (run > shortest - pieceLength) return true;
  }
  return depth > 0 && decoded(text).some((inner) => holds(inner, shortest, depth - 1));
}

/** What a text may encode. Hex and base64 may be cut off anywhere, so every possible start is tried. */
function decoded(text: string): string[] {
  const found: string[] = [];
  if (text.includes("\\")) found.push(withoutEscapes(text));
  if (text.includes("%")) found.push(withoutPercents(text));
  for (const [digits] of text.matchAll(/[\da-f]{16,}/gi)) {
    for (const lost of ["", "0"]) found.push(Buffer.from(lost + digits, "hex").toString());
  }
  for (const [digits] of text.matchAll(/[\w+/-]{11,}/g)) {
    for (const lost of ["", "A", "AA", "AAA"]) found.push(Buffer.from(lost + digits, "base64").toString());
  }
  return found;
}

function withoutEscapes(text: string): string {
  return text.replace(/\\(?:u([\da-f]{4})|(.))/gi, (_all, code: string | undefined, other: string) =>
    code === undefined ? other : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function withoutPercents(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll("%", ""), "hex").toString(),
  );
}
