import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { exitCodeOf, InterruptedError, watchSignals, type SignalSource } from "../../src/cli/interruption.ts";

class FakeProcess extends EventEmitter implements SignalSource {
  readonly pid = 4711;
  readonly killed: Array<readonly [number, NodeJS.Signals]> = [];

  kill(pid: number, signal: NodeJS.Signals): void {
    this.killed.push([pid, signal]);
  }
}

describe("signals", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 143],
  ] as const)("%s asks the run to stop, to exit with %i", (name, code) => {
    const source = new FakeProcess();
    const { signal } = watchSignals(source);
    source.emit(name, name);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(InterruptedError);
    expect(signal.reason).toMatchObject({ exitCode: code, retryable: true });
    expect(source.killed).toEqual([]);
  });

  it("that come twice end the process as they would have by themselves", () => {
    const source = new FakeProcess();
    const killedAtEnd: unknown[] = [];
    watchSignals(source, () => killedAtEnd.push([...source.killed]));
    source.emit("SIGINT", "SIGINT");
    expect(killedAtEnd).toEqual([]);
    source.emit("SIGTERM", "SIGTERM");
    expect(killedAtEnd).toEqual([[]]);
    expect(source.killed).toEqual([[4711, "SIGTERM"]]);
    // No listener is left, so the raised signal is not caught again.
    expect(source.eventNames()).toEqual([]);
  });

  it("are left alone when the run is over", () => {
    const source = new FakeProcess();
    watchSignals(source).close();
    expect(source.eventNames()).toEqual([]);
  });

  it("tell apart what was not done and how to go on", () => {
    const error = new InterruptedError(143, ["not done: Granting AcrPull"], "To go on: again");
    expect(error.message).toBe("Stopped before the end.\nnot done: Granting AcrPull");
    expect(error.hint).toBe("To go on: again");
  });

  it("can be waited for", async () => {
    const source = new FakeProcess();
    const { signal } = watchSignals(source);
    const code = exitCodeOf(signal);
    source.emit("SIGTERM", "SIGTERM");
    expect(await code).toBe(143);
    expect(await exitCodeOf(signal)).toBe(143);
  });
});
