import type { SetupInput, SetupResult } from "../../core/flows/setup-contract.ts";
import { toned, type Line } from "../terminal.ts";
import { wrapped } from "../views/wrapped.ts";

/** The day, in UTC, on which the first password ends, where it is known. */
export function firstEnd({ credentials }: Pick<SetupResult, "credentials">): string | undefined {
  const [first] = credentials.flatMap(({ expiresAt }) => expiresAt ?? []).sort();
  return first?.slice(0, 10);
}

/** How to look whether all is in order, and what becomes of the password before and after its last day. */
export function renewalLines(
  result: SetupResult,
  { knownPassword }: Pick<SetupInput, "knownPassword">,
  { again, width }: { readonly again: string; readonly width: number },
): Line[] {
  const end = firstEnd(result);
  const proves = result.verification.status === "passed" ? "proves the pull anew and " : "";
  const sentences = [`It asks nothing, and while all is in order it ${proves}changes nothing.`];
  if (knownPassword) {
    const before = end === undefined ? "Before the password ends" : `Before ${end}`;
    sentences.push(`${before}, have a new one made and run the same command with that.`);
  } else if (end !== undefined) {
    if (!result.renewalDue) sentences.push(`From 30 days before ${end} it says that the password ends.`);
    sentences.push(
      `Run after ${end}, it makes a new password and writes it to the same secrets;`,
      "from that day until then no image can be pulled, while Pods that run go on.",
    );
  }
  return [
    ...(result.renewalDue && end !== undefined
      ? [[toned("warning", "! renewal due:"), ` the password ends on ${end}.`], ""]
      : []),
    [toned("strong", "To check or renew it, run this again:")],
    `  ${again}`,
    "",
    ...wrapped(sentences.join(" "), width),
  ];
}
