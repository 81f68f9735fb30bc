import { missingInput, UsageError, type GivenOptions } from "./answers.ts";
import type { OptionDefinition, OptionSet, OptionsOf } from "./option.ts";

/** What a command refuses before anything is read or asked for. */
export interface Checks<Answers> {
  /** Each option says which others it excludes or needs. */
  readonly options: OptionsOf<Answers>;
  /** A sentence for each other conflict. */
  readonly conflicts?: (answers: Answers, given: GivenOptions) => readonly string[];
  /**
   * Required options that were not given.
   * @param interactive whether somebody can be asked
   */
  readonly missing?: (answers: Answers, interactive: boolean) => ReadonlyArray<OptionDefinition<unknown>>;
}

/**
 * Refuses answers that no run could work with.
 * @throws UsageError `usage.conflict` with every conflict, or else `usage.missing-input` with everything missing
 */
export function check<Answers>(
  { options, conflicts, missing }: Checks<Answers>,
  answers: Answers,
  given: GivenOptions,
  interactive: boolean,
): void {
  const wrong = [...brokenRules(options, given), ...(conflicts?.(answers, given) ?? [])];
  if (wrong.length > 0) throw new UsageError(wrong.map((one) => `${one}.`).join("\n"), "usage.conflict");
  const required = missing?.(answers, interactive) ?? [];
  if (required.length > 0) throw missingInput(required);
}

/** A sentence for each pair of options that exclude each other, and for each option that needs a missing one. */
function brokenRules(options: OptionSet, given: GivenOptions): string[] {
  const present = Object.entries(options).filter(([name, { kind }]) => {
    const texts = given.get(name)?.texts;
    // A switch that a variable sets to false counts as not given.
    return texts && (kind !== "switch" || texts.at(-1) === "true");
  });
  // Conflicts between two modes come before the options that do not fit a mode.
  const lefts = present.toSorted(
    ([, one], [, other]) => Number(excludesAny(other)) - Number(excludesAny(one)),
  );
  const isPresent = (name: string) => present.some(([one]) => one === name);
  const longOf = (name: string) => options[name]?.long ?? name;
  const excluded = lefts.flatMap(([name, { long }]) =>
    present.flatMap(([, other]) => {
      const because = other.excludes[name];
      return because === undefined ? [] : [`${long} cannot be used with ${other.long}: ${because}`];
    }),
  );
  const unmetNeeds = present.flatMap(([, { long, needs }]) =>
    Object.entries(needs)
      .filter(([needed]) => !isPresent(needed))
      .map(([needed, because]) => `${long} needs ${longOf(needed)}: ${because}`),
  );
  return [...excluded, ...unmetNeeds];
}

function excludesAny({ excludes }: OptionDefinition<unknown>): boolean {
  return Object.keys(excludes).length > 0;
}
