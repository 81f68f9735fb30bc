import { setup } from "../../core/flows/setup.ts";
import type { SetupInput, SetupOutcome } from "../../core/flows/setup-contract.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import { agreeToPrivilegedRole, approve } from "../approval.ts";
import { UsageError } from "../answers.ts";
import type { CommandContext } from "../command.ts";
import { checkCredentialsFile } from "../credentials-file.ts";
import { equivalentCommand } from "../equivalent-command.ts";
import { InterruptedError } from "../interruption.ts";
import type { OptionSet } from "../option.ts";
import { setupOptions, type SetupAnswers } from "../options.ts";
import { passwordFromFile, passwordFromStream } from "../password-source.ts";
import { exitCode, type ExitCode } from "../../domain/exit-code.ts";
import { setupAnswer } from "./setup-answer.ts";
import { registryName, setupInput, setupRequest, type WholeAnswers } from "./setup-input.ts";
import { checkSetup } from "./setup-rules.ts";

/** Carries `setup` out: refuses bad input, connects, lets the flow work, shows its outcome. */
export async function runSetup(answers: SetupAnswers, context: CommandContext): Promise<ExitCode> {
  checkSetup(answers, context.given, context.terminal.interactive);
  const whole = answers as WholeAnswers;
  const input = await agreed(setupInput(whole, await knownPassword(whole, context)), context);
  if (input.credentialsFile !== undefined && !input.dryRun) await checkCredentialsFile(input.credentialsFile);
  const outcome = await work(whole, input, context);
  const done = outcome.kind === "finished" && outcome.exitCode === exitCode.ok;
  const answer = setupAnswer(outcome, input, {
    again: done ? sameCommand(context, lastingOptions) : sameCommand(context),
    exitCodeForChanges: whole.exitCode,
    width: context.terminal.stdout.width,
  });
  context.view.answer(answer);
  return answer.exitCode;
}

/** What another run can be given as well: the file with the password is there once it is written. */
const { credentialsFile: _written, ...lastingOptions } = setupOptions;

function sameCommand({ program, given }: CommandContext, options: OptionSet = setupOptions): string {
  return equivalentCommand(program, "setup", options, given);
}

async function work(
  answers: WholeAnswers,
  input: SetupInput,
  context: CommandContext,
): Promise<SetupOutcome> {
  const { view, signal } = context;
  let asking = false;
  const stopping = () => {
    // At a question nothing is under way, so that the run stops at once; and the line is the question's.
    if (!asking) view.report({ kind: "note", level: "warning", text: stoppingText(signal.reason) });
  };
  signal.addEventListener("abort", stopping, { once: true });
  try {
    const ports = await context.connect(view.report, signal).setup(setupRequest(answers));
    return await setup(
      input,
      ports,
      {
        report: view.report,
        approve: async (plan) => {
          asking = true;
          try {
            return await approve(plan, answers, context);
          } finally {
            asking = false;
          }
        },
      },
      signal,
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

/** What was not done, and how to go on; the steps that were done have been told. */
function interrupted(reason: unknown, unfinished: readonly string[], again: string): InterruptedError {
  const code = reason instanceof InterruptedError ? reason.exitCode : undefined;
  return new InterruptedError(code, unfinished, `To go on where it stopped: ${again}`);
}

async function knownPassword(
  { passwordStdin, passwordFile }: SetupAnswers,
  { terminal, signal }: CommandContext,
): Promise<SecretText | undefined> {
  if (passwordStdin) return await passwordFromStream(terminal.stdin, signal);
  return passwordFile === undefined ? undefined : await passwordFromFile(passwordFile);
}

/** A privileged role is agreed to by a flag, or by typing the registry's name; `--yes` is not enough. */
async function agreed(input: SetupInput, context: CommandContext): Promise<SetupInput> {
  if (input.role !== "owner" || input.allowPrivilegedRole) return input;
  if (await agreeToPrivilegedRole(registryName(input.registry), context)) {
    return { ...input, allowPrivilegedRole: true };
  }
  throw new UsageError("The registry's name was not typed, so nothing was done", "setup.declined");
}
