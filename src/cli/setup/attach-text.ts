import type { ResultAttachment, SetupResult } from "../../core/setup/contract.ts";
import type { Ended, Setting } from "../show/answer.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { registryText } from "../show/registry-text.ts";
import { labelLines } from "../show/table.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { pick } from "../options/option.ts";
import { sameServices } from "../options/shared-options.ts";
import { setupOptions, type SetupAnswers } from "./options.ts";

/** How `setup --attach` words its result: who can pull, what was granted, and how to use it. */
export function attachLines(
  result: SetupResult,
  attachments: readonly ResultAttachment[],
  { stopped, asked, shell, width }: Setting<SetupAnswers> & Ended,
): Line[] {
  const lines = [
    ...(stopped ? [] : headLines(result, attachments, width)),
    ...attachedLines(result, attachments, width),
  ];
  if (stopped || attachments.length === 0) return lines;
  const contexts = { texts: attachments.map(({ context }) => context), source: "flag" as const };
  const there = { ...shell, given: new Map(shell.given).set("contexts", contexts) };
  const known = pick(setupOptions, "registry", "contexts", ...sameServices);
  const verify = equivalentCommand(there, "verify", known, { yes: false });
  return [
    ...lines,
    "",
    ...wrapped(
      `A Pod names the image, such as ${result.registry.loginServer}/my-awesome-app:v1, and needs no imagePullSecrets. Pods that name a pull secret still pull with it.`,
      width,
    ),
    "",
    ...wrapped(
      "A new role assignment takes up to ten minutes to take effect, and a node up to thirty, because it remembers a refusal.",
      width,
    ),
    "",
    [toned("strong", "To check it:")],
    `  ${verify}`,
    ...(asked ? ["", [toned("strong", "The same without questions:")] as const, `  ${again(shell)}`] : []),
  ];
}

/** What exists now. */
export function attachedLines(
  result: SetupResult,
  attachments: readonly ResultAttachment[],
  width: number,
): Line[] {
  return labelLines(rowsOf(result, attachments), width);
}

function again(shell: Setting<SetupAnswers>["shell"]): string {
  return equivalentCommand(shell, "setup", setupOptions);
}

function headLines(
  { registry, roleAssignments }: SetupResult,
  attachments: readonly ResultAttachment[],
  width: number,
): Line[] {
  const names = [...new Set(attachments.map(nameOf))];
  if (names.length === 0) return [];
  const standing = roleAssignments.every(({ action }) => action === "unchanged" || action === "reused");
  const limited = roleAssignments.some(({ condition, action }) => condition !== null && action !== "removed");
  const what = limited ? `the named repositories of ${registry.loginServer}` : registry.loginServer;
  const before = standing ? "Nothing had to be changed: the" : "The";
  const sentence = `${before} nodes of ${names.join(", ")} may pull from ${what}, with no secret and no password that expires.`;
  const [first = "", ...more] = wrapped(sentence, width - 2);
  return [[toned("good", "✓"), " ", toned("strong", first)], ...more.map((line) => `  ${line}`), ""];
}

function rowsOf(
  { registry, roleAssignments, extraRoles, verification }: SetupResult,
  attachments: readonly ResultAttachment[],
): string[][] {
  const mode = registry.roleAssignmentMode === "AbacRepositoryPermissions" ? ", in ABAC mode" : "";
  return [
    ["Registry", `${registryText(registry.name, registry.loginServer)}${mode}`, ""],
    ...attachments.map((one) => ["Cluster", `${nameOf(one)} (${one.context})`, ""]),
    ...[...new Set(attachments.map(({ kubeletIdentity }) => kubeletIdentity))].map(
      ({ resourceId, objectId }) => ["Identity", `${resourceId.split("/").at(-1) ?? ""} (${objectId})`, ""],
    ),
    ...roleAssignments.map(({ role, condition, action }) => [
      "Role",
      condition === null ? role : `${role}, on some repositories`,
      action,
    ]),
    ...extraRoles.map(({ role }) => ["Role", `${role}, granted by somebody else`, "kept"]),
    [
      "Proof",
      verification.reason === "role-read-back"
        ? "the role was read back; only a node can try a pull"
        : "not reached",
      "",
    ],
  ];
}

function nameOf({ managedCluster }: ResultAttachment): string {
  return managedCluster.split("/").at(-1) ?? managedCluster;
}
