import type { RemovalEvidence } from "../../core/proof/prove-removed.ts";
import type {
  ResultRotation,
  RetireBlock,
  RotateIntent,
  RotatePlan,
  RotateResult,
} from "../../core/rotate/contract.ts";
import { registryName } from "../../core/cluster/registry-meant.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { FlowText, Setting } from "../show/answer.ts";
import { paragraphs, signedLines, targetLines } from "../show/lines.ts";
import { registryText } from "../show/registry-text.ts";
import { toned, type Line, type Toned } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { tokenLines, tokensOutliveTheKey } from "./leak-text.ts";
import { remediesOf } from "./block-remedies.ts";
import { nextCommands, type NextCommands } from "./next-commands.ts";
import { intentOf, type RotateAnswers } from "./options.ts";

/** How `rotate` words its plan and its result. */
export const rotateText: FlowText<RotateAnswers, RotatePlan, RotateResult> = {
  plan: ({ changes, warnings }, answers) => ({
    title: "Plan for the rotation",
    changes,
    warnings: answers.compromised ? [...warnings, tokensOutliveTheKey] : warnings,
  }),
  lines: (result, setting) => resultLines(result, contextOf(setting)),
  troubles(result, setting) {
    const context = contextOf(setting);
    return setting.exitCode === exitCode.ok
      ? paragraphs(troubleLines(result, context))
      : resultLines(result, { ...context, asked: false });
  },
};

function contextOf({ answers, shell, asked, now, width }: Setting<RotateAnswers>): ResultContext {
  return { asked, now, width, intent: intentOf(answers), commands: nextCommands(shell) };
}

/** What the lines depend on, apart from the result. */
interface ResultContext {
  readonly intent: RotateIntent;
  readonly commands: NextCommands;
  readonly asked: boolean;
  readonly now: Date;
  readonly width: number;
}

/** Runs that change nothing if they are repeated at once. */
const repeatable: ReadonlySet<RotateIntent> = new Set(["rotate", "finish"]);

/** For people: the state of each key, what happens to the old key and when, and what each secret got. */
function resultLines(result: RotateResult, context: ResultContext): Line[] {
  const { rotations, secrets, sweptKeys } = result;
  const { intent, commands, asked, width } = context;
  return paragraphs([
    ...rotationBlocks(rotations, result, context),
    result.manifest === undefined ? [] : manifestLines(result, result.manifest, context),
    sweptKeys.flatMap(({ keyId }) => wrapped(sweptText(keyId), width)),
    unwrittenLines(result, width),
    ...(secrets.length > 0
      ? [
          targetLines(
            secrets.map((secret) => ({ ...secret, kind: "secret" })),
            width,
          ),
        ]
      : []),
    ...(intent === "compromised" ? [tokenLines(rotations, width)] : []),
    ...(asked && repeatable.has(intent)
      ? [[[toned("strong", "The same without questions:")] as const, `  ${commands.again}`]]
      : []),
  ]);
}

/** Trouble to come although nothing failed: an old key that no later run will retire, or one that nothing holds. */
function troubleLines(result: RotateResult, context: ResultContext): Line[][] {
  const { rotations } = result;
  const blocked = rotations.filter(({ retireBlocked }) => retireBlocked !== undefined);
  return [
    ...rotationBlocks(blocked, result, context),
    unwrittenLines(result, context.width),
    ...(context.intent === "compromised" ? [tokenLines(rotations, context.width)] : []),
  ];
}

/** What has to be done with a manifest before the rotation can continue. */
function manifestLines(
  { rotations, secrets }: RotateResult,
  manifest: string,
  { width }: Pick<ResultContext, "width">,
): Line[] {
  if (!secrets.some(({ action }) => action === "updated")) return [];
  const isOver = rotations.every(({ state }) => state === "rotated");
  const why = isOver
    ? "Only marks were changed, so there is no hurry."
    : "The old key stays until the cluster holds what is committed.";
  return signedLines(toned("warning", "!"), `Commit ${manifest} and let it sync. ${why}`, width);
}

function unwrittenLines({ unwrittenKeys }: RotateResult, width: number): Line[] {
  return unwrittenKeys.flatMap(({ keyId }) =>
    signedLines(toned("warning", "!"), unwrittenText(keyId), width),
  );
}

function sweptText(keyId: string): string {
  return `Removed the key ${keyId}, which an earlier run had made but not written to any secret.`;
}

function unwrittenText(keyId: string): string {
  return `The key ${keyId} was made, but no secret is known to hold it yet. The next run that may list all secrets removes it.`;
}

const signs: Readonly<Record<ResultRotation["state"], Toned>> = {
  unchanged: toned("faint", "="),
  pending: toned("good", "✓"),
  rotated: toned("good", "✓"),
  failed: toned("bad", "✗"),
};

/** One block for each key in use, with what became of every key that it replaced. */
function rotationBlocks(
  rotations: readonly ResultRotation[],
  result: RotateResult,
  context: ResultContext,
): Line[][] {
  const blocks = new Map<string, ResultRotation[]>();
  for (const rotation of rotations) {
    const head = headOf(rotation, result, context);
    blocks.set(head, [...(blocks.get(head) ?? []), rotation]);
  }
  return [...blocks.values()].map(([first, ...more]) => [
    ...(first ? rotationLines(first, result, context) : []),
    ...more.flatMap((rotation) => beforeLines(rotation, context)),
  ]);
}

function rotationLines(rotation: ResultRotation, result: RotateResult, context: ResultContext): Line[] {
  const { width } = context;
  const [first = "", ...more] = wrapped(headOf(rotation, result, context), width - 2);
  return [
    [signs[rotation.state], " ", toned("strong", first)],
    ...more.map((line): Line => ["  ", toned("strong", line)]),
    ...beforeLines(rotation, context),
  ];
}

/** Which key is in use, by how many secrets, and until when. */
function headOf(rotation: ResultRotation, result: RotateResult, { now }: ResultContext): string {
  const { registry, loginServer, context, keyId, expiresAt, state } = rotation;
  const key = keyId === null ? "The key in use" : `The key ${keyId}`;
  const where = `for ${registryText(registryName(registry, loginServer), loginServer)} in ${context}`;
  const until = expiresAt === null ? "valid until an unknown date" : `valid until ${expiresAt.slice(0, 10)}`;
  const users = usersOf(rotation, result);
  const states: Readonly<Record<ResultRotation["state"], string>> = {
    unchanged: `is left as it is: ${until}${daysLeft(expiresAt, now)}`,
    pending: `is in use${users}, ${until}`,
    rotated: `is in use${users}, ${until}`,
    failed: "was not fully rotated",
  };
  return `${key} ${where} ${states[state]}.`;
}

/** How many secrets hold the key, if the list of secrets shows only this key's. */
function usersOf({ context }: ResultRotation, { rotations, secrets }: RotateResult): string {
  const keys = new Set(rotations.filter((one) => one.context === context).map(({ keyId }) => keyId));
  if (keys.size > 1) return "";
  const { length } = secrets.filter(
    (one) => one.context === context && one.error === undefined && one.action !== "skipped",
  );
  return length === 0 ? "" : ` by ${length === 1 ? "one secret" : `${length} secrets`}`;
}

function daysLeft(expiresAt: string | null, now: Date): string {
  if (expiresAt === null) return "";
  const days = Math.floor((Date.parse(expiresAt) - now.getTime()) / 86_400_000);
  if (days < 0) return ", which has passed";
  return days === 1 ? ", one more day" : `, ${days} more days`;
}

/** What happens, or has happened, to the old key. */
function beforeLines(rotation: ResultRotation, context: ResultContext): Line[] {
  const { replaced, retireAfter, retired, retirement, retireBlocked, state } = rotation;
  const { commands, now, width } = context;
  const old = oldKey(rotation);
  const say = (sentence: string) => wrapped(sentence, width, 2);
  if (retireBlocked !== undefined) {
    // This is the only obstacle that is known in advance.
    const isForeseen = retireBlocked === "cannot-see-all-namespaces" && state === "pending";
    const isLater = isForeseen && retireAfter !== null && Date.parse(retireAfter) > now.getTime();
    return blockLines(rotation, retireBlocked, context, isLater ? momentOf(retireAfter) : undefined);
  }
  if (replaced === null) return [];
  if (retired) return say(`${old} ${retirementTexts[retirement ?? "untried"]}.`);
  if (state === "failed") return say(`${old} is not retired, and still works.`);
  if (retireAfter === null) return [];
  if (Date.parse(retireAfter) <= now.getTime()) {
    return [...say(`${old} can be retired now:`), `    ${commands.finish}`];
  }
  return [
    ...say(
      `${old} stays valid until at least ${momentOf(retireAfter)}. After that, a daily job or this command retires it:`,
    ),
    `    ${commands.finish}`,
  ];
}

/** Claims no more than was checked. */
const retirementTexts: Readonly<Record<RemovalEvidence, string>> = {
  refused: "is gone, and is refused",
  unlisted:
    "is gone: the directory no longer lists it. No secret still held its password, so it was not tried",
  untried: "is removed, and was not tried afterwards",
};

/** A time to the minute, to say when to come back. */
function momentOf(time: string): string {
  return `${time.slice(0, 16).replace("T", " ")} UTC`;
}

function oldKey({ replaced }: ResultRotation): string {
  return replaced === null ? "The old key" : `The old key ${replaced}`;
}

/**
 * Why the old key stays, or will stay after its time, and what would allow its retirement.
 * @param until the end of its time, in words; undefined if that has passed
 */
function blockLines(
  rotation: ResultRotation,
  block: RetireBlock,
  context: ResultContext,
  until: string | undefined,
): Line[] {
  const { width } = context;
  const { why, fix, commands } = remediesOf(rotation, context.commands)[block];
  const how =
    until === undefined
      ? "keeps working"
      : `stays valid until at least ${until}, and keeps working after that`;
  const [first = "", ...more] = wrapped(`${oldKey(rotation)} ${how}: ${why}.`, width - 4);
  return [
    ["  ", toned("warning", "!"), ` ${first}`],
    ...more.map((line) => `    ${line}`),
    ...wrapped(fix, width, 4),
    ...commands.map((line) => `      ${line}`),
  ];
}
