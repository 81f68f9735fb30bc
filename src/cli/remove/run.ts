import { remove } from "../../core/remove/flow.ts";
import type { RemoveConversation, RemoveOutcome, RemoveResult } from "../../core/remove/contract.ts";
import type { ExitCode } from "../../domain/exit-code.ts";
import { readAnswers } from "../options/answers.ts";
import { askFirst } from "../ask/interview.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { stoppable, untilOver } from "../stoppable.ts";
import { orStopped } from "../show/answer.ts";
import { approveRemoval } from "./approve-removal.ts";
import { removeAnswer } from "./answer.ts";
import { removeInput, removeRequest } from "./input.ts";
import { removeOptions, type RemoveAnswers } from "./options.ts";
import { checkRemove } from "./rules.ts";

/** Carries `remove` out: asks for what was not given, or refuses; connects, lets the flow work, shows its outcome. */
export async function runRemove(answers: RemoveAnswers, context: CommandContext): Promise<ExitCode> {
  checkRemove(answers, context.given, context.terminal.interactive);
  return await untilOver(context, carryOut);
}

async function carryOut(context: CommandContext): Promise<ExitCode> {
  const { report, connections, asked } = await askFirst(
    context,
    async () => (await import("./questions.ts")).walkThrough(context),
    (given) => sameRemove({ ...context, given }, { asking: true }),
  );
  const given = asked ?? context.given;
  const answers = readAnswers(removeOptions, given);
  const outcome = await orStopped<RemoveOutcome, RemoveResult>((leave) =>
    work(answers, { ...context, given }, connections, { report, leave }),
  );
  const answer = removeAnswer(outcome, {
    again: sameRemove({ ...context, given }),
    asked: [...given.values()].some(({ source }) => source === "answer"),
    exitCodeForChanges: answers.exitCode,
    width: context.terminal.stdout.width,
  });
  context.view.answer(answer);
  return answer.exitCode;
}

async function work(
  answers: RemoveAnswers,
  context: CommandContext,
  connections: Connections,
  conversation: Pick<RemoveConversation, "report" | "leave">,
): Promise<RemoveOutcome> {
  const input = removeInput(answers);
  return await stoppable(
    async (whileAsking) =>
      remove(
        input,
        await connections.remove(removeRequest(answers)),
        {
          ...conversation,
          approve: (plan) => whileAsking(() => approveRemoval(plan, answers, context)),
        },
        context.signal,
      ),
    context,
    { agreed: answers.yes, command: (how) => sameRemove(context, how) },
  );
}

/** The same `remove` without a question, or asking for what is not said. */
function sameRemove(
  { program, given, environment }: Pick<CommandContext, "program" | "given" | "environment">,
  how: { asking?: boolean } = {},
): string {
  return equivalentCommand(program, "remove", removeOptions, given, environment, how);
}
