import { brokenRule } from "../../options/option.ts";
import { clusterOptions } from "../../options/options.ts";
import type { KubeContext } from "../../../core/ports.ts";
import type { KubeContexts } from "../../connections.ts";
import type { Choice, Prompter } from "../prompter.ts";
import type { Question } from "../question.ts";

/** What the question is asked with. */
export interface ContextsParts<Answers> {
  readonly prompter: Pick<Prompter, "chooseSeveral">;
  readonly contexts: (answers: Answers) => Promise<KubeContexts>;
}

/** Which clusters, by the contexts of the kubeconfig; the current one first. */
export function contextsQuestion<Answers>({
  prompter,
  contexts,
}: ContextsParts<Answers>): Question<Answers, KubeContexts> {
  return {
    id: "contexts",
    subject: "the clusters",
    options: ["context"],
    settledBy: ["context"],
    dependsOn: [],
    fetched: "early",
    applies: () => true,
    look: contexts,
    expect: ({ current, contexts }) => {
      const likely = current ?? contexts[0]?.name;
      return likely === undefined ? {} : { context: [likely] };
    },
    async ask({ data, previous, canGoBack }) {
      // A file of this machine: nobody waits for it.
      const { current, contexts } = await data;
      const first = current ?? contexts[0]?.name;
      const reply = await prompter.chooseSeveral({
        message: clusterOptions.context.question ?? "",
        canGoBack,
        loading: "Reading the kubeconfig",
        choices: [...contexts]
          .sort((left, right) => rank(left, current) - rank(right, current))
          .map((one) => choiceOf(one, current)),
        preselected: previous["context"] ?? (first === undefined ? [] : [first]),
        least: 1,
        check: (names) => Promise.resolve(unreadable(names)),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { context: reply.value } };
    },
  };
}

/** Any name may stand in a file; here it has to be one that the option takes too. */
function unreadable(names: readonly string[]): string | undefined {
  for (const name of names) {
    const rule = brokenRule(clusterOptions.context, name);
    if (rule !== undefined) return `The name of the context ${name} ${rule}.`;
  }
  return undefined;
}

function rank({ name }: KubeContext, current: string | undefined): number {
  return name === current ? 0 : 1;
}

function choiceOf({ name, server }: KubeContext, current: string | undefined): Choice {
  const parts = [...(name === current ? ["current"] : []), ...(server === undefined ? [] : [server])];
  return { value: name, label: name, detail: parts.join(", ") };
}
