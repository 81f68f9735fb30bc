import type { Conversation, Outcome } from "../core/ending.ts";
import type { Report } from "../core/progress.ts";
import type { ActionableError } from "../domain/errors.ts";
import type { Prompter } from "./ask/prompter.ts";
import type { OptionMore, Question } from "./ask/question.ts";
import type { CommandContext, CommandDefinition } from "./command.ts";
import type { Connections } from "./connections.ts";
import type { GivenOptions } from "./options/answers.ts";
import type { Checks } from "./options/check.ts";
import type { FlowText, Plan } from "./show/answer.ts";

/** What one command and its flow exchange. */
export interface FlowTypes {
  /** Every run respects the answers named here, if the command has them. */
  answers: {
    readonly yes?: boolean;
    readonly verbose?: boolean;
    readonly quiet?: boolean;
    readonly exitCode?: boolean;
    readonly kubeconfig?: string | undefined;
  };
  input: unknown;
  ports: unknown;
  plan: Plan;
  result: object;
  /** What a person saw when agreeing to the plan at the last question; the flow may start from there. */
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

/** Everything that a command needs to run a flow of the core. Its heavy parts are loaded when they are needed. */
export interface FlowCommand<Types extends FlowTypes>
  extends Checks<Types["answers"]>, Pick<CommandDefinition, "description" | "examples"> {
  readonly name: string;
  /** Whether it never writes, so that it may stop at any point. */
  readonly looksOnly?: boolean;
  /**
   * Reads the files that the answers name, before any question.
   * @returns a function that makes the flow's input from the final answers
   */
  input(
    answers: Types["answers"],
    context: CommandContext,
  ): Promise<(answers: Types["answers"]) => Types["input"]>;
  ports(open: Connections, answers: Types["answers"]): Promise<Types["ports"]>;
  flow(answers: Types["answers"]): Promise<Flow<Types>>;
  text(): Promise<FlowText<Types["answers"], Types["plan"], Types["result"]>>;
  /** What a person at a terminal is asked. */
  questions?(): Promise<Questionnaire<Types>>;
}

/** Defines a command that runs a flow of the core. The code that runs the flow is loaded only then. */
export function flowCommand<Types extends FlowTypes>(command: FlowCommand<Types>): CommandDefinition {
  const { description, examples, options } = command;
  return {
    description,
    examples,
    options,
    run: async (context) => (await import("./run-flow.ts")).runFlow(command, context),
  };
}

/** A way to continue after a failure. */
export interface Remedy {
  /** What a person agrees to with it. */
  readonly label: string;
  readonly more: Omit<OptionMore, "kind">;
}

/** What the questions are built from. */
export interface QuestionParts<Types extends FlowTypes> {
  readonly connections: Connections;
  readonly prompter: Prompter;
  readonly context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">;
  readonly report: Report;
  readonly inputOf: (answers: Types["answers"]) => Types["input"];
  readonly portsOf: (answers: Types["answers"]) => Promise<Types["ports"]>;
}

/** What a person is asked for one command. */
export interface Questionnaire<Types extends FlowTypes> {
  /** What the command is about, one sentence on each line, shown before the first question. */
  opening(given: Types["answers"]): readonly string[];
  /** What to ask when these answers were given; undefined if there is nothing to ask. */
  questions(given: Types["answers"]): ((parts: QuestionParts<Types>) => Asking<Types>) | undefined;
  /** Options that would fix a failure, the likeliest first. They apply to what failed, and to nothing else. */
  remedies?(error: ActionableError, given: GivenOptions): readonly Remedy[];
}

/** Questions in their order. */
interface Asking<Types extends FlowTypes> {
  readonly questions: ReadonlyArray<Question<Types["answers"]>>;
  /** The last question: it shows the plan and asks for a yes. */
  readonly review?: Question<Types["answers"], Types["foreseen"] | undefined>;
}
