import { isDeepStrictEqual } from "node:util";
import { setup, type Prospect } from "../../core/setup/flow.ts";
import type { Leave } from "../../core/ending.ts";
import type { SetupInput, SetupOutcome, SetupResult } from "../../core/setup/contract.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import type { Report } from "../../core/progress.ts";
import { approve } from "../ask/approval.ts";
import { readAnswers } from "../options/answers.ts";
import { askFirst } from "../ask/interview.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { checkCredentialsFile, passwordFromFile, passwordFromStream } from "./files.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import type { OptionSet } from "../options/option.ts";
import { setupOptions, type SetupAnswers } from "./options.ts";
import { stoppable, untilOver } from "../stoppable.ts";
import { orStopped } from "../show/answer.ts";
import { exitCode, type ExitCode } from "../../domain/exit-code.ts";
import { renewalCommand } from "./renewal.ts";
import { setupAnswer } from "./answer.ts";
import { setupInput, setupRequest, type WholeAnswers } from "./input.ts";
import { checkSetup } from "./rules.ts";
import { shownPlan } from "./shown-plan.ts";

/** Carries `setup` out: asks for what was not given, or refuses; connects, lets the flow work, shows its outcome. */
export async function runSetup(answers: SetupAnswers, context: CommandContext): Promise<ExitCode> {
  checkSetup(answers, context.given, context.terminal.interactive);
  const { credentialsFile, dryRun } = answers;
  if (credentialsFile !== undefined && !dryRun) await checkCredentialsFile(credentialsFile);
  const knownPassword = await passwordGiven(answers, context);
  return await untilOver(context, (context) => carryOut(context, knownPassword));
}

async function carryOut(context: CommandContext, knownPassword: SecretText | undefined): Promise<ExitCode> {
  const { report, connections, asked } = await askFirst(
    context,
    async () => new (await import("./questions/questions.ts")).WalkThrough(context, knownPassword),
    (given) => sameCommand({ ...context, given }, setupOptions, { asking: true }),
  );
  const given = asked?.given ?? context.given;
  const answers = readAnswers(setupOptions, given) as WholeAnswers;
  const input = setupInput(answers, knownPassword);
  const outcome = await orStopped<SetupOutcome, SetupResult>((leave) =>
    work(answers, input, { ...context, given }, { connections, report, prospect: asked?.prospect, leave }),
  );
  const done = outcome.kind === "finished" && outcome.exitCode === exitCode.ok;
  const answer = setupAnswer(outcome, input, {
    again: sameCommand({ ...context, given }, done ? lastingOptions : setupOptions),
    renew: renewalCommand(
      { ...context, given },
      outcome.kind === "finished" ? outcome.result.credentials : [],
    ),
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
  options: OptionSet,
  how: { readonly asking?: boolean } = {},
): string {
  return equivalentCommand(program, "setup", options, given, environment, how);
}

/** What the work is done with. */
interface Work {
  readonly connections: Connections;
  readonly report: Report;
  /** What was seen when the plan was agreed to. */
  readonly prospect: Prospect | undefined;
  readonly leave: Leave<SetupResult>;
}

async function work(
  answers: WholeAnswers,
  input: SetupInput,
  context: CommandContext,
  { connections, report, prospect, leave }: Work,
): Promise<SetupOutcome> {
  return await stoppable(
    async (whileAsking) =>
      setup(
        input,
        await connections.setup(setupRequest(answers)),
        {
          report,
          leave,
          approve: async (plan) => {
            // Agreed to as it stands; another run may have changed what there is to do.
            if (prospect && isDeepStrictEqual(plan.changes, prospect.plan.changes)) return true;
            return await whileAsking(() => approve(shownPlan(plan), answers, context));
          },
        },
        context.signal,
        prospect,
      ),
    context,
    {
      agreed: answers.yes || prospect !== undefined,
      command: (how) => sameCommand(context, setupOptions, how),
    },
  );
}

async function passwordGiven(
  { passwordStdin, passwordFile }: SetupAnswers,
  { terminal, signal }: CommandContext,
): Promise<SecretText | undefined> {
  if (passwordStdin) return await passwordFromStream(terminal.stdin, signal);
  return passwordFile === undefined ? undefined : await passwordFromFile(passwordFile, signal);
}
