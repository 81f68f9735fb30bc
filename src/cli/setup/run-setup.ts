import { isDeepStrictEqual } from "node:util";
import { setup, type Prospect } from "../../core/flows/setup.ts";
import type { SetupInput, SetupOutcome } from "../../core/flows/setup-contract.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import type { Report } from "../../core/progress.ts";
import { approve } from "../approval.ts";
import { readAnswers, type GivenOptions } from "../answers.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { checkCredentialsFile } from "../credentials-file.ts";
import { equivalentCommand } from "../equivalent-command.ts";
import { InterruptedError } from "../interruption.ts";
import type { OptionSet } from "../option.ts";
import { setupOptions, type SetupAnswers } from "../options.ts";
import { passwordFromFile, passwordFromStream } from "../password-source.ts";
import { exitCode, type ExitCode } from "../../domain/exit-code.ts";
import { setupAnswer } from "./setup-answer.ts";
import { setupInput, setupRequest, type WholeAnswers } from "./setup-input.ts";
import { checkSetup } from "./setup-rules.ts";

/** Carries `setup` out: asks for what was not given, or refuses; connects, lets the flow work, shows its outcome. */
export async function runSetup(answers: SetupAnswers, context: CommandContext): Promise<ExitCode> {
  checkSetup(answers, context.given, context.terminal.interactive);
  const { credentialsFile, dryRun } = answers;
  if (credentialsFile !== undefined && !dryRun) await checkCredentialsFile(credentialsFile);
  const knownPassword = await passwordGiven(answers, context);
  // Whatever is still asked of a service when the run is over, nobody waits for.
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  try {
    return await carryOut({ ...context, signal }, knownPassword);
  } finally {
    over.abort();
  }
}

async function carryOut(context: CommandContext, knownPassword: SecretText | undefined): Promise<ExitCode> {
  const walkThrough = context.terminal.interactive
    ? new (await import("./walk-through.ts")).WalkThrough(context, knownPassword)
    : undefined;
  const report = walkThrough?.report ?? context.view.report;
  const connections = context.connect(report, context.signal);
  const asked = await walkThrough?.run(connections).catch((error: unknown) => {
    throw error instanceof InterruptedError ? atQuestion(error, context, walkThrough.given) : error;
  });
  const given = asked?.given ?? context.given;
  const answers = readAnswers(setupOptions, given) as WholeAnswers;
  const input = setupInput(answers, knownPassword);
  const outcome = await work(
    answers,
    input,
    { ...context, given },
    { connections, report, prospect: asked?.prospect },
  );
  const done = outcome.kind === "finished" && outcome.exitCode === exitCode.ok;
  const answer = setupAnswer(outcome, input, {
    again: sameCommand({ ...context, given }, done ? lastingOptions : setupOptions),
    exitCodeForChanges: answers.exitCode,
    width: context.terminal.stdout.width,
  });
  context.view.answer(answer);
  return answer.exitCode;
}

/** What another run can be given as well: the file with the password is there once it is written. */
const { credentialsFile: _written, ...lastingOptions } = setupOptions;

function sameCommand(
  { program, given, environment }: Pick<CommandContext, "program" | "given" | "environment">,
  options: OptionSet = setupOptions,
): string {
  return equivalentCommand(program, "setup", options, given, environment);
}

/** Ctrl-C at a question: what was answered so far need not be answered again. */
function atQuestion(
  { exitCode }: InterruptedError,
  { program, environment }: CommandContext,
  given: GivenOptions,
) {
  const again = equivalentCommand(program, "setup", setupOptions, given, environment, { asking: true });
  return new InterruptedError(exitCode, ["Nothing was written."], `To go on from here: ${again}`);
}

/** What the work is done with. */
interface Work {
  readonly connections: Connections;
  readonly report: Report;
  /** What was seen when the plan was agreed to. */
  readonly prospect: Prospect | undefined;
}

async function work(
  answers: WholeAnswers,
  input: SetupInput,
  context: CommandContext,
  { connections, report, prospect }: Work,
): Promise<SetupOutcome> {
  const { view, signal } = context;
  let asking = false;
  const stopping = () => {
    // At a question nothing is under way, so that the run stops at once; and the line is the question's.
    if (!asking) view.report({ kind: "note", level: "warning", text: stoppingText(signal.reason) });
  };
  signal.addEventListener("abort", stopping, { once: true });
  try {
    return await setup(
      input,
      await connections.setup(setupRequest(answers)),
      {
        report,
        approve: async (plan) => {
          // Agreed to as it stands; another run may have changed what there is to do.
          if (prospect && isDeepStrictEqual(plan.changes, prospect.plan.changes)) return true;
          asking = true;
          try {
            return await approve(plan, answers, context);
          } finally {
            asking = false;
          }
        },
      },
      signal,
      prospect,
    );
  } catch (error) {
    if (!signal.aborted && !(error instanceof InterruptedError)) throw error;
    throw interrupted(signal.aborted ? signal.reason : error, view.unfinished(), sameCommand(context));
  } finally {
    signal.removeEventListener("abort", stopping);
  }
}

function stoppingText(reason: unknown): string {
  const byKey = !(reason instanceof InterruptedError) || reason.exitCode === exitCode.interrupted;
  return `stopping as soon as it is safe; ${byKey ? "Ctrl-C again" : "a second signal"} stops at once`;
}

/** What was not finished, and how to go on; the steps that were done have been told. */
function interrupted(reason: unknown, unfinished: readonly string[], again: string): InterruptedError {
  const code = reason instanceof InterruptedError ? reason.exitCode : undefined;
  const state = unfinished.map((text) => `not finished: ${text}`);
  return new InterruptedError(code, state, `To go on where it stopped: ${again}`);
}

async function passwordGiven(
  { passwordStdin, passwordFile }: SetupAnswers,
  { terminal, signal }: CommandContext,
): Promise<SecretText | undefined> {
  if (passwordStdin) return await passwordFromStream(terminal.stdin, signal);
  return passwordFile === undefined ? undefined : await passwordFromFile(passwordFile);
}
