import type { Prospect } from "../../core/setup/flow.ts";
import type { PlannedChange } from "../../core/plan.ts";
import { formatDuration } from "../../domain/duration.ts";
import { wantedText } from "../../core/identity/pull-role.ts";
import { setupOptions, type SetupAnswers } from "./options.ts";
import { toned, type Line } from "../show/terminal.ts";
import { planLines } from "../show/plan-lines.ts";
import { wrapped } from "../show/wrapped.ts";
import { shownPlan } from "./shown-plan.ts";

/**
 * Everything that was decided, the plan that follows from it, and what of it cannot be undone: for people.
 * @param width columns that the terminal has
 */
export function reviewLines({ found, plan }: Prospect, answers: SetupAnswers, width: number): Line[] {
  return [
    [toned("strong", "Review")],
    "",
    ...rowLines([...azureRows(found, answers), ...clusterRows(answers)], width),
    "",
    ...planLines(shownPlan(plan), width),
    ...lastingLines(plan.changes, width),
  ];
}

/** Labels, and beside them their values in as many lines as they need. */
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

function azureRows({ caller, registry, loginServer, jobs }: Prospect["found"], answers: SetupAnswers): Row[] {
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
      `${registry.loginServer} in ${registry.resourceGroup}, subscription ${registry.subscriptionId}`,
    ],
    ["Role", `${[...new Set(granted)].join("; ")} on this registry alone`],
    [
      "Principal",
      servicePrincipal === undefined
        ? "its own, for this registry and cluster"
        : `${servicePrincipal}, shared`,
    ],
    ["Password", passwordText(answers)],
  ];
}

function passwordText({ expiresIn, passwordFile, passwordStdin }: SetupAnswers): string {
  if (passwordStdin || passwordFile !== undefined) return "the one given; none is made";
  if (expiresIn === "max") return "a new one lives as long as the tenant allows";
  return `a new one lives ${expiresIn === undefined ? setupOptions.expiresIn.fallback : formatDuration(expiresIn)}`;
}

function clusterRows({
  context,
  namespace,
  namespaceSelector,
  secretName,
  serviceAccount,
}: SetupAnswers): Row[] {
  const selected = namespaceSelector === undefined ? [] : [`those with ${namespaceSelector}`];
  const namespaces = [...namespace, ...selected];
  return [
    ["Clusters", context.length === 0 ? "the current context" : context.join(", ")],
    ["Namespaces", namespaces.length === 0 ? "the context's own" : namespaces.join(", ")],
    ["Secret", secretName],
    ["Accounts", serviceAccount.length === 0 ? "none: pods name the secret" : serviceAccount.join(", ")],
  ];
}

/** What of the plan nothing brings back. */
function lastingLines(changes: readonly PlannedChange[], width: number): Line[] {
  const lasting = changes.flatMap((change) => lastingText(change) ?? []);
  if (lasting.length === 0) return [];
  return ["", [toned("strong", "Cannot be undone")], ...lasting.flatMap((text) => wrapped(text, width, 2))];
}

function lastingText({ target, action, before }: PlannedChange): string | undefined {
  if (action === "removed") return `${target} goes`;
  // A credential of somebody else's is known to nobody once it was written over.
  const replaced = typeof before === "object" && before !== null && "credential" in before;
  return action === "updated" && replaced
    ? `${target} loses the credential it holds for the registry`
    : undefined;
}
