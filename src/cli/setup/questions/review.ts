import type { Preview } from "../../../core/setup/flow.ts";
import { hasChanges, type PlannedChange } from "../../../core/plan.ts";
import { UsageError } from "../../options/answers.ts";
import { usualReply } from "../../ask/approval.ts";
import { setupOptions, type SetupAnswers } from "../options.ts";
import type { Choice } from "../../ask/prompter.ts";
import type { CommandContext } from "../../command.ts";
import { shownPlan } from "../text.ts";
import { askWhatToChange } from "../../ask/interview.ts";
import type { SetupQuestionParts, SetupQuestion } from "./question.ts";
import { formatDuration } from "../../../domain/duration.ts";
import { wantedText } from "../../../core/identity/pull-role.ts";
import { registryText } from "../../show/registry-text.ts";
import { toned, type Line } from "../../show/terminal.ts";
import { planLines } from "../../show/plan-lines.ts";
import { wrapped } from "../../show/text-width.ts";

/** What the review needs. */
export interface ReviewParts extends Pick<SetupQuestionParts, "prompter"> {
  readonly context: Pick<CommandContext, "view" | "terminal">;
  /** Looks at everything. Undefined while another run is at work: only a later look shows what is left to do. */
  readonly lookAhead: (answers: SetupAnswers, signal: AbortSignal) => Promise<Preview | undefined>;
}

const choices: readonly Choice[] = [
  { value: "yes", label: "yes, carry it out" },
  { value: "change", label: "change an answer" },
  { value: "no", label: "no, stop here", detail: "nothing was written" },
];

/** Shows who does what to what before anything is written, with a way back to every answer. */
export function reviewQuestion(parts: ReviewParts): SetupQuestion<Preview | undefined> {
  const { prompter, context, lookAhead } = parts;
  return {
    id: "review",
    subject: undefined,
    options: [],
    settledBy: [],
    dependsOn: Object.keys(setupOptions),
    fetched: "soon",
    applies: ({ dryRun, yes }) => !dryRun && !yes,
    looking: "Checking what exists and what has to change",
    look: lookAhead,
    isOpen: (preview) => preview !== undefined && hasChanges(preview.plan.changes),
    expect: () => ({}),
    async ask({ answers, data, canGoBack, changeable }) {
      const preview = await data;
      if (!preview) return { kind: "answer", value: {} };
      const { view, terminal } = context;
      view.notice(["", ...reviewLines(preview, answers, terminal.stderr.width), ""]);
      const reply = await prompter.choose({
        message: "Carry this out?",
        canGoBack,
        loading: "",
        choices,
        preselected: usualReply(shownPlan(preview.plan)),
      });
      if (reply.kind === "back") return reply;
      switch (reply.value) {
        case "yes":
          return { kind: "answer", value: {} };
        case "change":
          return await askWhatToChange(prompter, changeable);
        default:
          throw new UsageError("Not agreed to, so nothing was done.", "setup.declined");
      }
    },
  };
}

/**
 * For people: everything that was decided, the plan that follows from it, and what in it cannot be undone.
 * @param width columns that the terminal has
 */
function reviewLines({ found, plan }: Preview, answers: SetupAnswers, width: number): Line[] {
  return [
    [toned("strong", "Review")],
    "",
    ...rowLines([...azureRows(found, answers), ...clusterRows(answers)], width),
    "",
    ...planLines(shownPlan(plan), width),
    ...lastingLines(plan.changes, width),
  ];
}

/** Labels, with their values next to them in as many lines as they need. */
function rowLines(rows: readonly Row[], width: number): Line[] {
  const labels = Math.max(...rows.map(([label]) => label.length));
  const indent = labels + 4;
  return rows.flatMap(([label, value]): Line[] => {
    const [first = "", ...more] = wrapped(value, width - indent);
    return [
      ["  ", toned("faint", label.padEnd(labels)), `  ${first}`],
      ...more.map((line) => " ".repeat(indent) + line),
    ];
  });
}

type Row = readonly [label: string, value: string];

function azureRows({ caller, registry, loginServer, jobs }: Preview["found"], answers: SetupAnswers): Row[] {
  if (!registry) return [["Registry", loginServer]];
  const { servicePrincipal } = answers;
  const granted = jobs.flatMap(({ identity }) => (identity ? [wantedText(identity.roles.wanted)] : []));
  return [
    ...(caller
      ? ([
          [
            "Signed in",
            `${caller.kind === "user" ? "" : "service principal "}${caller.name}, tenant ${caller.tenantId}`,
          ],
        ] as const)
      : []),
    [
      "Registry",
      `${registryText(registry.name, registry.loginServer)} in ${registry.resourceGroup}, subscription ${registry.subscriptionId}`,
    ],
    ["Role", `${[...new Set(granted)].join("; ")} on this registry only`],
    [
      "Principal",
      servicePrincipal === undefined
        ? "its own, for this registry and cluster"
        : `${servicePrincipal}, shared`,
    ],
    ["Password", passwordText(jobs, answers)],
  ];
}

function passwordText(jobs: Preview["found"]["jobs"], answers: SetupAnswers): string {
  const made = jobs.some(({ decision }) => decision.kind === "make") ? [newPasswordText(answers)] : [];
  const inUse = jobs.some(({ decision }) => decision.kind !== "make") ? ["the one in use"] : [];
  return [...inUse, ...made].join("; ");
}

function newPasswordText({ expiresInMs }: SetupAnswers): string {
  if (expiresInMs === "max") return "a new one, valid as long as the tenant allows";
  return `a new one, valid for ${expiresInMs === undefined ? setupOptions.expiresInMs.fallback : formatDuration(expiresInMs)}`;
}

function clusterRows({
  contexts,
  namespaces,
  namespaceSelector,
  secretName,
  serviceAccounts,
}: SetupAnswers): Row[] {
  const selected = namespaceSelector === undefined ? [] : [`those with ${namespaceSelector}`];
  const named = [...namespaces, ...selected];
  return [
    ["Clusters", contexts.length === 0 ? "the current context" : contexts.join(", ")],
    ["Namespaces", named.length === 0 ? "the context's own" : named.join(", ")],
    ["Secret", secretName],
    ["Accounts", serviceAccounts.length === 0 ? "none: pods name the secret" : serviceAccounts.join(", ")],
  ];
}

/** What the plan destroys for good. */
function lastingLines(changes: readonly PlannedChange[], width: number): Line[] {
  const lasting = changes.flatMap((change) => lastingText(change) ?? []);
  if (lasting.length === 0) return [];
  return ["", [toned("strong", "Cannot be undone")], ...lasting.flatMap((text) => wrapped(text, width, 2))];
}

function lastingText({ target, action, before }: PlannedChange): string | undefined {
  if (action === "removed") return `${target} is removed`;
  // Once overwritten, somebody else's credential is lost.
  const replaced = typeof before === "object" && before !== null && "credential" in before;
  return action === "updated" && replaced
    ? `${target} loses the credential it holds for the registry`
    : undefined;
}
