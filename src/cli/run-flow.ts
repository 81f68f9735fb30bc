import { isDeepStrictEqual } from "node:util";
import type { Conversation, Leave, Outcome } from "../core/ending.ts";
import type { Report } from "../core/progress.ts";
import type { ExitCode } from "../domain/exit-code.ts";
import { approve } from "./ask/approval.ts";
import type { CommandContext } from "./command.ts";
import type { Connections } from "./connections.ts";
import type { FlowCommand, FlowTypes } from "./flow-command.ts";
import { InterruptedError } from "./interruption.ts";
import { check, readAnswers, type GivenOptions } from "./options/answers.ts";
import { withImpliedCloud } from "./options/implied-cloud.ts";
import { commandAnswer, orStopped } from "./show/answer.ts";
import { equivalentCommand, pinned } from "./show/equivalent-command.ts";
import { wrapped } from "./show/text-width.ts";
import { interruptedAtQuestion, stoppable, untilOver } from "./stoppable.ts";

/** Runs a command: checks the options, asks for what is missing, connects, runs the flow, and shows how it ended. */
export async function runFlow<Types extends FlowTypes>(
  command: FlowCommand<Types>,
  started: CommandContext,
): Promise<ExitCode> {
  const context = { ...started, given: withImpliedCloud(started.given, started.environment) };
  const given = readAnswers(command.options, context.given);
  check(command, given, context.given, context.terminal.interactive);
  const inputOf = await command.input(given, context);
  return await untilOver(context, async (bounded) => {
    const asked = await ask(command, inputOf, bounded);
    const answers = readAnswers(command.options, asked.given);
    const given = await pinnedAnswers(asked, answers);
    const job = { ...asked, given, answers, input: inputOf(answers) };
    const outcome = await orStopped<Outcome<Types["plan"], Types["result"]>, Types["result"]>((leave) =>
      command.looksOnly
        ? run(command, job, bounded, { approve: async () => false })
        : runStoppably(command, job, bounded, leave),
    );
    const answer = commandAnswer(command.name, await command.text(), outcome, {
      answers,
      shell: { ...bounded, given },
      asked: [...asked.given.values()].some(({ source }) => source === "answer"),
      now: new Date(),
      width: bounded.terminal.stdout.width,
    });
    bounded.view.answer(answer);
    return answer.exitCode;
  });
}

/** The given options as printed commands repeat them. */
async function pinnedAnswers(
  { connections, given }: Pick<Asked<FlowTypes>, "connections" | "given">,
  { kubeconfig }: { readonly kubeconfig?: string | undefined },
): Promise<GivenOptions> {
  // If it cannot be read, the run itself says why.
  const known = await connections.contexts(kubeconfig).catch(() => undefined);
  return pinned(given, known?.current);
}

/** What a run starts from, after the questions if there were any. */
interface Asked<Types extends FlowTypes> {
  readonly connections: Connections;
  /** Receives the progress of the run. */
  readonly report: Report;
  /** What was given and answered. */
  readonly given: GivenOptions;
  readonly foreseen: Types["foreseen"] | undefined;
}

/** Connects, and asks questions if somebody is at the terminal. The code for that is loaded only then. */
async function ask<Types extends FlowTypes>(
  command: FlowCommand<Types>,
  inputOf: (answers: Types["answers"]) => Types["input"],
  context: CommandContext,
): Promise<Asked<Types>> {
  const { terminal, view, connect, signal, given } = context;
  const { report } = view;
  const connections = connect(report, signal);
  if (!terminal.interactive || !command.questions) {
    return { connections, report, given, foreseen: undefined };
  }
  const [questions, { AnswerSheet }, { openPrompter }] = await Promise.all([
    command.questions(),
    import("./ask/answer-sheet.ts"),
    import("./ask/prompter.ts"),
  ]);
  const sheet = new AnswerSheet<Types["answers"]>(given, (texts) => readAnswers(command.options, texts));
  const prompter = await openPrompter(terminal, signal);
  try {
    const foreseen = await questions({
      sheet,
      prompter,
      connections,
      context,
      open: (sentences) => {
        if (sheet.answers.quiet === true) return;
        view.notice([...sentences.flatMap((line) => wrapped(line, terminal.stderr.width)), ""]);
      },
      wait: async (text, awaited) => {
        report({ kind: "started", id: "look", text });
        return await awaited.finally(() => report({ kind: "ended", id: "look" }));
      },
      inputOf,
      portsOf: (answers) => command.ports(connections, answers),
    });
    return { connections, report, given: sheet.given, foreseen };
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    const again = sameCommand(command, { ...context, given: sheet.given }, { asking: true });
    throw interruptedAtQuestion(error, again);
  }
}

/** A run with everything known. */
interface Job<Types extends FlowTypes> extends Asked<Types> {
  readonly answers: Types["answers"];
  readonly input: Types["input"];
}

async function runStoppably<Types extends FlowTypes>(
  command: FlowCommand<Types>,
  job: Job<Types>,
  context: CommandContext,
  leave: Leave<Types["result"]>,
): Promise<Outcome<Types["plan"], Types["result"]>> {
  const { answers, foreseen, given } = job;
  const text = await command.text();
  return await stoppable(
    (whileAsking) =>
      run(command, job, context, {
        leave,
        approve: async (plan) => {
          // The person agreed to this very plan. If it differs, another run may have changed what is left to do.
          if (foreseen && isDeepStrictEqual(plan.changes, foreseen.plan.changes)) return true;
          return await whileAsking(() => approve(text.plan(plan, answers), answers, context));
        },
      }),
    context,
    {
      agreed: answers.yes === true || foreseen !== undefined,
      command: (how) => sameCommand(command, { ...context, given }, how),
    },
  );
}

/** Runs the flow. Its code is loaded while its services are opened. */
async function run<Types extends FlowTypes>(
  command: FlowCommand<Types>,
  { connections, answers, input, report, foreseen }: Job<Types>,
  { signal }: CommandContext,
  conversation: Omit<Conversation<Types["plan"], Types["result"]>, "report">,
): Promise<Outcome<Types["plan"], Types["result"]>> {
  const [ports, flow] = await Promise.all([command.ports(connections, answers), command.flow(answers)]);
  return await flow(input, ports, { ...conversation, report, foreseen }, signal);
}

/** The command line that does the same, either without a question or asking for what it does not say. */
function sameCommand(
  { name, options }: Pick<FlowCommand<FlowTypes>, "name" | "options">,
  shell: Pick<CommandContext, "program" | "given" | "environment">,
  how: { readonly asking: boolean },
): string {
  return equivalentCommand(shell, name, options, how);
}
