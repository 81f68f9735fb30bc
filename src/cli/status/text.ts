import type {
  OrphanKey,
  PendingWork,
  PrunePlan,
  StatusEntry,
  StatusResult,
  Unseen,
} from "../../core/status/contract.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { FlowText } from "../show/answer.ts";
import { signedLines, tableLines } from "../show/lines.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { isInOrder, nextCommands, nextLines, type NextCommands } from "./next-commands.ts";
import type { StatusAnswers } from "./options.ts";

/** How `status` words what it found, and the key that it would remove. */
export const statusText: FlowText<StatusAnswers, PrunePlan, StatusResult> = {
  plan: (plan) => ({ title: "A key that nothing holds", ...plan }),
  lines: (result, { shell, width, exitCode: code }) =>
    statusLines(result, {
      commands: nextCommands(
        shell,
        result.scopes.map(({ context }) => context),
      ),
      inOrder: code === exitCode.ok,
      width,
    }),
  outputs: ({ pruned, entries }) => ({ changed: pruned !== undefined, keys: entries }),
};

/** What the lines depend on besides the result. */
interface StatusContext {
  readonly commands: NextCommands;
  /** Whether everything is in order, besides the entries too. */
  readonly inOrder: boolean;
  readonly width: number;
}

/** For people: the state of every entry, what is pending, orphaned keys, and what to run. */
function statusLines(result: StatusResult, context: StatusContext): Line[] {
  const { entries, pruned } = result;
  const { width } = context;
  const parts: Line[][] = [
    pruned ? wrapped(`Removed the key ${pruned.keyId}, which nothing held.`, width) : [],
    entries.length > 0 ? tableLines(head, entries.map(rowOf), width) : [],
    headLines(result, context),
    result.missing.flatMap(({ message }) => signedLines(toned("bad", "✗"), message, width)),
    troubleLines(entries, width),
    result.pending.flatMap((work) => pendingLines(work, width)),
    orphanLines(result, context),
    linkLines(result, context),
    seenLines(result, width),
    result.warnings.flatMap(({ message }) => signedLines(toned("warning", "!"), `${message}.`, width)),
    ...nextLines(result, context),
  ].filter((lines) => lines.length > 0);
  return parts.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

const head = ["CONTEXT", "NAMESPACE", "SECRET", "REGISTRY", "KEY", "AGE", "EXPIRES", "LEFT", "STATE"];

function rowOf({
  context,
  namespace,
  name,
  loginServer,
  keyId,
  createdAt,
  expiresAt,
  daysLeft,
  state,
}: StatusEntry) {
  return [
    context,
    namespace,
    name,
    loginServer ?? "unknown",
    keyId?.slice(0, 8) ?? "unknown",
    createdAt === null || expiresAt === null || daysLeft === null
      ? "-"
      : ageOf(createdAt, expiresAt, daysLeft),
    expiresAt?.slice(0, 10) ?? "unknown",
    daysLeft === null ? "-" : `${daysLeft}d`,
    state,
  ];
}

/** The age of a key in days, by the clock that its remaining days are counted by. */
function ageOf(createdAt: string, expiresAt: string, daysLeft: number): string {
  const life = Math.round((Date.parse(expiresAt) - Date.parse(createdAt)) / 86_400_000);
  return `${Math.max(0, life - daysLeft - 1)}d`;
}

function headLines(
  { entries, scopes, missing }: StatusResult,
  { width, inOrder: all }: StatusContext,
): Line[] {
  const bad = entries.filter(({ state }) => !isInOrder(state)).length;
  if (entries.length === 0) {
    // Which of the names that were asked for is to blame is told below.
    if (missing.length > 0) return [];
    const where = scopes.map(({ context }) => context).join(", ");
    return wrapped(`No secret that was looked at in ${where} has an entry of acr-pull's.`, width);
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
  const soonest = ends.length > 0 ? `; the first ends in ${days(Math.min(...ends))}` : "";
  return signedLines(toned("good", "✓"), `${count}, all in order${soonest}.`, width);
}

function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}

/** More than this are only counted, since nobody reads them. */
const mostTroubles = 20;

function troubleLines(entries: readonly StatusEntry[], width: number): Line[] {
  const bad = entries.filter(({ state }) => !isInOrder(state));
  const lines = bad
    .slice(0, mostTroubles)
    .flatMap((entry) => signedLines(toned("bad", "✗"), `${placeOf(entry)}: ${whyOf(entry)}.`, width));
  return bad.length > mostTroubles ? [...lines, `  and ${bad.length - mostTroubles} more`] : lines;
}

function placeOf({ context, namespace, name }: StatusEntry): string {
  return `${context}/${namespace}/${name}`;
}

function whyOf({ state, reason, expiresAt, daysLeft }: StatusEntry): string {
  if (reason !== undefined) return reason;
  if (state === "expired")
    return `its key ended on ${expiresAt?.slice(0, 10)}, so no image can be pulled with it`;
  return `its key ends in ${days(daysLeft ?? 0)}`;
}

function pendingLines(work: PendingWork, width: number): Line[] {
  const where = `${work.context} (${work.loginServer})`;
  const sign = work.overdue ? toned("bad", "✗") : toned("plain", "•");
  if (work.kind === "run") {
    const what = work.removes ? "removal" : "run";
    const goesOn = work.removes
      ? "Only remove goes on with it."
      : "The next setup, or rotate where there was a key before, goes on and removes what it left.";
    return signedLines(
      sign,
      work.live
        ? `A ${what} is at work in ${where}: ${several(work.secrets)}.`
        : `A ${what} in ${where} did not come to its end; its mark on ${several(work.secrets)} is of ${moment(work.renewedAt)}. ${goesOn}`,
      width,
    );
  }
  const key = work.keyId === null ? "A key given by hand" : `The key ${work.keyId}`;
  const held = work.secrets.length === 1 ? "1 secret was" : `${work.secrets.length} secrets were`;
  const when = work.due
    ? `may be retired since ${moment(work.retireAfter)}${work.overdue ? ", and no run has done it" : ""}`
    : `stays valid until ${moment(work.retireAfter)} at least, and is then to be retired`;
  return signedLines(sign, `${key} in ${where}, which ${held} changed over from, ${when}.`, width);
}

/** A time to the minute, to say when to come back. */
function moment(time: string): string {
  return `${time.slice(0, 16).replace("T", " ")} UTC`;
}

function orphanLines({ orphans, orphansUnknown }: StatusResult, { commands, width }: StatusContext): Line[] {
  const unknown = orphansUnknown
    ? signedLines(
        toned("faint", "•"),
        `Whether keys are left that nothing holds is unknown: ${orphansUnknown.message.replace(/\.?$/, ".")}`,
        width,
      )
    : [];
  if (orphans === null) return unknown;
  const told = orphans
    .slice(0, mostTroubles)
    .flatMap((orphan) => [
      ...signedLines(toned("bad", "✗"), orphanText(orphan), width),
      `    ${commands.prune(orphan.keyId)}`,
    ]);
  const more = orphans.length > mostTroubles ? [`  and ${orphans.length - mostTroubles} more orphans`] : [];
  return [...told, ...more, ...unknown];
}

function orphanText({ keyId, appId, context, expiresAt }: OrphanKey): string {
  const end = expiresAt === null ? "" : `, valid until ${expiresAt.slice(0, 10)}`;
  return `Orphan: no secret of acr-pull's in ${context} names the key ${keyId} of the application ${appId}${end}. If nothing outside uses it, remove it:`;
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
    ...wrapped("To take back what is left, or give them a secret again run setup:", width),
    `  ${commands.remove()}`,
  ];
}

/** What could not be looked at: an incomplete answer says so. */
function seenLines({ scopes, unseen }: StatusResult, width: number): Line[] {
  const partial = scopes
    .filter(({ whole }) => !whole)
    .map(
      ({ context, namespaces }) =>
        `Secrets may not be listed cluster-wide in ${context}; looked at ${listed(namespaces)}.`,
    );
  // A cluster may have thousands of unreadable namespaces. They take one line for each reason.
  const byReason = new Map<string, Unseen[]>();
  for (const one of unseen) {
    const reason = one.namespace === null ? one.context : `${one.context} ${one.error.code}`;
    const alike = byReason.get(reason);
    if (alike) alike.push(one);
    else byReason.set(reason, [one]);
  }
  const missed = [...byReason.values()].map((alike) => {
    const [{ context, namespace, error }] = alike as [Unseen, ...Unseen[]];
    const place = namespace === null ? context : `${context}/${namespace}`;
    if (alike.length === 1) return `Not looked at ${place}: ${error.message}`;
    const names = several(alike.map((one) => one.namespace ?? ""));
    return `Not looked at ${alike.length} namespaces of ${context}: ${names}. Of ${place}: ${error.message}`;
  });
  return [...partial, ...missed].flatMap((text) => signedLines(toned("warning", "!"), text, width));
}

function listed(namespaces: readonly string[]): string {
  if (namespaces.length === 0) return "none of its namespaces";
  if (namespaces.length === 1) return `the namespace ${namespaces[0]} alone`;
  return `${namespaces.length} namespaces one by one, ${several(namespaces)}`;
}

/** Names, as many as a person reads. */
function several(names: readonly string[]): string {
  const most = 5;
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return `${names.slice(0, most).join(", ")}${more}`;
}
