import type { SetupInput, SetupResult } from "../../core/setup/contract.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/wrapped.ts";
import { renewalTimeMs } from "./renewal-command.ts";

/** Command lines that the last screen names. */
export interface ResultCommands {
  /** Does the same again. */
  readonly again: string;
  /** Renews what was made, in time. */
  readonly renew: string;
}

/** The day, in UTC, on which the first password ends, where it is known. */
export function firstEnd(result: Pick<SetupResult, "credentials">): string | undefined {
  return endTime(result)?.slice(0, 10);
}

/** The same to the minute, for one that lives but hours. */
function firstMoment(result: Pick<SetupResult, "credentials">): string | undefined {
  const time = endTime(result);
  return time && `${time.slice(0, 16).replace("T", " ")} UTC`;
}

function endTime({ credentials }: Pick<SetupResult, "credentials">): string | undefined {
  return credentials.flatMap(({ expiresAt }) => expiresAt ?? []).sort()[0];
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Often enough that a job which failed has another one behind it in time. */
function howOften(withinMs: number): string {
  if (withinMs >= 2 * dayMs) return "once a day";
  return withinMs >= 2 * hourMs ? "once an hour" : "every five minutes";
}

function inWords(milliseconds: number): string {
  const [unit, size] = units.find((one) => milliseconds >= one[1]) ?? units[2];
  const count = Math.floor(milliseconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const units = [
  ["day", dayMs],
  ["hour", hourMs],
  ["minute", 60_000],
] as const;

/** How to look whether all is in order, and how the password is renewed before its last day. */
export function renewalLines(
  result: SetupResult,
  { knownPassword }: Pick<SetupInput, "knownPassword">,
  { again, renew, width }: ResultCommands & { readonly width: number },
): Line[] {
  const withinMs = renewalTimeMs(result.credentials);
  const inDays = withinMs >= dayMs;
  const end = inDays ? firstEnd(result) : firstMoment(result);
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
          [toned("strong", `To renew it, run this ${howOften(withinMs)}:`)] as const,
          `  ${renew}`,
          "",
          ...wrapped(
            `Until ${inWords(withinMs)} before ${end} it changes nothing. Then it makes a new password and writes it to the same secrets while the old one stays valid, so that no pull fails. After that ${inDays ? "day" : "time"} no image can be pulled until it is renewed; Pods that run go on.`,
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
