import type { Registry } from "../../../domain/registry.ts";
import { brokenRule } from "../../option.ts";
import { setupOptions } from "../setup-options.ts";
import { registryOptions, type QuestionParts, type SetupQuestion } from "./setup-question.ts";

/** Which repositories, on a registry whose roles can be limited to some. */
export function repositoriesQuestion({ lookups, prompter }: QuestionParts): SetupQuestion<Registry> {
  return {
    id: "repositories",
    subject: "the repositories",
    options: ["repository"],
    settledBy: ["repository"],
    dependsOn: [...registryOptions, "role"],
    fetched: "early",
    applies: ({ noAzure }) => !noAzure,
    look: (answers) => lookups.registry(answers),
    isOpen: ({ roleAssignmentMode }) => roleAssignmentMode === "AbacRepositoryPermissions",
    expect: () => ({ repository: [] }),
    async ask({ previous, canGoBack }) {
      const reply = await prompter.text({
        message: setupOptions.repository.question ?? "",
        intro: ["With commas between, and team/* for all below team; nothing for all of the registry."],
        canGoBack,
        ifEmpty: "all of them",
        preset: (previous["repository"] ?? []).join(", "),
        check: (text) => Promise.resolve(ruleBroken(listed(text))),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { repository: listed(reply.value) } };
    },
  };
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
