import type { RotatableKey } from "../../core/rotate/contract.ts";
import { rotateOptions, type RotateAnswers } from "./options.ts";
import type { Choice, Prompter } from "../ask/prompter.ts";
import type { Question } from "../ask/question.ts";
import { isSelected, selectionOf } from "./key-selection.ts";

/** What the question is asked with. */
export interface KeysParts {
  readonly prompter: Pick<Prompter, "chooseSeveral">;
  /** The keys that the chosen clusters' secrets hold. */
  readonly keys: (answers: RotateAnswers, signal: AbortSignal) => Promise<readonly RotatableKey[]>;
  readonly now: () => Date;
}

/** Which keys, where there are several; answered by the options that mean just those. */
export function keysQuestion({
  prompter,
  keys,
  now,
}: KeysParts): Question<RotateAnswers, readonly RotatableKey[]> {
  return {
    id: "keys",
    subject: "the keys",
    options: ["registry", "namespace"],
    settledBy: ["registry", "namespace", "namespaceSelector", "secretName"],
    dependsOn: ["context"],
    // A context's plugin may open a browser, or ask for a touch: not while Azure is spoken of.
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
            : "No options mean these keys alone; choose all, or those of one registry.",
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
  const { loginServer, keyId, secrets, contexts, retireAfter } = key;
  const clusters = new Set(all.map(({ clusterId }) => clusterId));
  const details = [
    ...(clusters.size > 1 ? [contexts.join(" and ")] : []),
    `key ${keyId ?? "unknown"}`,
    endOf(key, now),
    secrets.length === 1 ? "one secret" : `${secrets.length} secrets`,
    ...(retireAfter === undefined ? [] : ["the one before it is still to be retired"]),
  ];
  return { value: valueOf(key), label: loginServer, detail: details.join(", ") };
}

function endOf({ expiresAt }: RotatableKey, now: Date): string {
  if (expiresAt === null) return "end unknown";
  const days = Math.floor((Date.parse(expiresAt) - now.getTime()) / 86_400_000);
  if (days < 0) return "expired";
  return days === 1 ? "expires in one day" : `expires in ${days} days`;
}
