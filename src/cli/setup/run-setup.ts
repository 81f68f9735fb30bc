import { setup } from "../../core/flows/setup.ts";
import type { SetupInput, SetupOutcome } from "../../core/flows/setup-contract.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import { agreeToPrivilegedRole, approve } from "../approval.ts";
import { UsageError } from "../answers.ts";
import type { CommandContext } from "../command.ts";
import { checkCredentialsFile } from "../credentials-file.ts";
import { equivalentCommand } from "../equivalent-command.ts";
import { InterruptedError } from "../interruption.ts";
import { setupOptions, type SetupAnswers } from "../options.ts";
import { passwordFromFile, passwordFromStream } from "../password-source.ts";
import type { ExitCode } from "../../domain/exit-code.ts";
import { setupAnswer } from "./setup-answer.ts";
import { registryName, setupConnections, setupInput, type WholeAnswers } from "./setup-input.ts";
import { checkSetup } from "./setup-rules.ts";

const stoppingText = "stopping as soon as it is safe; Ctrl-C again stops at once";

/** Carries `setup` out: refuses bad input, connects, lets the flow work, shows its outcome. */
export async function runSetup(answers: SetupAnswers, context: CommandContext): Promise<ExitCode> {
  checkSetup(answers, context.given, context.terminal.interactive);
  const whole = answers as WholeAnswers;
  const input = await agreed(setupInput(whole, await knownPassword(whole, context)), context);
  if (input.credentialsFile !== undefined && !input.dryRun) await checkCredentialsFile(input.credentialsFile);
  const again = equivalentCommand(context.program, "setup", setupOptions, context.given);
  const outcome = await work(whole, input, again, context);
  const answer = setupAnswer(outcome, input, { again, exitCodeForChanges: whole.exitCode });
  context.view.answer(answer);
  return answer.exitCode;
}

async function work(
  answers: WholeAnswers,
  input: SetupInput,
  again: string,
  context: CommandContext,
): Promise<SetupOutcome> {
  const { view, signal } = context;
  const stopping = () => view.report({ kind: "note", level: "warning", text: stoppingText });
  signal.addEventListener("abort", stopping, { once: true });
  try {
    const ports = await context.connect(setupConnections(answers), view.report, signal);
    return await setup(
      input,
      ports,
      { report: view.report, approve: (plan) => approve(plan, answers, context) },
      signal,
    );
  } catch (error) {
    if (!signal.aborted && !(error instanceof InterruptedError)) throw error;
    throw interrupted(signal.aborted ? signal.reason : error, view.unfinished(), again);
  } finally {
    signal.removeEventListener("abort", stopping);
  }
}

/** What was not done, and how to go on; the steps that were done have been told. */
function interrupted(reason: unknown, unfinished: readonly string[], again: string): InterruptedError {
  const code = reason instanceof InterruptedError ? reason.exitCode : undefined;
  const left = unfinished.map((text) => `not done: ${text}`);
  return new InterruptedError(code, [...left, `To go on where it stopped: ${again}`].join("\n"));
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
