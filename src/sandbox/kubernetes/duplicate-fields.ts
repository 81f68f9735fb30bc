/*
 * If two fields have the same name, JSON.parse silently keeps the last. The API server warns, or refuses the body.
 */

const token = /[{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}[\],:"]+/gs;

interface Level {
  /** Undefined in a list. */
  readonly fields: Set<string> | undefined;
  readonly path: string;
  /** The field or index of the next value. */
  step: string | number;
}

/** The paths of the fields that occur twice in a valid JSON text, such as `metadata.labels.a`. */
export function duplicateFields(json: string): string[] {
  const duplicates: string[] = [];
  const levels: Level[] = [];
  let expectsField = false;
  for (const [text] of json.matchAll(token)) {
    const level = levels.at(-1);
    if (text === "{" || text === "[") {
      const fields = text === "{" ? new Set<string>() : undefined;
      levels.push({ fields, path: level ? placeIn(level) : "", step: 0 });
      expectsField = text === "{";
    } else if (text === "}" || text === "]") {
      levels.pop();
      expectsField = false;
    } else if (text === ",") {
      expectsField = level?.fields !== undefined;
      if (level && typeof level.step === "number") level.step += 1;
    } else if (expectsField && level) {
      level.step = JSON.parse(text) as string;
      if (level.fields?.has(level.step)) duplicates.push(placeIn(level));
      level.fields?.add(level.step);
      expectsField = false;
    }
  }
  return duplicates;
}

function placeIn({ path, step }: Level): string {
  if (typeof step === "number") {
    return `${path}[${step}]`;
  }
  return path ? `${path}.${step}` : step;
}
