import type { LookedAtSecret } from "../../../core/choices/secret-outlook.ts";
import { targetName } from "../../../core/turn/pull-secret.ts";
import { brokenRule } from "../../options/option.ts";
import { setupOptions } from "../options.ts";
import { toned, type Line } from "../../show/terminal.ts";
import { placeOptions, registryOptions, type SetupQuestionParts, type SetupQuestion } from "./question.ts";

const usual = setupOptions.secretName.read([]);
const shownAtMost = 4;

/** Asks for the name of the secret. Says what already has that name, and what will happen to it. */
export function secretNameQuestion({
  lookups,
  prompter,
}: SetupQuestionParts): SetupQuestion<readonly LookedAtSecret[]> {
  return {
    id: "secret-name",
    subject: "the secret's name",
    options: ["secretName"],
    settledBy: ["secretName"],
    dependsOn: [...registryOptions, ...placeOptions],
    fetched: "early",
    applies: () => true,
    look: (answers) => lookups.secrets(answers, usual),
    expect: () => ({ secretName: [usual] }),
    async ask({ answers, previous, canGoBack }) {
      const reply = await prompter.text({
        message: setupOptions.secretName.question ?? "",
        canGoBack,
        preset: previous["secretName"]?.[0] ?? usual,
        remark: async (text) =>
          answers.manifest === undefined && ruleBroken(text) === undefined
            ? remarks(await lookups.secrets(answers, text))
            : [],
        check: async (text) =>
          ruleBroken(text) ??
          (answers.manifest === undefined ? refusal(await lookups.secrets(answers, text)) : undefined),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { secretName: [reply.value] } };
    },
  };
}

function ruleBroken(text: string): string | undefined {
  const rule = brokenRule(setupOptions.secretName, text);
  return rule === undefined ? undefined : `The name ${rule}.`;
}

/** Why secrets with that name can never be written. If consent allows it, the next question asks for that. */
function refusal(secrets: readonly LookedAtSecret[]): string | undefined {
  for (const { outlook } of secrets) {
    if (outlook.kind === "refused" && !outlook.adoptable && outlook.error.code.startsWith("secret.")) {
      return [outlook.error.message, outlook.error.hint ?? ""].join(" ").trim();
    }
  }
  return undefined;
}

/** Remarks on secrets with that name: new ones are counted, existing ones listed. */
function remarks(secrets: readonly LookedAtSecret[]): Line[] {
  const told = secrets.map(remark).filter((line) => line !== undefined);
  const fresh = secrets.length - told.length;
  const lines: Line[] = told.slice(0, shownAtMost);
  if (told.length > lines.length) lines.push(`and ${told.length - lines.length} more that exist`);
  if (fresh > 0) lines.push(fresh === 1 ? "new in 1 namespace" : `new in ${fresh} namespaces`);
  return lines;
}

function remark({ target, outlook }: LookedAtSecret): Line | undefined {
  const name = targetName(target);
  switch (outlook.kind) {
    case "absent":
      return undefined;
    case "ours": {
      const until = outlook.expiresAt === undefined ? "" : `, valid until ${outlook.expiresAt.slice(0, 10)}`;
      return `${name} exists and is acr-pull's own${until}: kept while it works`;
    }
    case "merge":
      return `${name} exists: ${mergeText(outlook.hosts, outlook.replaces)}`;
    case "refused":
      return [toned("warning", "! "), outlook.error.message];
    case "unreadable":
      return [toned("warning", "! "), `${name} cannot be looked at: ${outlook.error.message}`];
    default:
      return outlook satisfies never;
  }
}

function mergeText(hosts: readonly string[], replaces: boolean): string {
  const what = replaces ? "its credential for this registry is replaced" : "the entry is added";
  return hosts.length === 0 ? what : `${what}, and ${hosts.join(", ")} stays`;
}

/** Asks for consent to add the entry to somebody else's secrets, or else for another name. */
export function adoptQuestion({
  lookups,
  prompter,
}: SetupQuestionParts): SetupQuestion<readonly LookedAtSecret[]> {
  return {
    id: "adopt",
    subject: undefined,
    options: ["adopt"],
    settledBy: ["adopt"],
    dependsOn: [...registryOptions, ...placeOptions, "secretName"],
    fetched: "early",
    applies: ({ manifest }) => manifest === undefined,
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
              "A credential for this registry is replaced. Entries of other registries, labels and owners stay.",
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
