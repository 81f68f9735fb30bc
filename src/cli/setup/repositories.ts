import { isDeepStrictEqual } from "node:util";
import type { StandingChoice } from "../../core/choices/standing-rights.ts";
import type { Registry } from "../../domain/registry.ts";
import { brokenRule } from "../options/option.ts";
import { everyRepository, setupOptions } from "./options.ts";
import { principalOptions, type QuestionParts, type SetupQuestion } from "./question.ts";

interface Data {
  readonly registry: Registry;
  /** In order; none: all of the registry. Undefined: what stands cannot be told in one list. */
  readonly kept: readonly string[] | undefined;
}

/** Which repositories, on a registry whose roles can be limited to some. */
export function repositoriesQuestion({ lookups, prompter }: QuestionParts): SetupQuestion<Data> {
  return {
    id: "repositories",
    subject: "the repositories",
    options: ["repository"],
    settledBy: ["repository"],
    dependsOn: [...principalOptions, "role"],
    // No cluster is spoken to before it was chosen.
    fetched: "soon",
    applies: ({ noAzure }) => !noAzure,
    async look(answers) {
      const [registry, standing] = await Promise.all([lookups.registry(answers), lookups.standing(answers)]);
      return { registry, kept: keptLimit(standing) };
    },
    isOpen: ({ registry: { roleAssignmentMode } }) => roleAssignmentMode === "AbacRepositoryPermissions",
    expect: () => ({ repository: [] }),
    async ask({ data, previous, canGoBack }) {
      const { kept } = await data;
      const before = previous["repository"];
      const reply = await prompter.text({
        message: setupOptions.repository.question ?? "",
        intro: [
          "With commas between, and team/* for all below team; " +
            (kept ? "nothing for all of the registry." : "nothing to leave it as it is, and * for all."),
        ],
        canGoBack,
        ifEmpty: kept ? "all of them" : "as it is",
        preset: (before && before.length > 0
          ? before.filter((one) => one !== everyRepository)
          : (kept ?? [])
        ).join(", "),
        check: (text) => Promise.resolve(ruleBroken(listed(text))),
      });
      if (reply.kind === "back") return reply;
      return { kind: "answer", value: { repository: said(listed(reply.value), kept) } };
    },
  };
}

/** What has to be said so that a limit becomes this: nothing where it is what stands. */
function said(repositories: readonly string[], kept: Data["kept"]): readonly string[] {
  if (!kept) return repositories;
  if (isDeepStrictEqual([...repositories].sort(), kept)) return [];
  return repositories.length === 0 ? [everyRepository] : repositories;
}

/** The limit that every principal keeps when none is said; undefined where they differ, or one is not known. */
function keptLimit(standing: ReadonlyArray<StandingChoice | undefined>): Data["kept"] {
  const limits = standing.map((one) => (one ? one.repositories : []));
  const [first] = limits;
  return limits.every((limit) => isDeepStrictEqual(limit, first)) ? first : undefined;
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

function ruleBroken(repositories: readonly string[]): string | undefined {
  for (const one of repositories) {
    const rule = brokenRule(setupOptions.repository, one);
    if (rule !== undefined) return `${one} ${rule}`;
  }
  return undefined;
}
