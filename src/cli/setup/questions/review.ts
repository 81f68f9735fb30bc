import type { Preview } from "../../../core/setup/flow.ts";
import type { PlannedChange } from "../../../core/plan.ts";
import { isUsual } from "../../ask/approval.ts";
import { setupOptions, type SetupAnswers } from "../options.ts";
import { shownPlan } from "../text.ts";
import { formatDuration } from "../../../domain/duration.ts";
import { wantedText } from "../../../core/identity/pull-role.ts";
import { registryText } from "../../show/registry-text.ts";
import { toned, type Line } from "../../show/terminal.ts";
import { planLines } from "../../show/plan-lines.ts";
import { wrapped } from "../../show/text-width.ts";
import type { SetupTalk } from "./talk.ts";

/** Shows who does what to what before anything is written, and asks whether to carry it out. */
export async function askReview(
  { sheet, prompter, context: { view, terminal } }: SetupTalk,
  preview: Preview,
): Promise<"yes" | "change" | "no"> {
  view.notice(["", ...reviewLines(preview, sheet.answers, terminal.stderr.width), ""]);
  const reply = await prompter.choose(
    "Apply?",
    [
      { value: "yes", label: "yes" },
      { value: "change", label: "change something" },
      { value: "no", label: "no", detail: "nothing is written" },
    ],
    isUsual(shownPlan(preview.plan)) ? "yes" : "no",
  );
  return reply === "yes" || reply === "change" ? reply : "no";
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
