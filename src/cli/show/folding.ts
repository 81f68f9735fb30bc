/*
 * What two hundred namespaces have in common is said once. Nobody reads it two hundred times, and a difference would
 * be lost in it.
 */

/** Things that are described in the same words; at least one. */
export type Alike<T> = readonly [first: T, ...more: T[]];

/** Groups things with the same key, in the order in which each key first came. */
export function alike<T>(items: readonly T[], keyOf: (item: T) => string): Array<Alike<T>> {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

const mostNames = 5;

/** Names, as many as a person reads. */
export function several(names: readonly string[]): string {
  const more = names.length - mostNames;
  return `${names.slice(0, mostNames).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** A number of things: `1 secret`, `2 secrets`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A namespace of a cluster. */
export interface NamespacePlace {
  readonly context: string;
  readonly namespace: string;
}

/** Namespaces of one cluster: `kind/team-a`, `3 namespaces of kind: team-a, team-b, team-c`. */
export function placesText(places: Alike<NamespacePlace>): string {
  const [{ context, namespace }] = places;
  const names = [...new Set(places.map((place) => place.namespace))];
  if (names.length === 1) return `${context}/${namespace}`;
  return `${names.length} namespaces of ${context}: ${several(names)}`;
}

/** The text without its own namespace, to compare it with the texts of others. */
export function apartFrom(namespace: string, text: string): string {
  return text.replaceAll(wholeWord(namespace), "*");
}

/** A command with more namespaces than these is too long to paste. */
const mostInCommand = 20;

/**
 * What fixes the same trouble in several namespaces, made from what fixes it in the first.
 * @param fix what to do in the first. A command of acr-pull in it takes all namespaces. Another program's command is
 *   only an example, and so is one that runs after it
 */
export function fixOfAll(fix: string, [first, ...more]: Alike<NamespacePlace>): string {
  const others = [...new Set(more.map(({ namespace }) => namespace))].filter(
    (name) => name !== first.namespace,
  );
  if (others.length === 0 || apartFrom(first.namespace, fix) === fix) return fix;
  const flag = `--namespace ${first.namespace}`;
  const flags = [flag, ...others.map((name) => `--namespace ${name}`)].slice(0, mostInCommand);
  const command = new RegExp(
    `(?<!&& )(acr-pull (?:setup|rotate|verify|status|remove) (?:[^;\\n]* )?)${flag}(?![\\w-])`,
    "g",
  );
  const left = command.test(fix) ? others.length + 1 - flags.length : others.length;
  const all = fix.replaceAll(command, `$1${flags.join(" ")}`);
  return left === 0 ? all : `${all} (and the same for the other ${left})`;
}

/** A Kubernetes name as a separate word. Of its characters, only the dot means something in an expression. */
function wholeWord(name: string): RegExp {
  return new RegExp(`(?<![\\w-])${name.replaceAll(".", "\\.")}(?![\\w-])`, "g");
}
