import type { GivenOptions } from "./answers.ts";
import type { OptionSet } from "./option.ts";

/** Which options of a command go together, and why. */
export interface OptionRules<Name extends string> {
  /** Those that never do. */
  readonly exclusions: ReadonlyArray<readonly [Name, Name, because: string]>;
  /** Those that need another. */
  readonly companions: ReadonlyArray<readonly [Name, needed: Name, because: string]>;
}

/** A sentence for each pair of options that was given and cannot be, and for each that lacks what it needs. */
export function brokenRules<Options extends OptionSet, Name extends string & keyof Options>(
  options: Options,
  { exclusions, companions }: OptionRules<Name>,
  answers: Readonly<Record<Name, unknown>>,
  given: GivenOptions,
): string[] {
  // A switch that a variable sets to false is given, and means nothing.
  const has = (name: Name) => given.has(name) && answers[name] !== false;
  const long = (name: Name) => options[name]?.long ?? name;
  const excluded = exclusions
    .filter(([left, right]) => has(left) && has(right))
    .map(([left, right, because]) => `${long(left)} cannot go with ${long(right)}: ${because}`);
  const lonely = companions
    .filter(([option, needed]) => has(option) && !has(needed))
    .map(([option, needed, because]) => `${long(option)} needs ${long(needed)}: ${because}`);
  return [...excluded, ...lonely];
}
