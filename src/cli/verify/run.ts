import { verify } from "../../core/verify/flow.ts";
import type { ExitCode } from "../../domain/exit-code.ts";
import { UsageError } from "../options/answers.ts";
import type { CommandContext } from "../command.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { brokenRules } from "../options/option-rules.ts";
import { untilOver } from "../stoppable.ts";
import { verifyAnswer } from "./answer.ts";
import { suggester, verifyInput, verifyRequest } from "./input.ts";
import { verifyOptions, type VerifyAnswers } from "./options.ts";

const rules = {
  exclusions: [["quiet", "verbose", "they ask for opposite things"]],
  companions: [],
} as const;

/** Carries `verify` out: connects, lets the flow look, shows what it found. It asks nobody anything. */
export async function runVerify(answers: VerifyAnswers, context: CommandContext): Promise<ExitCode> {
  const conflicts = brokenRules(verifyOptions, rules, answers, context.given);
  if (conflicts.length > 0) throw new UsageError(conflicts.join("\n"), "usage.conflict");
  return await untilOver(context, (bounded) => carryOut(answers, bounded));
}

async function carryOut(answers: VerifyAnswers, context: CommandContext): Promise<ExitCode> {
  const { view, terminal, signal, program, given, environment } = context;
  const connections = context.connect(view.report, signal);
  const ports = await connections.verify(verifyRequest(answers));
  const outcome = await verify(verifyInput(answers, suggester(context)), ports, view.report, signal);
  const answer = verifyAnswer(outcome, {
    width: terminal.stdout.width,
    verbose: answers.verbose,
    // It has no --yes, and asks nothing.
    again: equivalentCommand(program, "verify", verifyOptions, given, environment, { asking: true }),
  });
  view.answer(answer);
  return answer.exitCode;
}
