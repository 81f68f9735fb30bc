import type { PlannedChange } from "../../core/plan.ts";
import type { KeptReason, RemovedItem, RemovePlan, RemoveResult } from "../../core/remove/contract.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { FlowText, Setting } from "../show/answer.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { alike, counted } from "../show/folding.ts";
import { failedTargetLines } from "../show/lines.ts";
import { registryText } from "../show/registry-text.ts";
import { listLines } from "../show/table.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { removeOptions, type RemoveAnswers } from "./options.ts";

/** How `remove` words its plan and its result. */
export const removeText: FlowText<RemoveAnswers, RemovePlan, RemoveResult> = {
  plan: ({ registryName, loginServer, changes, warnings, lasting }) => ({
    title: `Plan to remove ${registryText(registryName, loginServer)}`,
    changes: changes.map(inWords),
    warnings,
    lasting,
    typed: {
      message: `To remove this, type the registry's name: ${registryName}`,
      names: [registryName, loginServer],
    },
  }),
  lines: resultLines,
  troubles: (result, setting) =>
    setting.exitCode === exitCode.ok ? [] : resultLines(result, { ...setting, asked: false }),
};

/** Says in words why something stays. A thing that is removed needs only its name. */
function inWords(change: PlannedChange): PlannedChange {
  const { because, by } = (change.after ?? {}) as {
    readonly because?: KeptReason;
    readonly by?: readonly string[];
  };
  if (because === undefined) return { ...change, before: change.action === "removed" ? null : change.before };
  return { ...change, before: null, after: reasonText(because, by) };
}

/** More rows of one kind than this are only counted, because nobody reads them. */
const mostRows = 20;

/** For people: what became of each thing, and why something stays. */
function resultLines(
  { removed }: RemoveResult,
  { asked, shell, width }: Pick<Setting<RemoveAnswers>, "asked" | "shell" | "width">,
): Line[] {
  if (removed.length === 0)
    return wrapped(
      "Nothing to remove: where remove looked, acr-pull has left nothing for this registry.",
      width,
    );
  const failed = removed.flatMap(({ kind, id, context = "", namespace = "", action, error }) =>
    error ? [{ context, namespace, kind: words[kind], name: id, action, error }] : [],
  );
  return [
    ...failedTargetLines(failed, width),
    ...(failed.length > 0 ? [""] : []),
    ...listLines(columns, rowsOf(removed), width),
    ...(asked
      ? [
          "",
          [toned("strong", "The same without questions:")] as const,
          `  ${equivalentCommand(shell, "remove", removeOptions)}`,
        ]
      : []),
  ];
}

interface Row {
  readonly what: string;
  readonly which: string;
  readonly result: string;
}

const columns = [
  { head: "WHAT", cell: ({ what }: Row) => what },
  { head: "WHICH", cell: ({ which }: Row) => which },
  { head: "RESULT", cell: ({ result }: Row) => result },
];

function rowsOf(removed: readonly RemovedItem[]): Row[] {
  const rows = removed.map((item) => ({
    what: words[item.kind],
    which: placeOf(item),
    result: resultOf(item),
  }));
  return alike(rows, ({ what, result }) => JSON.stringify([what, result])).flatMap((group): readonly Row[] =>
    group.length <= mostRows ? group : [{ ...group[0], which: counted(group.length, group[0].what) }],
  );
}

const words: Readonly<Record<RemovedItem["kind"], string>> = {
  "service-account": "service account",
  secret: "secret",
  key: "key",
  "role-assignment": "role assignment",
  "service-principal": "service principal",
  application: "application",
};

/** A role assignment is named by the end of its id; the rest says where it is. */
function placeOf({ kind, id, context, namespace }: RemovedItem | Omit<RemovedItem, "error">): string {
  if (context !== undefined) return [context, namespace, id].join("/");
  return kind === "role-assignment" ? (id.split("/").at(-1) ?? id) : id;
}

const evidenceTexts: Readonly<Record<NonNullable<RemovedItem["evidence"]>, string>> = {
  refused: "removed, and refused",
  unlisted: "removed, and no longer listed",
  untried: "removed, not tried",
  "not-yet-refused": "removed, not refused everywhere yet",
};

function resultOf({ kind, action, reason, evidence, heldBy }: RemovedItem): string {
  if (evidence !== undefined) return evidenceTexts[evidence];
  if (action === "skipped") return "not reached";
  const taken = reason === "unfinished" ? "emptied" : "entry removed";
  const done = action === "updated" ? (kind === "secret" ? taken : "unlinked") : action;
  return reason === undefined ? done : `${done}: ${reasonText(reason, heldBy)}`;
}

const reasons: Readonly<Record<KeptReason, string>> = {
  "holds-other-entries": "stays with the other entries in it",
  "not-made-by-acr-pull": "stays, because acr-pull did not make it",
  "holds-other-credential": "stays with another credential for this host, which is not acr-pull's",
  "being-deleted": "is being deleted, and still held",
  unfinished: "holds no password, and shows the next run what is left to remove",
  "linked-by-others": "somebody else wrote its list",
  "of-another-cluster": "its mark says that it belongs to another cluster",
  "still-held": "still used",
  "not-ours": "acr-pull did not make it for this cluster",
  unnamed: "no secret here names it: another cluster with the same id may pull with it",
  "has-unnamed-key": "a key is left that no secret here names",
  "principal-gone": "its principal is gone, so nobody can pull with it",
  "used-by-other-clusters": "other clusters use it",
  "identity-shared": "its identity is also used",
  "clusters-not-seen": "other AKS clusters, which could not be seen, may pull with it",
  shared: "acr-pull did not make the application for this cluster",
  "has-other-credentials": "something else can sign in as it",
  "not-seen": "it is not known whether something else can sign in as it",
  "has-other-roles": "it holds other roles",
};

const mostNamed = 3;

/**
 * Why something stays, in words.
 * @param heldBy the secrets, or finalizers, that are the reason
 */
function reasonText(reason: KeptReason, heldBy: readonly string[] = []): string {
  if (heldBy.length === 0) return reasons[reason];
  const named = heldBy.slice(0, mostNamed).join(", ");
  const more = heldBy.length - mostNamed;
  return `${reasons[reason]} by ${named}${more > 0 ? ` and ${more} more` : ""}`;
}
