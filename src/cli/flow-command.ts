import type { Conversation, Outcome } from "../core/ending.ts";
import type { AnswerSheet } from "./ask/answer-sheet.ts";
import type { Prompter } from "./ask/prompter.ts";
import type { CommandContext, CommandDefinition } from "./command.ts";
import type { Connections } from "./connections.ts";
import type { Checks } from "./options/answers.ts";
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
  /** Asks a person at a terminal for what was not given. */
  questions?(): Promise<Questions<Types>>;
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

/** What the questions of a command work with. */
export interface Talk<Types extends FlowTypes> {
  readonly sheet: AnswerSheet<Types["answers"]>;
  readonly prompter: Prompter;
  readonly connections: Connections;
  readonly context: Pick<CommandContext, "terminal" | "view" | "signal">;
  /** Says what the command is about, one sentence on each line; nothing with `--quiet`. */
  readonly open: (sentences: readonly string[]) => void;
  /** Shows what is waited for. */
  readonly wait: <T>(text: string, awaited: Promise<T>) => Promise<T>;
  readonly inputOf: (answers: Types["answers"]) => Types["input"];
  readonly portsOf: (answers: Types["answers"]) => Promise<Types["ports"]>;
}

/**
 * Asks for what was not given, and writes it on the sheet.
 * @returns the plan that the person agreed to; undefined if none was shown
 */
export type Questions<Types extends FlowTypes> = (
  talk: Talk<Types>,
) => Promise<Types["foreseen"] | undefined>;
