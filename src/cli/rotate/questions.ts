import { registryName } from "../../core/cluster/registry-meant.ts";
import { registryText } from "../show/registry-text.ts";
import { isDeepStrictEqual } from "node:util";
import type { RotatableKey } from "../../core/rotate/contract.ts";
import { listRotatableKeys } from "../../core/rotate/flow.ts";
import { placeQuestions } from "../ask/common-questions.ts";
import type { Questionnaire, QuestionParts } from "../flow-command.ts";
import type { Choice, Prompter } from "../ask/prompter.ts";
import type { Question, Texts } from "../ask/question.ts";
import type { RotateTypes } from "./options.ts";
import { rotateOptions, type RotateAnswers } from "./options.ts";

/** The questions of `rotate`: which account, which clusters, and which keys. */
export const rotateQuestionnaire: Questionnaire<RotateTypes> = {
  opening: () => [
    "Replaces the passwords that a cluster's pull secrets hold, with no failed pull in between.",
    "Nothing is written before you agree to the plan. Ctrl-C stops.",
  ],
  // Both take the defaults.
  questions: ({ yes, dryRun }) =>
    yes || dryRun ? undefined : (parts) => ({ questions: rotateQuestions(parts) }),
};

/** The questions of `rotate` in their order. */
export function rotateQuestions({
  connections,
  prompter,
  context,
}: Pick<QuestionParts<RotateTypes>, "connections" | "prompter" | "context">): ReadonlyArray<
  Question<RotateAnswers>
> {
  return [
    ...placeQuestions<RotateAnswers>({
      connections,
      prompter,
      signal: context.signal,
      signIn: (request) => connections.directory(request),
      rights: "It needs to own the application, or to be allowed to change every application.",
    }),
    keysQuestion({
      prompter,
      keys: async (answers, signal) =>
        listRotatableKeys(answers, { clusters: await connections.clusters(answers) }, signal),
      now: () => new Date(),
    }),
  ];
}

/** What the question needs. */
interface KeysParts {
  readonly prompter: Pick<Prompter, "chooseSeveral">;
  /** The keys that the chosen clusters' secrets hold. */
  readonly keys: (answers: RotateAnswers, signal: AbortSignal) => Promise<readonly RotatableKey[]>;
  readonly now: () => Date;
}

/** Asks which keys, if there are several. The answer is the options that select exactly those. */
export function keysQuestion({
  prompter,
  keys,
  now,
}: KeysParts): Question<RotateAnswers, readonly RotatableKey[]> {
  return {
    id: "keys",
    subject: "the keys",
    options: ["registry", "namespaces"],
    settledBy: ["registry", "namespaces", "namespaceSelector", "secretName"],
    dependsOn: ["contexts"],
    // A context's plugin may open a browser or ask for a touch, which must not happen during questions about Azure.
    fetched: "soon",
    applies: () => true,
    looking: "Looking for the keys that secrets hold",
    look: keys,
    isOpen: (all) => all.length > 1,
    expect: () => ({}),
    async ask({ data, previous, canGoBack }) {
      const all = await data;
      const chosenOf = (values: readonly string[]) => all.filter((key) => values.includes(valueOf(key)));
      const reply = await prompter.chooseSeveral({
        message: rotateOptions.registry.question ?? "",
        canGoBack,
        loading: "",
        choices: all.map((key) => choiceOf(key, all, now())),
        preselected: all.filter((key) => isSelected(key, previous)).map(valueOf),
        least: 1,
        check: async (values) =>
          selectionOf(chosenOf(values), all)
            ? undefined
            : "No options select only these keys: choose all, or those of one registry.",
      });
      if (reply.kind === "back") return reply;
      return { kind: "answer", value: selectionOf(chosenOf(reply.value), all) ?? {} };
    },
  };
}

function valueOf({ clusterId, loginServer, appId, keyId }: RotatableKey): string {
  return [clusterId, loginServer, appId, keyId].join(" ");
}

function choiceOf(key: RotatableKey, all: readonly RotatableKey[], now: Date): Choice {
  const { registry, loginServer, keyId, secrets, contexts, retireAfter } = key;
  const clusters = new Set(all.map(({ clusterId }) => clusterId));
  const details = [
    ...(clusters.size > 1 ? [contexts.join(" and ")] : []),
    `key ${keyId ?? "unknown"}`,
    endOf(key, now),
    secrets.length === 1 ? "one secret" : `${secrets.length} secrets`,
    ...(retireAfter === undefined ? [] : ["its old key is still to be retired"]),
  ];
  return {
    value: valueOf(key),
    label: registryText(registryName(registry, loginServer), loginServer),
    detail: details.join(", "),
  };
}

function endOf({ expiresAt }: RotatableKey, now: Date): string {
  if (expiresAt === null) return "end unknown";
  const days = Math.floor((Date.parse(expiresAt) - now.getTime()) / 86_400_000);
  if (days < 0) return "expired";
  return days === 1 ? "expires in one day" : `expires in ${days} days`;
}

/** Whether `--registry` and `--namespace` select a key. Without them, every key is selected. */
export function isSelected({ loginServer, secrets }: RotatableKey, { registry, namespaces }: Texts): boolean {
  const spaces = new Set(secrets.map(namespaceOf));
  return (
    (registry === undefined || registry.includes(loginServer)) &&
    (namespaces === undefined || namespaces.some((name) => spaces.has(name)))
  );
}

/**
 * The fewest options that select these keys and no others: none for all keys, else the registry, else namespaces that
 * hold no other keys. Undefined if no options do.
 * @param all the keys to choose from, in the same order
 */
export function selectionOf(
  chosen: readonly RotatableKey[],
  all: readonly RotatableKey[],
): Texts | undefined {
  const registry = [...new Set(chosen.map(({ loginServer }) => loginServer))];
  const ofOneRegistry = registry.length === 1;
  const ways: Texts[] = [
    {},
    ...(ofOneRegistry ? [{ registry }] : []),
    { namespaces: tellingNamespaces(chosen, all) },
    ...(ofOneRegistry
      ? [
          {
            registry,
            namespaces: tellingNamespaces(
              chosen,
              all.filter((key) => isSelected(key, { registry })),
            ),
          },
        ]
      : []),
  ];
  return ways.find((texts) =>
    isDeepStrictEqual(
      all.filter((key) => isSelected(key, texts)),
      chosen,
    ),
  );
}

/** For each chosen key, a namespace that holds only chosen keys, if there is one. */
function tellingNamespaces(chosen: readonly RotatableKey[], all: readonly RotatableKey[]): string[] {
  const others = new Set(
    all.filter((key) => !chosen.includes(key)).flatMap(({ secrets }) => secrets.map(namespaceOf)),
  );
  const telling = chosen.flatMap(
    ({ secrets }) => secrets.map(namespaceOf).find((name) => !others.has(name)) ?? [],
  );
  return [...new Set(telling)];
}

function namespaceOf(secret: string): string {
  return secret.split("/")[0] ?? secret;
}
