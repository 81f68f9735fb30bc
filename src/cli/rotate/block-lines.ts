import type { ResultRotation, RetireBlock } from "../../core/rotate/contract.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { otherKey, type ResultContext } from "./result-context.ts";

/**
 * Why the old key lives on, or will when its time is over, and what would let it be retired.
 * @param until when its time is over, in words; undefined: it is
 */
export function blockLines(
  rotation: ResultRotation,
  block: RetireBlock,
  context: ResultContext,
  until: string | undefined,
): Line[] {
  const { width } = context;
  const { why, fix, commands } = remediesOf(rotation, context)[block];
  const how =
    until === undefined ? "lives on" : `stays valid until ${until} at least, and lives on after that`;
  const [first = "", ...more] = wrapped(`${otherKey(rotation, context)} ${how}: ${why}.`, width - 4);
  return [
    ["  ", toned("warning", "!"), ` ${first}`],
    ...more.map((line) => `    ${line}`),
    ...wrapped(fix, width, 4),
    ...commands.map((line) => `      ${line}`),
  ];
}

/** What keeps an old key alive, in words, and what would let it be retired. */
interface BlockRemedy {
  readonly why: string;
  readonly fix: string;
  readonly commands: readonly string[];
}

function remediesOf(
  { replaced, appId }: Pick<ResultRotation, "replaced" | "appId">,
  { intent, commands }: Pick<ResultContext, "intent" | "commands">,
): Readonly<Record<RetireBlock, BlockRemedy>> {
  const orElse = intent === "compromised" ? "; or add --accept-outage to retire it all the same" : "";
  return {
    "cannot-see-all-namespaces": {
      why: "secrets may not be listed in the whole cluster, so that one which was not seen may hold it",
      fix: "When its time is over, have somebody run the same who may list them; or, if you know that no other secret holds it, run:",
      commands: [commands.retire({ namespacesComplete: "true" })],
    },
    "still-held": {
      why: "a secret that could not be written still holds it",
      fix: `Mend what is said of it, and run the same again${orElse}:`,
      commands: [commands.again],
    },
    "key-not-ours": {
      why: "acr-pull did not make it for this cluster, so that others may use it",
      fix: "If nobody does, agree to its retirement by its id:",
      commands: [commands.retire({ retireKey: replaced ?? "KEY_ID" })],
    },
    "key-unknown": {
      why: "it was given by hand, and which of the application's keys it is cannot be told",
      fix: "Look up its id, and if nobody else uses it, agree to its retirement by that:",
      commands: [`az ad app credential list --id ${appId}`, commands.retire({ retireKey: "KEY_ID" })],
    },
    "not-yet-refused": {
      why: "the directory has removed it, and it is not refused everywhere yet",
      fix: "That takes a while. Whether it is over, this tells:",
      commands: [commands.finish],
    },
  };
}
