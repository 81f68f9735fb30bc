import { dirname } from "node:path";
import { Readable, Writable } from "node:stream";
import { exitCode } from "../../domain/exit-code.ts";
import { readNamedFile, whyFileFailed } from "../../domain/named-file.ts";
import { UsageError } from "../options/answers.ts";
import { defineCommand, type CommandContext } from "../command.ts";
import { exitCodeOf, watchSignals, type Interruption } from "../interruption.ts";
import { duration, oneLineText, port } from "../options/option-values.ts";
import { oneOf, switchOption, valueOption, type AnswersOf } from "../options/option.ts";
import { outputOptions } from "../options/output-options.ts";
import { rehearsalVariable } from "../options/rehearsal-options.ts";
import type { Streams } from "../show/terminal.ts";

/** What can serve images. */
const registryServers = ["builtin", "docker-registry"] as const;

/** Options of `sandbox`. */
export const sandboxOptions = {
  port: valueOption({
    flag: "--port <number>",
    summary: "port for Azure (default: a free one)",
    group: "Rehearsal",
    common: true,
    parse: port,
  }),
  latency: valueOption({
    flag: "--latency <duration>",
    summary: "delay of every answer from Azure, such as 50ms",
    group: "Rehearsal",
    common: true,
    parse: duration,
  }),
  replicationLag: valueOption({
    flag: "--replication-lag <duration>",
    summary: "how long Azure takes to show a write everywhere, such as 5s",
    group: "Rehearsal",
    common: true,
    parse: duration,
  }),
  faults: valueOption({
    flag: "--faults <file>",
    summary: "JSON list of the requests that fail",
    group: "Rehearsal",
    common: true,
    parse: oneLineText,
  }),
  world: valueOption({
    flag: "--world <file>",
    summary: "JSON object of users and their rights, registries and namespaces",
    group: "Rehearsal",
    common: true,
    parse: oneLineText,
  }),
  registryServer: valueOption({
    flag: `--registry-server <${registryServers.join("|")}>`,
    summary: "what serves images: the sandbox itself, or Debian's docker-registry behind it",
    group: "Rehearsal",
    common: true,
    parse: oneOf(...registryServers),
  }),
  afterSetup: switchOption({
    flag: "--after-setup",
    summary: "begin after setup: awesomeapps and default pull from myregistry",
    group: "Rehearsal",
    common: true,
  }),
  ...outputOptions,
};

/** What `--after-setup` runs first. */
const firstSetup = ["--registry", "myregistry", "--context", "sandbox", "-n", "awesomeapps", "-n", "default"];

/** The rehearsal: a made-up Azure and two clusters on this machine. */
export const sandboxCommand = defineCommand({
  description: [
    "Starts a made-up Azure with two registries (myregistry, abacregistry) and two clusters (contexts sandbox and",
    "sandbox-staging), in memory, on ports of this machine. With a command, it runs that command there and ends",
    "with its exit code. Without one, it prints what to export, and serves until you stop it.",
  ].join(" "),
  options: sandboxOptions,
  examples: [
    ["sandbox -- acr-pull setup --registry myregistry -n awesomeapps --yes", "the whole job, once"],
    ["sandbox -- sh", "a shell to look around in"],
    ["sandbox --replication-lag 5s -- sh", "the same with the delays of a real directory"],
  ],
  handlesSignals: true,
  run: runSandbox,
});

/** Whether only a command of ours runs. The sandbox then ends with it, and must not be mistaken for the real thing. */
function isRehearsal([command]: readonly string[]): boolean {
  return command === "acr-pull";
}

const rehearsalBegins = "A rehearsal: this Azure and its clusters are made up, in memory.";
const rehearsalEnds = "End of the rehearsal: nothing real was made or changed.";

/** Says something in addition to what a command says, as a shell comment. */
async function remark(
  { terminal: { stderr } }: Pick<CommandContext, "terminal">,
  text: string,
): Promise<void> {
  const { wrapped } = await import("../show/text-width.ts");
  for (const line of wrapped(text, stderr.width - 2)) stderr.line(`# ${line}`);
}

/** Tells a person at the terminal where they are. */
async function welcome(
  { world }: Awaited<ReturnType<typeof start>>,
  { terminal: { stderr } }: CommandContext,
): Promise<void> {
  const { banner } = await import("../../sandbox/banner.ts");
  const { wrapped } = await import("../show/text-width.ts");
  // Indented lines are columns.
  const fitting = (text: string) => (text.startsWith(" ") ? [text] : wrapped(text, stderr.width));
  for (const line of banner(world).flatMap(fitting)) stderr.line(line);
}

async function runSandbox(
  answers: AnswersOf<typeof sandboxOptions>,
  context: CommandContext,
): Promise<number> {
  // From the first moment, so that whatever ends the run also removes the sandbox's files.
  const interruption = watchSignals(context.process);
  const isQuiet = answers.quiet || context.operands.includes(outputOptions.quiet.long);
  const isTold = isRehearsal(context.operands) && !isQuiet;
  try {
    if (isTold) await remark(context, rehearsalBegins);
    const sandbox = await start(answers, interruption.signal);
    try {
      interruption.signal.throwIfAborted();
      const run = await runnerInside(sandbox, context.process);
      if (answers.afterSetup) await setUp(run, context);
      interruption.signal.throwIfAborted();
      const [command, ...rest] = context.operands;
      if (command === undefined) return await serve(sandbox.environment, interruption, context);
      // A rehearsed command of acr-pull speaks for itself.
      if (context.terminal.interactive && !answers.quiet && command !== "acr-pull") {
        await welcome(sandbox, context);
      }
      interruption.close();
      return await run([command, ...rest], context.process);
    } finally {
      const closing = watchSignals(context.process);
      await sandbox.close().finally(closing.close);
      if (isTold) await remark(context, rehearsalEnds);
    }
  } finally {
    interruption.close();
  }
}

/** @throws UsageError `sandbox.bad-options`, `sandbox.port-in-use`, `sandbox.registry-server` */
async function start(answers: AnswersOf<typeof sandboxOptions>, signal: AbortSignal) {
  const { startSandbox } = await import("../../sandbox/sandbox.ts");
  const { port, latency, replicationLag, registryServer, world } = answers;
  const faults = await jsonFile("--faults", answers.faults, signal);
  const given = { port, latency, replicationLag, registryServer, faults };
  const flags = Object.entries(given).filter(([, value]) => value !== undefined);
  // `startSandbox` checks what the files hold.
  const options = {
    ...(await worldFile(world, signal)),
    ...Object.fromEntries(flags),
  };
  try {
    return await startSandbox(options);
  } catch (error) {
    throw startFailure(error, answers);
  }
}

/** What a user can do about a sandbox that did not start. Any other error is a bug. */
function startFailure(error: unknown, { port, registryServer }: AnswersOf<typeof sandboxOptions>): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "SandboxOptionsError") return new UsageError(error.message, "sandbox.bad-options");
  const { code, syscall, path = "" } = error as NodeJS.ErrnoException;
  if (syscall === "mkdtemp") {
    return new UsageError(
      `No folder can be made in ${dirname(path)}, the folder for temporary files (${code}).`,
      "sandbox.temporary-folder",
      "Set TMPDIR to a folder that you may write to, such as TMPDIR=/tmp.",
    );
  }
  if (code === "EADDRINUSE" || code === "EACCES") {
    const message = `Port ${port} is not available (${code}).`;
    return new UsageError(
      message,
      "sandbox.port-in-use",
      "Choose another --port, or leave it out for a free one.",
    );
  }
  if (registryServer !== "docker-registry") return error;
  return new UsageError(
    `The registry server did not start: ${error.message}.`,
    "sandbox.registry-server",
    "Install it (on Debian: apt-get install docker-registry), or leave out --registry-server.",
  );
}

async function jsonFile(flag: string, path: string | undefined, signal: AbortSignal): Promise<unknown> {
  if (path === undefined) return undefined;
  try {
    return JSON.parse((await readNamedFile(path, { pipe: true, signal })).toString("utf8"));
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof SyntaxError ? "it is not JSON" : whyFileFailed(error);
    throw new UsageError(`${flag} ${path} cannot be read: ${reason}.`, "sandbox.bad-options");
  }
}

/** The file must hold an object: a list or a text would be spread into options of its own. */
async function worldFile(path: string | undefined, signal: AbortSignal): Promise<object | undefined> {
  const content = await jsonFile("--world", path, signal);
  if (content === undefined || (typeof content === "object" && content !== null && !Array.isArray(content))) {
    return content;
  }
  throw new UsageError(`--world ${path} does not hold a JSON object.`, "sandbox.bad-options");
}

/** Runs a command inside, with its streams joined to these, and returns its exit code. */
type RunInside = (command: readonly [string, ...string[]], streams: Streams) => Promise<number>;

async function runnerInside(
  sandbox: Awaited<ReturnType<typeof start>>,
  process: CommandContext["process"],
): Promise<RunInside> {
  const { environmentInside } = await import("../../sandbox/environment.ts");
  const { writeProgramWrappers } = await import("../../sandbox/program-wrappers.ts");
  const { runCommand } = await import("../../sandbox/run-command.ts");
  const program = { node: process.execPath, script: process.argv[1] ?? "" };
  const bin = await writeProgramWrappers(sandbox.folder, program);
  const environment = environmentInside(process.env, sandbox.environment, bin);
  return (command, { stdin, stdout, stderr }) => {
    const own = { ...environment, [rehearsalVariable]: String(isRehearsal(command)) };
    return runCommand(command, { environment: own, streams: { stdin, stdout, stderr }, signals: process });
  };
}

/**
 * Runs the program itself to make something to work on: nothing made up could be as true.
 * @throws UsageError `sandbox.bad-options` if it fails in the world that was asked for
 */
async function setUp(run: RunInside, { terminal }: CommandContext): Promise<void> {
  const command = ["acr-pull", "setup", ...firstSetup] as const;
  let said = "";
  const heard = new Writable({
    write(chunk: Buffer, _encoding, done) {
      said += chunk.toString("utf8");
      done();
    },
  });
  const code = await run([...command, "--yes", "--no-input"], {
    stdin: Readable.from([]),
    stdout: heard,
    stderr: heard,
  });
  if (code !== 0) {
    throw new UsageError(
      `--after-setup: setup ended with ${code} in this world: ${said}`,
      "sandbox.bad-options",
    );
  }
  await remark({ terminal }, `In the sandbox, after: ${command.join(" ")}`);
}

async function serve(
  variables: Readonly<Record<string, string>>,
  { signal }: Interruption,
  { process, terminal, view }: CommandContext,
): Promise<number> {
  const { shellLines } = await import("../../sandbox/environment.ts");
  const lines = shellLines(process.env, variables);
  view.answer({
    command: "sandbox",
    exitCode: exitCode.ok,
    document: { environment: variables },
    lines: () => lines,
  });
  await remark({ terminal }, "Paste these lines into another shell. Ctrl-C ends the sandbox.");
  return await exitCodeOf(signal);
}
