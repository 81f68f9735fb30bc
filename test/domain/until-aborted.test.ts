import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { untilAborted } from "../../src/domain/until-aborted.ts";

describe("waiting until a signal is aborted", () => {
  it("ends as the promise does", async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve("done"), signal)).resolves.toBe("done");
    await expect(untilAborted(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
  });

  it("ends at once with the signal's reason", async () => {
    const controller = new AbortController();
    const waiting = untilAborted(new Promise(() => {}), controller.signal);
    controller.abort(new Error("over"));
    await expect(waiting).rejects.toThrow("over");
    await expect(untilAborted(new Promise(() => {}), controller.signal)).rejects.toThrow("over");
  });

  it("does not let a failure that comes afterwards end the process", async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown) => void unheard.push(error);
    process.on("unhandledRejection", hear);
    const late = nextTurn().then(() => Promise.reject(new Error("too late")));
    await expect(untilAborted(late, AbortSignal.abort(new Error("over")))).rejects.toThrow("over");
    await nextTurn();
    await nextTurn();
    process.off("unhandledRejection", hear);
    expect(unheard).toEqual([]);
  });
});
