import type { SetupInput, SetupResult } from "../../core/flows/setup-contract.ts";
import { toned, type Line } from "../terminal.ts";
import { wrapped } from "../views/wrapped.ts";
import { renewalDays } from "./renewal-command.ts";

/** Command lines that the last screen names. */
export interface ResultCommands {
  /** Does the same again. */
  readonly again: string;
  /** Renews what was made, in time. */
  readonly renew: string;
}

/** The day, in UTC, on which the first password ends, where it is known. */
export function firstEnd({ credentials }: Pick<SetupResult, "credentials">): string | undefined {
  const [first] = credentials.flatMap(({ expiresAt }) => expiresAt ?? []).sort();
  return first?.slice(0, 10);
}

/** How to look whether all is in order, and how the password is renewed before its last day. */
export function renewalLines(
  result: SetupResult,
  { knownPassword }: Pick<SetupInput, "knownPassword">,
  { again, renew, width }: ResultCommands & { readonly width: number },
): Line[] {
  const end = firstEnd(result);
  const proves = result.verification.status === "passed" ? "proves the pull anew and " : "";
  const renews = !knownPassword && end !== undefined;
  const check = [`It asks nothing, and while all is in order it ${proves}changes nothing.`];
  if (knownPassword) {
    const before = end === undefined ? "Before the password ends" : `Before ${end}`;
    check.push(`${before}, have a new one made and run the same command with that.`);
  }
  return [
    ...(result.renewalDue && end !== undefined
      ? [[toned("warning", "! renewal due:"), ` the password ends on ${end}.`], ""]
      : []),
    ...(renews
      ? [
          [toned("strong", "To renew it, run this once a day:")] as const,
          `  ${renew}`,
          "",
          ...wrapped(
            `Until ${renewalDays} days before ${end} it changes nothing. Then it makes a new password and writes it to the same secrets while the old one stays valid, so that no pull fails. After that day no image can be pulled until it is renewed; Pods that run go on.`,
            width,
          ),
          "",
        ]
      : []),
    [toned("strong", "To check it, run this again:")],
    `  ${again}`,
    "",
    ...wrapped(check.join(" "), width),
  ];
}
