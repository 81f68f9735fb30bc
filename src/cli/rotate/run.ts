import { rotate } from "../../core/rotate/flow.ts";
import type { RotateConversation, RotateOutcome, RotateResult } from "../../core/rotate/contract.ts";
import type { ExitCode } from "../../domain/exit-code.ts";
import { approve } from "../ask/approval.ts";
import { readAnswers } from "../options/answers.ts";
import { askFirst } from "../ask/interview.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { rotateOptions, type RotateAnswers } from "./options.ts";
import { stoppable, untilOver } from "../stoppable.ts";
import { orStopped } from "../show/answer.ts";
import { rotateAnswer } from "./answer.ts";
import { rotateCommands, sameRotate } from "./commands.ts";
import { intentOf, rotateInput, rotateRequest } from "./input.ts";
import { checkRotate } from "./rules.ts";
import { shownPlan } from "./shown-plan.ts";

/** Carries `rotate` out: asks for what was not given, or refuses; connects, lets the flow work, shows its outcome. */
export async function runRotate(answers: RotateAnswers, context: CommandContext): Promise<ExitCode> {
  checkRotate(answers, context.given, context.terminal.interactive);
  return await untilOver(context, carryOut);
}

async function carryOut(context: CommandContext): Promise<ExitCode> {
  const { report, connections, asked } = await askFirst(
    context,
    async () => (await import("./questions.ts")).walkThrough(context),
    (given) => sameRotate({ ...context, given }, { asking: true }),
  );
  const given = asked ?? context.given;
  const answers = readAnswers(rotateOptions, given);
  const outcome = await orStopped<RotateOutcome, RotateResult>((leave) =>
    work(answers, { ...context, given }, connections, { report, leave }),
  );
  const answer = rotateAnswer(outcome, {
    intent: intentOf(answers),
    commands: rotateCommands({ ...context, given }),
    asked: [...given.values()].some(({ source }) => source === "answer"),
    now: new Date(),
    exitCodeForChanges: answers.exitCode,
    width: context.terminal.stdout.width,
  });
  context.view.answer(answer);
  return answer.exitCode;
}

async function work(
  answers: RotateAnswers,
  context: CommandContext,
  connections: Connections,
  conversation: Pick<RotateConversation, "report" | "leave">,
): Promise<RotateOutcome> {
  const input = rotateInput(answers);
  return await stoppable(
    async (whileAsking) =>
      rotate(
        input,
        await connections.rotate(rotateRequest(answers)),
        {
          ...conversation,
          approve: (plan) => whileAsking(() => approve(shownPlan(plan, input.intent), answers, context)),
        },
        context.signal,
      ),
    context,
    { agreed: answers.yes, command: (how) => sameRotate(context, how) },
  );
}
