import { isDeepStrictEqual } from "node:util";
import type { Conversation, Leave, Outcome } from "../core/ending.ts";
import type { Report } from "../core/progress.ts";
import type { ExitCode } from "../domain/exit-code.ts";
import { approve } from "./ask/approval.ts";
import type { Questionnaire } from "./ask/interview.ts";
import type { CommandContext, CommandDefinition } from "./command.ts";
import type { Connections } from "./connections.ts";
import { InterruptedError } from "./interruption.ts";
import { readAnswers, type GivenOptions } from "./options/answers.ts";
import { check, type Checks } from "./options/check.ts";
import { answerOf, orStopped, type FlowText, type Plan } from "./show/answer.ts";
import { equivalentCommand } from "./show/equivalent-command.ts";
import { interruptedAtQuestion, stoppable, untilOver } from "./stoppable.ts";

/** What one command and its flow exchange. */
export interface FlowTypes {
  /** Of these a run goes by the ones named here, as far as the command has them. */
  answers: {
    readonly yes?: boolean;
    readonly verbose?: boolean;
    readonly quiet?: boolean;
    readonly exitCode?: boolean;
  };
  input: unknown;
  ports: unknown;
  plan: Plan;
  result: object;
  /** What was seen when a person agreed to the plan at the last question: the flow may go on from there. */
  foreseen: { readonly plan: Plan };
}

/** A flow of the core. */
type Flow<Types extends FlowTypes> = (
  input: Types["input"],
  ports: Types["ports"],
  conversation: Conversation<Types["plan"], Types["result"]> & {
    readonly foreseen?: Types["foreseen"] | undefined;
  },
  signal: AbortSignal,
) => Promise<Outcome<Types["plan"], Types["result"]>>;

/** A command that lets a flow of the core work: all that it brings. What is heavy is loaded when it is needed. */
export interface FlowCommand<Types extends FlowTypes>
  extends Checks<Types["answers"]>, Pick<CommandDefinition, "description" | "examples"> {
  readonly name: string;
  /** Whether it never writes: it may then be stopped anywhere. */
  readonly looksOnly?: boolean;
  /**
   * Reads what the answers point at, before anything is asked.
   * @returns what the flow is asked for, by the answers that there are at the end
   */
  input(
    answers: Types["answers"],
    context: CommandContext,
  ): Promise<(answers: Types["answers"]) => Types["input"]>;
  ports(open: Connections, answers: Types["answers"]): Promise<Types["ports"]>;
  flow(): Promise<Flow<Types>>;
  text(): Promise<FlowText<Types["answers"], Types["plan"], Types["result"]>>;
  /** What a person at a terminal is asked. */
  questions?(): Promise<Questionnaire<Types>>;
}

/** Carries a command out: checks, asks for what was not given, connects, lets the flow run, and shows how it ended. */
export async function runFlow<Types extends FlowTypes>(
  command: FlowCommand<Types>,
  context: CommandContext,
): Promise<ExitCode> {
  const given = readAnswers(command.options, context.given);
  check(command, given, context.given, context.terminal.interactive);
  const inputOf = await command.input(given, context);
  return await untilOver(context, async (bounded) => {
    const asked = await ask(command, inputOf, bounded);
    const answers = readAnswers(command.options, asked.given);
    const job = { ...asked, answers, input: inputOf(answers) };
    const outcome = await orStopped<Outcome<Types["plan"], Types["result"]>, Types["result"]>((leave) =>
      command.looksOnly
        ? run(command, job, bounded, { approve: async () => false })
        : runStoppably(command, job, bounded, leave),
    );
    const answer = answerOf(command.name, await command.text(), outcome, {
      answers,
      shell: { ...bounded, given: asked.given },
      asked: [...asked.given.values()].some(({ source }) => source === "answer"),
      now: new Date(),
      width: bounded.terminal.stdout.width,
    });
    bounded.view.answer(answer);
    return answer.exitCode;
  });
}

/** What there is once a person was asked, or nobody could be. */
interface Asked<Types extends FlowTypes> {
  readonly connections: Connections;
  /** Hears the run. */
  readonly report: Report;
  /** What was given and answered. */
  readonly given: GivenOptions;
  readonly foreseen: Types["foreseen"] | undefined;
}

/** Connects, and asks where somebody is there to be asked; what asks is loaded only then. */
async function ask<Types extends FlowTypes>(
  command: FlowCommand<Types>,
  inputOf: (answers: Types["answers"]) => Types["input"],
  context: CommandContext,
): Promise<Asked<Types>> {
  const { terminal, view, connect, signal, given } = context;
  if (!terminal.interactive || !command.questions) {
    return { connections: connect(view.report, signal), report: view.report, given, foreseen: undefined };
  }
  const [questionnaire, { Interview }] = await Promise.all([
    command.questions(),
    import("./ask/interview.ts"),
  ]);
  const interview = new Interview(questionnaire, (texts) => readAnswers(command.options, texts), context);
  const { report } = interview;
  const connections = connect(report, signal);
  try {
    const foreseen = await interview.hold({
      connections,
      inputOf,
      portsOf: (answers) => command.ports(connections, answers),
    });
    return { connections, report, given: interview.given, foreseen };
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    const again = sameCommand(command, { ...context, given: interview.given }, { asking: true });
    throw interruptedAtQuestion(error, again);
  }
}

/** A run of which everything is known. */
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
          // Agreed to as it stands; another run may have changed what there is to do.
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

/** Lets the flow run, which is loaded while what it needs is opened. */
async function run<Types extends FlowTypes>(
  command: FlowCommand<Types>,
  { connections, answers, input, report, foreseen }: Job<Types>,
  { signal }: CommandContext,
  conversation: Omit<Conversation<Types["plan"], Types["result"]>, "report">,
): Promise<Outcome<Types["plan"], Types["result"]>> {
  const [ports, flow] = await Promise.all([command.ports(connections, answers), command.flow()]);
  return await flow(input, ports, { ...conversation, report, foreseen }, signal);
}

/** The command line that does the same without a question, or asks for what is not said. */
function sameCommand(
  { name, options }: Pick<FlowCommand<FlowTypes>, "name" | "options">,
  shell: Pick<CommandContext, "program" | "given" | "environment">,
  how: { readonly asking: boolean },
): string {
  return equivalentCommand(shell, name, options, how);
}
