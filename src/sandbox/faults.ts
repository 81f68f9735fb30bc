import { z } from "zod";
import { echoSchema } from "./echo.ts";
import { duration, explained, pattern } from "./option-schema.ts";

const fault = z
  .strictObject({
    match: pattern.describe("Regular expression on `METHOD /path?query`."),
    nth: z.int().min(1).default(1).describe("The first matching request that fails, counted from 1."),
    times: z.int().min(1).default(1).describe("How many requests fail."),
    status: z.int().min(200).max(599).optional().describe("Status of the answer."),
    echo: echoSchema.optional().describe("Repeats the request in the answer, including any secret in it."),
    code: z.string().min(1).optional().describe("Error code of the answer."),
    retryAfter: z.number().min(0).optional().describe("Seconds in the `Retry-After` header."),
    delay: duration.optional().describe("How long the answer takes, such as `2s`."),
    action: z
      .enum(["drop", "hang", "reset"])
      .optional()
      .describe("`drop`: no answer; `hang`: an answer that never comes; `reset`: the connection breaks."),
    after: z
      .enum(["receive", "commit"])
      .default("receive")
      .describe("`receive`: the request has no effect; `commit`: it takes effect, but the answer is lost."),
  })
  .refine((it) => (it.status ?? it.delay ?? it.action ?? it.echo) !== undefined, {
    error: "does nothing: give it a status, a delay, an action or an echo",
  })
  .refine((it) => it.action === undefined || it.status === undefined, {
    error: "cannot both answer with a status and end without an answer: choose status or action",
  })
  .refine((it) => it.status === undefined || it.status >= 400 || it.echo !== undefined, {
    error: "a status below 400 is not a fault, unless it comes with an echo",
    path: ["status"],
  })
  .refine((it) => it.action === undefined || it.echo === undefined, {
    error: "cannot both repeat the request and end without an answer: choose echo or action",
  })
  .refine((it) => it.status !== undefined || (it.code ?? it.retryAfter) === undefined, {
    error: "code and retryAfter belong to a status",
  });

/** The JSON of `--faults FILE`. `docs/faults.schema.json` is generated from it. */
export const faultList = z.array(fault);

/** One fault, as a user writes it. */
export type FaultOptions = z.input<typeof fault>;

/** One fault, validated: what goes wrong, when and how often. */
export type Fault = z.output<typeof fault>;

/**
 * Reads a list of faults.
 * @param origin where it comes from, such as a file name, for the message
 * @throws SandboxOptionsError that names each wrong field
 */
export function readFaults(value: unknown, origin: string): Fault[] {
  const result = faultList.safeParse(value);
  if (!result.success) throw explained(origin, result.error);
  return result.data;
}

/** Decides which requests fail. Each fault counts the requests that match it, even those that another one strikes. */
export class FaultInjector {
  #faults: Array<{ readonly fault: Fault; met: number }> = [];

  constructor(faults: readonly Fault[] = []) {
    this.set(faults);
  }

  /** Replaces all faults, and starts counting again. */
  set(faults: readonly Fault[]): void {
    this.#faults = faults.map((fault) => ({ fault, met: 0 }));
  }

  /**
   * The fault that strikes this request. If several would, the first in the list.
   * @param line `METHOD /path?query`
   */
  strike(line: string): Fault | undefined {
    let struck: Fault | undefined;
    for (const counted of this.#faults) {
      if (!counted.fault.match.test(line)) continue;
      counted.met += 1;
      const { nth, times } = counted.fault;
      if (counted.met >= nth && counted.met < nth + times) struck ??= counted.fault;
    }
    return struck;
  }
}
