import type {
  ServiceAccountChoice,
  ServiceAccountChoices,
} from "../../core/choices/service-account-choices.ts";
import { objectName } from "../../domain/names.ts";
import { setupOptions } from "./options.ts";
import type { Choice } from "../ask/prompter.ts";
import type { Line } from "../show/terminal.ts";
import { noteWhenKnown, unlistedWarning } from "./note-when-known.ts";
import { placeOptions, type QuestionParts, type SetupQuestion } from "./question.ts";

/** Which service accounts get the secret, so that their pods need not name it. */
export function serviceAccountsQuestion({
  lookups,
  prompter,
}: QuestionParts): SetupQuestion<ServiceAccountChoices> {
  return {
    id: "service-accounts",
    subject: "the service accounts",
    options: ["serviceAccount"],
    settledBy: ["serviceAccount"],
    dependsOn: placeOptions,
    fetched: "early",
    applies: () => true,
    look: (answers) => lookups.serviceAccounts(answers),
    expect: () => ({ serviceAccount: [] }),
    async ask({ data, previous, canGoBack }) {
      noteWhenKnown(prompter, data, ({ unlisted }) => unlistedWarnings(unlisted));
      const reply = await prompter.chooseSeveral({
        message: setupOptions.serviceAccount.question ?? "",
        intro: [
          "None is fine: then each Pod names the secret in imagePullSecrets. Running pods are not changed.",
        ],
        canGoBack,
        loading: "Looking through the service accounts",
        choices: data.then(({ accounts }) => accounts.map(choiceOf)),
        preselected: previous["serviceAccount"] ?? [],
        least: 0,
        typed: (text) => ({ value: objectName(text), label: text, detail: "not to be seen from here" }),
        check: async (names) => missing(names, await data),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { serviceAccount: reply.value } };
    },
  };
}

function choiceOf({ name, missingIn }: ServiceAccountChoice): Choice {
  const usual = name === "default" ? "pods that name no service account" : undefined;
  const lacking = missingIn.length === 0 ? undefined : `not in ${missingIn.join(", ")}`;
  return {
    value: name,
    label: name,
    detail: [usual, lacking].filter((part) => part !== undefined).join("; ") || undefined,
  };
}

/** An account must be there wherever the secret is written, as far as that can be seen. */
function missing(
  names: readonly string[],
  { accounts, unlisted }: ServiceAccountChoices,
): string | undefined {
  for (const name of names) {
    const known = accounts.find((account) => account.name === name);
    if (known && known.missingIn.length > 0)
      return `There is no service account ${name} in ${known.missingIn.join(", ")}.`;
    if (!known && unlisted.length === 0)
      return `There is no service account ${name} in any of the namespaces.`;
  }
  return undefined;
}

/** One warning for all, since what keeps one namespace's from being listed most often keeps all of them. */
function unlistedWarnings(unlisted: ServiceAccountChoices["unlisted"]): Line[] {
  const [first] = unlisted;
  if (!first) return [];
  const places = unlisted.map(({ context, namespace }) => `${context}/${namespace}`).join(", ");
  return [unlistedWarning(`The service accounts of ${places}`, first.error, "they can be typed")];
}
