import type { Sandbox } from "../src/sandbox/sandbox.ts";
import type { Run, RunOptions } from "./program.ts";

/** One of the program's requests, as the sandbox shows it. */
type SeenRequest = Parameters<Parameters<Sandbox["observe"]>[0]>[1];

/**
 * Runs a command, and tells it to stop while one of its writes is on its way. The write is done, and its answer comes
 * when the command has said that it stops.
 * @param at the first request for which this is true is the write
 */
export async function stopped(
  sandbox: Sandbox,
  signal: NodeJS.Signals,
  at: (request: SeenRequest) => boolean,
  run: (sandbox: Sandbox, args: readonly string[], options: RunOptions) => Promise<Run>,
  args: readonly string[] = [],
): Promise<Run> {
  let kill: (signal: NodeJS.Signals) => void = () => {};
  let stopping: () => void = () => {};
  const said = new Promise<void>((resolve) => (stopping = resolve));
  let isMet = false;
  sandbox.observe(async (phase, request) => {
    if (phase !== "committed" || isMet || !at(request)) return;
    isMet = true;
    kill(signal);
    await said;
  });
  return await run(sandbox, args, {
    started: (send) => (kill = send),
    told: (text) => {
      if (text.includes("stopping as soon as it is safe")) stopping();
    },
  });
}
