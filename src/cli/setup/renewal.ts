import type { SetupResult } from "../../core/setup/contract.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { renewalWindowMs, type KeyLife } from "../../domain/renewal.ts";
import { rotateOptions } from "../rotate/options.ts";
import { pick } from "../options/option.ts";
import { sameServices } from "../options/shared-options.ts";
import type { Ended, Setting } from "../show/answer.ts";
import { equivalentCommand, type Shell } from "../show/equivalent-command.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { setupOptions, type SetupAnswers } from "./options.ts";

/** Options that tell `setup`, `rotate` and `verify` alike which secrets are meant, and what a proof pulls. */
const whichSecrets = [
  "registry",
  ...sameServices,
  "namespaces",
  "namespaceSelector",
  "contexts",
  "secretName",
  "image",
] as const;
const rotateKnows = pick(setupOptions, ...whichSecrets, "clusterId", "manifest", "sealWith", "proof");
const verifyKnows = pick(setupOptions, ...whichSecrets, "subscription", "serviceAccounts");

/** The keys of a result. Their lifetimes decide when they are renewed. */
type Keys = ReadonlyArray<KeyLife>;

/** How long before the end of the first key all of them are renewed, in milliseconds. */
function renewalTimeMs(keys: Keys): number {
  // With the longest of several, the others would be renewed again and again.
  return Math.min(...[...keys, unknownLife].map(renewalWindowMs));
}

const unknownLife: KeyLife = { createdAt: null, expiresAt: null };

/** The command line that, run regularly, renews in time what this `setup` wrote. */
export function renewalCommand(shell: Shell): string {
  const { ifDue } = rotateOptions;
  const { auth: _asks, ...others } = rotateKnows;
  // In a job, there is nobody who could sign in.
  const how = asksPerson.has(shell.given.get("auth")?.texts.at(-1)) ? others : rotateKnows;
  const given = new Map(shell.given).set("ifDue", { texts: ["true"], source: "flag" });
  return equivalentCommand({ ...shell, given }, "rotate", { ...how, ifDue });
}

const asksPerson: ReadonlySet<string | undefined> = new Set(["device-code", "browser"]);

/** The day, in UTC, on which the first password ends, if it is known. */
export function firstEnd(result: Pick<SetupResult, "credentials">): string | undefined {
  return endTime(result)?.slice(0, 10);
}

/** The same to the minute, for a password that lives only for hours. */
function firstMoment(result: Pick<SetupResult, "credentials">): string | undefined {
  const time = endTime(result);
  return time && `${time.slice(0, 16).replace("T", " ")} UTC`;
}

function endTime({ credentials }: Pick<SetupResult, "credentials">): string | undefined {
  return credentials.flatMap(({ expiresAt }) => expiresAt ?? []).sort()[0];
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Often enough that a failed job is followed by another one in time. */
function howOften(withinMs: number): string {
  if (withinMs >= 2 * dayMs) return "once a day";
  if (withinMs >= 2 * hourMs) return "once an hour";
  return "every five minutes";
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

/** Options for a later run, without the file for the password, which exists then. */
const { credentialsFile: _written, ...lastingOptions } = setupOptions;

/** What is needed later: how to check that everything is in order, and how to do the same without being asked. */
export function laterLines(result: SetupResult, setting: Setting<SetupAnswers> & Ended): Line[][] {
  const { answers, shell, width } = setting;
  const proves = result.verification.status === "passed" ? "proves the pull again and " : "";
  const verify = equivalentCommand(shell, "verify", verifyKnows, { yes: false });
  return [
    [[toned("strong", "To check it:")], `  ${verify}`],
    // For a given password, this command is the way to renew it, and is shown as that.
    answers.passwordStdin
      ? []
      : [
          [toned("strong", "The same setup without questions:")],
          `  ${setupAgain(setting)}`,
          ...wrapped(`As long as everything is in order, it ${proves}changes nothing.`, width),
        ],
  ];
}

/** How to renew the password before its last day. */
export function renewalLines(result: SetupResult, setting: Setting<SetupAnswers> & Ended): Line[][] {
  const { answers, shell, width } = setting;
  const withinMs = renewalTimeMs(result.credentials);
  const inDays = withinMs >= dayMs;
  const end = inDays ? firstEnd(result) : firstMoment(result);
  return [
    result.renewalDue && end !== undefined
      ? [[toned("warning", "! renewal due:"), ` the password ends on ${end}.`]]
      : [],
    answers.passwordStdin
      ? [
          ...wrapped(`Before ${end ?? "the password ends"}, get a new one and run this with it:`, width).map(
            (line): Line => [toned("strong", line)],
          ),
          `  ${setupAgain(setting)}`,
        ]
      : isRenewed(result, answers)
        ? [
            [toned("strong", `To renew it, run this ${howOften(withinMs)}:`)],
            `  ${renewalCommand(shell)}`,
            ...wrapped(
              `It changes nothing until ${inWords(withinMs)} before ${end}. Then it makes a new password and writes it to the same secrets while the old one stays valid, so no pull fails. After ${end}, no image can be pulled until the password is renewed; running Pods keep running. A sample job: docs/rotate.md.`,
              width,
            ),
          ]
        : [],
  ];
}

/** Whether rotate can renew it. */
function isRenewed(result: SetupResult, answers: SetupAnswers): boolean {
  return !answers.passwordStdin && endTime(result) !== undefined;
}

function setupAgain({ shell, exitCode: code }: Setting<SetupAnswers> & Ended): string {
  return equivalentCommand(shell, "setup", code === exitCode.ok ? lastingOptions : setupOptions);
}
