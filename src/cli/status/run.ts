import { status } from "../../core/status/flow.ts";
import type { PrunePlan } from "../../core/status/contract.ts";
import type { ExitCode } from "../../domain/exit-code.ts";
import { approve } from "../ask/approval.ts";
import type { CommandContext } from "../command.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { stoppable, untilOver } from "../stoppable.ts";
import type { ShownPlan } from "../show/plan-lines.ts";
import { statusAnswer } from "./answer.ts";
import { statusCommands } from "./commands.ts";
import { statusInput, statusRequest } from "./input.ts";
import { statusOptions, type StatusAnswers } from "./options.ts";
import { checkStatus } from "./rules.ts";

/** Carries `status` out: refuses what cannot be, connects, lets the flow look, shows what it found. */
export async function runStatus(answers: StatusAnswers, context: CommandContext): Promise<ExitCode> {
  checkStatus(answers, context.given, context.terminal.interactive);
  return await untilOver(context, async (running) => {
    const { view, signal, program, given, environment, terminal } = running;
    const connections = running.connect(view.report, signal);
    const outcome = await stoppable(
      async (whileAsking) =>
        status(
          statusInput(answers),
          await connections.status(statusRequest(answers)),
          {
            report: view.report,
            approve: (plan) => whileAsking(() => approve(shownPlan(plan), answers, running)),
          },
          signal,
        ),
      running,
      {
        agreed: answers.yes,
        command: (how) => equivalentCommand(program, "status", statusOptions, given, environment, how),
      },
    );
    const answer = statusAnswer(outcome, shownPlan, {
      commands: statusCommands(running),
      width: terminal.stdout.width,
    });
    view.answer(answer);
    return answer.exitCode;
  });
}

function shownPlan({ changes, warnings }: PrunePlan): ShownPlan {
  return { title: "A key that nothing holds", changes, warnings };
}
