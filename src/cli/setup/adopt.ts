import type { LookedAtSecret } from "../../core/choices/secret-outlook.ts";
import { setupOptions } from "./options.ts";
import { placeOptions, registryOptions, type QuestionParts, type SetupQuestion } from "./question.ts";

/** Consent to add the entry to secrets that are somebody else's; else another name is asked for. */
export function adoptQuestion({
  lookups,
  prompter,
}: QuestionParts): SetupQuestion<readonly LookedAtSecret[]> {
  return {
    id: "adopt",
    subject: undefined,
    options: ["adopt"],
    settledBy: ["adopt"],
    dependsOn: [...registryOptions, ...placeOptions, "secretName"],
    fetched: "early",
    applies: () => true,
    look: (answers) => lookups.secrets(answers, answers.secretName),
    isOpen: (secrets) => strangers(secrets).length > 0,
    expect: (secrets) => (strangers(secrets).length > 0 ? { adopt: ["true"] } : {}),
    async ask({ data, canGoBack }) {
      const reply = await prompter.choose({
        message: setupOptions.adopt.question ?? "",
        intro: strangers(await data).map(({ message }) => message),
        canGoBack,
        loading: "Looking at the secrets",
        preselected: "another",
        choices: [
          { value: "another", label: "choose another name" },
          {
            value: "adopt",
            label: "add the registry's entry",
            explanation:
              "A credential for this very registry is replaced. Entries of other registries, labels and owners stay.",
          },
        ],
      });
      if (reply.kind === "back") return reply;
      return reply.value === "adopt"
        ? { kind: "answer", value: { adopt: ["true"] } }
        : { kind: "change", question: "secret-name" };
    },
  };
}

function strangers(secrets: readonly LookedAtSecret[]) {
  return secrets.flatMap(({ outlook }) =>
    outlook.kind === "refused" && outlook.adoptable ? [outlook.error] : [],
  );
}
