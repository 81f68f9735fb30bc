import type { SetupInput, SetupResult } from "../../core/setup/contract.ts";
import type { Action } from "../../core/plan.ts";
import { toned, type Line } from "../show/terminal.ts";
import { tableLines, targetLines, type ShownTarget } from "../show/lines.ts";
import { wrapped } from "../show/text-width.ts";
import { firstEnd, renewalLines, type ResultCommands } from "./renewal.ts";
import { meaningLines, podLines } from "./usage-lines.ts";

/** What of the input the last screen speaks of. */
export type ShownInput = Pick<SetupInput, "secretName" | "image" | "knownPassword">;

/** What setup made, until when it holds, how to use it, and the command that does the same: for people. */
export function resultLines(
  result: SetupResult,
  input: ShownInput,
  options: ResultCommands & { readonly width: number },
): Line[] {
  const { width } = options;
  const lines: Line[] = [
    ...headLines(result, width),
    ...madeLines(result, width),
    "",
    ...targetLines(targetsOf(result), width),
  ];
  if (written(result).length === 0) return lines;
  if (isChanged(result)) lines.push("", ...meaningLines(result, input, width));
  lines.push("", ...podLines(result, input, width));
  lines.push("", ...renewalLines(result, input, options));
  return lines;
}

/** What a run left that was stopped, or that failed by something of its own. */
export function leftLines(result: SetupResult, width: number): Line[] {
  return [...madeLines(result, width), "", ...targetLines(targetsOf(result), width)];
}

function written({ secrets }: SetupResult): SetupResult["secrets"] {
  return secrets.filter(({ error, action }) => error === undefined && action !== "skipped");
}

/** Whether anything is different from before. */
function isChanged(result: SetupResult): boolean {
  const { servicePrincipals, roleAssignments, credentials, secrets, serviceAccounts } = result;
  const all = [servicePrincipals, roleAssignments, credentials, secrets, serviceAccounts].flat();
  const standing: readonly Action[] = ["unchanged", "reused", "kept"];
  return all.some(({ action }) => !standing.includes(action));
}

/** In one sentence who can pull what, until when; nothing where that is not known. */
function headLines(result: SetupResult, width: number): Line[] {
  const places = written(result).map(({ context, namespace }) => `${context}/${namespace}`);
  if (result.verification.status !== "passed" || places.length === 0) return [];
  const who = places.length === 1 ? places.join() : `${places.length} namespaces`;
  const end = firstEnd(result);
  const until = end === undefined ? "" : ` until ${end}`;
  const before = isChanged(result) ? "" : "Nothing had to be changed: ";
  const sentence = `${before}${who} can pull from ${result.registry.loginServer}${until}.`;
  const [first = "", ...more] = wrapped(sentence, width - 2);
  return [[toned("good", "✓"), " ", toned("strong", first)], ...more.map((line) => `  ${line}`), ""];
}

/** One line for each thing in Azure. */
function madeLines(result: SetupResult, width: number): Line[] {
  const { registry, servicePrincipals, roleAssignments, credentials, verification } = result;
  const mode = registry.roleAssignmentMode === "AbacRepositoryPermissions" ? ", in ABAC mode" : "";
  // With several clusters each has a principal of its own.
  const of = ({ context }: { readonly context: string }) =>
    servicePrincipals.length > 1 ? ` (${context})` : "";
  const rows = [
    ["Registry", `${registry.loginServer}${mode}`, ""],
    ...servicePrincipals.map((one) => ["Principal", `${one.displayName ?? one.appId}${of(one)}`, one.action]),
    ...roleAssignments.map(({ role, condition, action }) => [
      "Role",
      condition === null ? role : `${role}, on some repositories`,
      action,
    ]),
    ...result.extraRoles.map(({ role }) => ["Role", `${role}, granted by somebody else`, "kept"]),
    ...credentials.map((one) => [
      "Password",
      `${one.expiresAt === null ? "end unknown" : `valid until ${one.expiresAt.slice(0, 10)}`}, key ${one.keyId ?? "unknown"}${of(one)}`,
      one.action,
    ]),
    ...result.keptKeys.map(({ keyId, reason }) => ["Password", `key ${keyId}: ${reason}`, "kept"]),
    ...result.namespaces.map(({ context, namespace, action }) => [
      "Namespace",
      `${context}/${namespace}`,
      action,
    ]),
    [
      "Proof",
      verification.reason?.replace(/^not-reached$/, "not tried") ??
        { passed: "can pull", failed: "cannot pull", skipped: "not tried" }[verification.status],
      verification.status,
    ],
  ];
  return tableLines(undefined, rows, width);
}

function targetsOf({ secrets, serviceAccounts }: SetupResult): ShownTarget[] {
  return [
    ...secrets.map((secret) => ({ ...secret, kind: "secret" })),
    ...serviceAccounts.map((account) => ({ ...account, kind: "service account" })),
  ];
}
