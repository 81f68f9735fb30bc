import Table from "cli-table3";
import { stringify } from "yaml";
import type { SetupInput, SetupResult } from "../../core/flows/setup-contract.ts";
import { oneLine } from "../foreign-text.ts";
import { toned, type Line } from "../terminal.ts";

/** What setup made, until when it holds, how to use it, and the command that does the same: for people. */
export function resultLines(
  result: SetupResult,
  input: Pick<SetupInput, "secretName" | "image" | "serviceAccounts">,
  { again, width }: { readonly again: string; readonly width: number },
): Line[] {
  const written = result.secrets.filter(({ error }) => error === undefined);
  const lines: Line[] = [...madeLines(result, width), "", ...targetLines(result, width)];
  if (written.length > 0) {
    lines.push("", ...usageLines(result, input, written[0]?.namespace ?? "default"));
    lines.push("", toneHeading("The same without a question:"), "", `  ${again}`);
    lines.push(...expiryLines(result));
  }
  return lines;
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
      `key ${one.keyId ?? "unknown"}, ${one.expiresAt === null ? "end unknown" : `valid until ${one.expiresAt.slice(0, 10)}`}${of(one)}`,
      one.action,
    ]),
    ...result.keptKeys.map(({ keyId, reason }) => ["Password", `key ${keyId}: ${reason}`, "kept"]),
    [
      "Proof",
      verification.reason ??
        { passed: "can pull", failed: "cannot pull", skipped: "not tried" }[verification.status],
      verification.status,
    ],
  ];
  return tableLines(undefined, rows, width);
}

/** One line for each secret and service account, and why one was left out. */
function targetLines({ secrets, serviceAccounts }: SetupResult, width: number): Line[] {
  const targets = [
    ...secrets.map((secret) => ({ ...secret, kind: "secret" })),
    ...serviceAccounts.map((account) => ({ ...account, kind: "service account" })),
  ];
  const rows = targets.map(({ context, namespace, name, kind, action }) => [
    context,
    namespace,
    `${kind} ${name}`,
    action,
  ]);
  const lines = tableLines(["CONTEXT", "NAMESPACE", "TARGET", "RESULT"], rows, width);
  for (const { context, namespace, error } of targets) {
    if (error === undefined) continue;
    lines.push("", [toned("bad", `✗ ${context}/${namespace}:`), ` ${error.message}`]);
    if (error.hint) lines.push([toned("strong", "  fix:"), ` ${error.hint}`]);
  }
  return lines;
}

/** A Pod that pulls with the secret; with a linked service account it need not name it. */
function usageLines(
  { registry, serviceAccounts }: SetupResult,
  { secretName, image }: Pick<SetupInput, "secretName" | "image">,
  namespace: string,
): Line[] {
  const name = image ? `${image.repository}:${image.tag ?? "latest"}` : "my-awesome-app:v1";
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "my-awesome-app-pod", namespace },
    spec: {
      containers: [{ name: "main-app-container", image: `${registry.loginServer}/${name}` }],
      imagePullSecrets: [{ name: secretName }],
    },
  };
  const lines: Line[] = [toneHeading("A Pod that uses it:"), ""];
  lines.push(
    ...stringify(pod)
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`),
  );
  const linked = serviceAccounts.filter(({ error }) => error === undefined);
  if (linked.length > 0) {
    const names = [...new Set(linked.map((account) => account.name))].join(", ");
    lines.push("", `Pods of the service account ${names} need no imagePullSecrets.`);
  }
  return lines;
}

/** When the password ends, and what to do about it. */
function expiryLines({ credentials, renewalDue }: SetupResult): Line[] {
  const ends = credentials.flatMap(({ expiresAt }) => expiresAt ?? []).sort();
  const [first] = ends;
  if (first === undefined) return [];
  const day = first.slice(0, 10);
  return renewalDue
    ? ["", [toned("warning", "! renewal due:"), ` the password ends on ${day}.`]]
    : ["", `The password ends on ${day}. From 30 days before, the same command says that it is due.`];
}

function toneHeading(text: string): Line {
  return [toned("strong", text)];
}

/** Columns without lines between them; where they do not fit, each row by itself. */
function tableLines(
  head: readonly string[] | undefined,
  rows: ReadonlyArray<readonly string[]>,
  width: number,
): Line[] {
  const none = "";
  const edges = [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
  ];
  const inner = ["left", "left-mid", "mid", "mid-mid", "right", "right-mid"];
  const table = new Table({
    chars: { ...Object.fromEntries([...edges, ...inner].map((part) => [part, none])), middle: "  " },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  if (head) table.push([...head]);
  for (const row of rows) table.push(row.map(oneLine));
  // The table pads each line to its whole width.
  if (table.width > width) return rows.flatMap((row, index) => rowLines(head, row, index));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

/** One row in lines of `label: value`; without a head its first cell is the label, and its last is put behind. */
function rowLines(head: readonly string[] | undefined, row: readonly string[], index: number): Line[] {
  if (head) {
    const lines = row.map((cell, column) => `${head[column]?.toLowerCase()}: ${cell}`);
    return index === 0 ? lines : ["", ...lines];
  }
  const [label = "", value = "", action = ""] = row;
  return [action === "" ? `${label}: ${value}` : `${label}: ${value} (${action})`];
}
