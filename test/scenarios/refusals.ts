import { expect } from "vitest";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Run, RunOptions } from "../program.ts";
import { stateOf } from "./removal.ts";
import { countingWrites } from "./rotation.ts";

/** What one failure must be like. */
export interface Failure {
  readonly exit: 1 | 2 | 3 | 4;
  readonly code: string;
  /** Parts of the message: what happened, and why. */
  readonly says: ReadonlyArray<string | RegExp>;
  /** Parts of the hint: what to do. */
  readonly hint: ReadonlyArray<string | RegExp>;
  readonly retryable?: boolean;
  /** Whether a service refused, so the message must name the id of the request. */
  readonly requestId?: boolean;
}

/** A failure that leaves everything as it was, and how to cause it in a sandbox. */
export interface Refusal extends Failure {
  readonly what: string;
  /** Whether it is refused before any request. */
  readonly unasked?: boolean;
  /** Whether it shows only when the run tries. What the run made is then taken back. */
  readonly tried?: boolean;
  readonly args?: readonly string[];
  readonly input?: string;
  readonly env?: (sandbox: Sandbox) => RunOptions["env"] | Promise<RunOptions["env"]>;
  readonly faults?: readonly FaultOptions[];
  /** Changes the world. The returned function undoes that. */
  readonly arrange?: (sandbox: Sandbox) => (() => void) | void | Promise<(() => void) | void>;
}

/** A command as a test of refusals runs it. */
export type Refused = (args: readonly string[], options: RunOptions) => Promise<Run>;

/** Sets a property. The returned function sets it back. */
export function change<T extends object, K extends keyof T>(
  target: T,
  key: K,
  value: T[K] | undefined,
): () => void {
  const before = target[key];
  target[key] = value as T[K];
  return () => {
    target[key] = before;
  };
}

/** Checks that a failed run says what it must, in the document and on stderr. */
export function expectFailure(run: Run, command: string, expected: Failure): void {
  const { error, ...document } = run.json;
  const seen = JSON.stringify(error, undefined, 1);
  expect([run.code, error?.code], `${seen}\n${run.stderr}`).toEqual([expected.exit, expected.code]);
  expect(document).toMatchObject({ schemaVersion: 1, command, ok: false, exitCode: expected.exit });
  expect(error.retryable).toBe(expected.retryable ?? false);
  for (const part of expected.says) expect(error.message).toMatch(part);
  for (const part of expected.hint) expect(error.hint).toMatch(part);
  expect(run.stderr).toContain(`error[${expected.code}]: `);
  expect(run.stderr).toContain("  fix: ");
  expect(run.stderr).toMatch(expected.requestId ? / {2}request id: [\w-]{8,}/ : /./);
}

/**
 * Runs a command as a row says. It must be refused in one document, with what to do, and leave everything as it was.
 */
export async function expectRefusal(
  sandbox: Sandbox,
  command: string,
  row: Refusal,
  run: Refused,
): Promise<void> {
  const { args = [], input, env, faults = [], arrange, tried = false } = row;
  sandbox.setFaults(faults);
  const restore = (await arrange?.(sandbox)) ?? (() => undefined);
  try {
    const options = { env: (await env?.(sandbox)) ?? {}, ...(input !== undefined && { input }) };
    const found = stateOf(sandbox);
    const before = sandbox.requests.entries.length;
    const { result, writes } = await countingWrites(sandbox, () => run(args, options));
    expectFailure(result, command, tried ? { ...row, requestId: true } : row);
    expect(writes > 0, `${writes} requests that ask for a change`).toBe(tried);
    expect(stateOf(sandbox), "what is left").toEqual(found);
    const asked = sandbox.requests.entries.length - before;
    expect(asked === 0 || row.unasked !== true, `${asked} requests`).toBe(true);
  } finally {
    restore();
    sandbox.setFaults([]);
  }
}
