/**
 * How an object stands in a sentence: as JSON, in quotes or not; as Go prints a map or a struct; the bytes around a
 * fault; JSON in base64, as a Secret holds it. None looks far: a sentence may be as long as an answer.
 */
const objects = [
  /\{(?:\s|\\n){0,99}\\{0,99}"[^"\\]{0,999}\\{0,99}"\s{0,99}:/,
  /\bmap\[\S{1,99}?:/,
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
