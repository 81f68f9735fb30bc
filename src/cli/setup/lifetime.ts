import type { PasswordPolicy } from "../../domain/password-policy.ts";
import { formatDuration } from "../../domain/duration.ts";
import { lifetime } from "../options/option-values.ts";
import { setupOptions } from "./options.ts";
import type { Choice } from "../ask/prompter.ts";
import { azureOptions, type QuestionParts, type SetupQuestion } from "./question.ts";

type Data = PasswordPolicy | undefined;

const usual = setupOptions.expiresIn.fallback ?? "max";
const offered = [usual, "30d", "90d", "365d", "max"];

/** How long a new password lives, within what the tenant allows. */
export function lifetimeQuestion({ lookups, prompter }: QuestionParts): SetupQuestion<Data> {
  return {
    id: "lifetime",
    subject: "the password's life",
    options: ["expiresIn"],
    settledBy: ["expiresIn"],
    dependsOn: azureOptions,
    fetched: "early",
    applies: ({ noAzure, passwordFile, passwordStdin }) =>
      !noAzure && !passwordStdin && passwordFile === undefined,
    look: (answers) => lookups.passwordPolicy(answers),
    expect: (policy) => ({ expiresIn: [offered.find((text) => isAllowed(text, policy)) ?? "max"] }),
    async ask({ data, previous, canGoBack }) {
      const reply = await prompter.choose({
        message: setupOptions.expiresIn.question ?? "",
        intro: ["One that is in use already keeps its own end."],
        canGoBack,
        loading: "Looking what the tenant allows",
        choices: data.then(choicesOf),
        preselected: previous["expiresIn"]?.[0],
        typed: (text) => (lifetime(text) === undefined ? undefined : { value: text, label: text }),
        check: async (text) => refusal(text, await data),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { expiresIn: [reply.value] } };
    },
  };
}

function choicesOf(policy: Data): Choice[] {
  return offered
    .filter((text) => isAllowed(text, policy))
    .map((text) => ({
      value: text,
      label: text === "max" ? "max" : `${Number.parseInt(text, 10)} days`,
      detail:
        text === "max"
          ? `as long as the tenant allows${limitOf(policy)}`
          : text === usual
            ? "the default"
            : undefined,
    }));
}

function limitOf(policy: Data): string {
  return policy?.longestLifeMs === undefined ? "" : `: ${formatDuration(policy.longestLifeMs)}`;
}

function isAllowed(text: string, policy: Data): boolean {
  return refusal(text, policy) === undefined;
}

function refusal(text: string, policy: Data): string | undefined {
  const life = lifetime(text);
  if (life === "max" || policy?.longestLifeMs === undefined || life <= policy.longestLifeMs) return undefined;
  return `The tenant allows at most ${formatDuration(policy.longestLifeMs)}.`;
}
