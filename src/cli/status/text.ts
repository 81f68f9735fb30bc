import type { OrphanKey, PendingWork, StatusEntry, StatusResult } from "../../core/status/contract.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Ended, FlowText, Plan, Setting } from "../show/answer.ts";
import { alike, apartFrom, counted, placesText, several, type Alike } from "../show/folding.ts";
import { paragraphs, signedLines } from "../show/lines.ts";
import { registryText } from "../show/registry-text.ts";
import { listLines } from "../show/table.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { statusColumns, nameOfRegistry } from "./columns.ts";
import { isInOrder, nextCommands, nextLines, type NextCommands } from "./next-commands.ts";
import type { StatusAnswers } from "./options.ts";
import { scopeLines, unseenLines } from "./sight.ts";

/** How `status` words what it found. */
export const statusText: FlowText<StatusAnswers, Plan, StatusResult> = {
  plan: (plan) => ({ title: "", ...plan }),
  lines: (result, setting) => statusLines(result, contextOf(setting)),
  troubles: (result, setting) => paragraphs(troubleParts(result, contextOf(setting))),
};

function contextOf({ shell, width, exitCode: code }: Setting<StatusAnswers> & Ended): StatusContext {
  const commands = nextCommands(shell);
  return { commands, inOrder: code === exitCode.ok, width };
}

/** What the lines depend on, apart from the result. */
interface StatusContext {
  readonly commands: NextCommands;
  /** Whether everything is in order, not only the entries. */
  readonly inOrder: boolean;
  readonly width: number;
}

/** For people: the state of every entry, what is pending, orphaned keys, and what to run. */
function statusLines(result: StatusResult, context: StatusContext): Line[] {
  const { entries } = result;
  const { width } = context;
  return paragraphs([
    entries.length > 0 ? listLines(statusColumns(entries), entries, width) : [],
    headLines(result, context),
    missingLines(result, width),
    troubleLines(entries, width),
    result.pending.flatMap((work) => pendingLines(work, entries, width)),
    orphanLines(result, width),
    attachmentLines(result, context),
    orphansUnknownLines(result, width),
    linkLines(result, context),
    scopeLines(result, width),
    unseenLines(result, width),
    warningLines(result, width),
    ...nextLines(result, context),
  ]);
}

/** What is not in order, or will not be later. */
function troubleParts(result: StatusResult, context: StatusContext): Line[][] {
  const { width, inOrder } = context;
  return [
    inOrder ? [] : headLines(result, context),
    missingLines(result, width),
    troubleLines(result.entries, width),
    result.pending
      .filter(({ overdue }) => overdue)
      .flatMap((work) => pendingLines(work, result.entries, width)),
    orphanLines(result, width),
    linkLines(result, context),
    unseenLines(result, width),
    warningLines(result, width),
    ...(inOrder ? [] : nextLines(result, context)),
  ];
}

function headLines(
  { entries, scopes, missing }: StatusResult,
  { width, inOrder: all }: StatusContext,
): Line[] {
  const bad = entries.filter(({ state }) => !isInOrder(state)).length;
  if (entries.length === 0) {
    // The lines below say which of the requested names is to blame.
    if (missing.length > 0) return [];
    const where = scopes.map(({ context }) => context).join(", ");
    return wrapped(`No secret in ${where} has an entry that acr-pull manages.`, width);
  }
  const count = entries.length === 1 ? "1 entry" : `${entries.length} entries`;
  if (bad > 0)
    return signedLines(
      toned("bad", "✗"),
      `${bad} of ${count} ${bad === 1 ? "is" : "are"} not in order.`,
      width,
    );
  if (!all)
    return signedLines(
      toned("plain", "•"),
      `${count} ${entries.length === 1 ? "is" : "are"} in order, but not everything is:`,
      width,
    );
  const ends = entries.flatMap(({ daysLeft }) => daysLeft ?? []);
  const soonest = ends.length > 0 ? `; the first expires in ${days(Math.min(...ends))}` : "";
  return signedLines(toned("good", "✓"), `${count}, all in order${soonest}.`, width);
}

function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}

/** More than this are only counted, because nobody reads them. */
const mostTroubles = 20;

function troubleLines(entries: readonly StatusEntry[], width: number): Line[] {
  const bad = entries.filter(({ state }) => !isInOrder(state));
  const groups = alike(bad, (entry) =>
    JSON.stringify([
      entry.context,
      entry.name,
      besideOthers(entry, entries),
      apartFrom(entry.namespace, whyOf(entry)),
    ]),
  );
  const lines = groups
    .slice(0, mostTroubles)
    .flatMap((group) =>
      signedLines(
        toned("bad", "✗"),
        `${secretsText(group)}${besideOthers(group[0], entries)}: ${whyOf(group[0])}.`,
        width,
      ),
    );
  const more = groups.slice(mostTroubles).flat().length;
  return more > 0 ? [...lines, `  and ${counted(more, "more entry", "more entries")}`] : lines;
}

/** `kind/team-a/acr-secret`; for several namespaces `acr-secret in 3 namespaces of kind: …`. */
function secretsText(entries: Alike<StatusEntry>): string {
  const [{ context, namespace, name }] = entries;
  return entries.length === 1 ? `${context}/${namespace}/${name}` : `${name} in ${placesText(entries)}`;
}

/** Which of the secret's entries it is, if the secret has several. */
function besideOthers(entry: StatusEntry, entries: readonly StatusEntry[]): string {
  const { context, namespace, name, loginServer } = entry;
  const isBeside = entries.some(
    (one) => one !== entry && one.context === context && one.namespace === namespace && one.name === name,
  );
  if (!isBeside || loginServer === null) return "";
  return `, ${registryText(nameOfRegistry(entry), loginServer)}`;
}

function whyOf({ state, reason, expiresAt, daysLeft }: StatusEntry): string {
  if (reason !== undefined) return reason;
  if (state === "expired")
    return `its key expired on ${expiresAt?.slice(0, 10)}, so no image can be pulled with it`;
  return `its key expires in ${days(daysLeft ?? 0)}`;
}

function pendingLines(work: PendingWork, entries: readonly StatusEntry[], width: number): Line[] {
  const known = entries.find(({ loginServer }) => loginServer === work.loginServer);
  const registry = known ? registryText(nameOfRegistry(known), work.loginServer) : work.loginServer;
  const where = `${work.context}, for ${registry},`;
  const sign = work.overdue ? toned("bad", "✗") : toned("plain", "•");
  if (work.kind === "run") {
    const what = work.removes ? "removal" : "run";
    const next = work.removes
      ? "Only remove continues it."
      : "The next setup, or rotate if there was a key before, continues and removes what it left.";
    return signedLines(
      sign,
      work.live
        ? `A ${what} is at work in ${where} on ${several(work.secrets)}.`
        : `A ${what} in ${where} did not finish; its mark on ${several(work.secrets)} dates from ${moment(work.renewedAt)}. ${next}`,
      width,
    );
  }
  const key = work.keyId === null ? "A key given by hand" : `The key ${work.keyId}`;
  const held = counted(work.secrets.length, "secret");
  const when = work.due
    ? `has been due for retirement since ${moment(work.retireAfter)}${work.overdue ? ", but no run has retired it" : ""}`
    : `stays valid until at least ${moment(work.retireAfter)}, and a later run retires it`;
  return signedLines(sign, `${key} in ${where} was replaced in ${held}. It ${when}.`, width);
}

/** A time to the minute, to say when to come back. */
function moment(time: string): string {
  return `${time.slice(0, 16).replace("T", " ")} UTC`;
}

function orphansUnknownLines({ orphansUnknown }: StatusResult, width: number): Line[] {
  if (!orphansUnknown) return [];
  const text = `It is unknown whether keys are left that nothing holds: ${orphansUnknown.message.replace(/\.?$/, ".")}`;
  return signedLines(toned("faint", "•"), text, width);
}

function orphanLines({ orphans }: StatusResult, width: number): Line[] {
  if (orphans === null) return [];
  const told = orphans
    .slice(0, mostTroubles)
    .flatMap((orphan) => [
      ...signedLines(toned("bad", "✗"), orphanText(orphan), width),
      `    az ad app credential delete --id ${orphan.appId} --key-id ${orphan.keyId}`,
    ]);
  const more = orphans.length > mostTroubles ? [`  and ${orphans.length - mostTroubles} more orphans`] : [];
  return [...told, ...more];
}

function orphanText({ keyId, appId, context, expiresAt }: OrphanKey): string {
  const end = expiresAt === null ? "" : `, valid until ${expiresAt.slice(0, 10)}`;
  return `Orphan: no secret that acr-pull manages in ${context} names the key ${keyId} of the application ${appId}${end}. If nothing outside uses it, and no manifest that is still to be applied holds it, remove it:`;
}

/** What the nodes of AKS clusters may pull with their own identity. */
function attachmentLines(
  { attachments = [], attachmentsUnknown }: StatusResult,
  { commands, width }: StatusContext,
): Line[] {
  const told = attachments.flatMap((one) => {
    const { context, managedCluster, registry, role, state, reason } = one;
    const [cluster, name] = [managedCluster, registry].map((id) => id.split("/").at(-1) ?? id);
    const sign =
      state === "ok" ? toned("good", "✓") : state === "unknown" ? toned("warning", "!") : toned("bad", "✗");
    const fact = `The nodes of ${cluster} (${context}) hold ${role} on ${name}, and need no secret for it`;
    return [
      ...signedLines(sign, reason === undefined ? `${fact}.` : reason, width),
      ...(state === "wrong-mode" ? [`    ${commands.attach(context, name ?? registry)}`] : []),
    ];
  });
  const unknown = attachmentsUnknown
    ? signedLines(
        toned("faint", "•"),
        `It is unknown whether acr-pull granted a role to AKS nodes: ${attachmentsUnknown.message.replace(/\.?$/, ".")}`,
        width,
      )
    : [];
  return [...told, ...unknown];
}

function linkLines({ brokenLinks }: StatusResult, { commands, width }: StatusContext): Line[] {
  if (brokenLinks.length === 0) return [];
  const told = brokenLinks
    .slice(0, mostTroubles)
    .flatMap(({ context, namespace, serviceAccount, secret }) =>
      signedLines(
        toned("bad", "✗"),
        `The service account ${context}/${namespace}/${serviceAccount} names the secret ${secret}, which acr-pull linked and which is gone.`,
        width,
      ),
    );
  const more = brokenLinks.length - mostTroubles;
  return [
    ...told,
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...wrapped("To give them a secret again, run setup. To remove what is left of their registry:", width),
    `  ${commands.remove()}`,
  ];
}

/** What was asked for by name and does not exist. */
function missingLines({ missing }: StatusResult, width: number): Line[] {
  return missing.flatMap(({ message }) => signedLines(toned("bad", "✗"), message, width));
}

function warningLines({ warnings }: StatusResult, width: number): Line[] {
  return warnings.flatMap(({ message }) => signedLines(toned("warning", "!"), `${message}.`, width));
}
