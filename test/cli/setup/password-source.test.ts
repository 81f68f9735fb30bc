import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { passwordFromStream } from "../../../src/cli/setup/files.ts";

const { signal } = new AbortController();

describe("a known password", () => {
  it.each([
    ["pass8Q~word", "pass8Q~word"],
    ["pass8Q~word\n", "pass8Q~word"],
    ["pass8Q~word\r\n", "pass8Q~word"],
    [" spaces stay ", " spaces stay "],
  ])("%j is read as %j", async (text, password) => {
    expect((await passwordFromStream(Readable.from([text]), signal)).reveal()).toBe(password);
  });

  it.each(["", "\n", "hunter2\nhunter3\n", "hunter2\n\n", "hunter\u00002", "xyz".repeat(2000)])(
    "is not %j",
    async (text) => {
      const error: unknown = await passwordFromStream(Readable.from([text]), signal).catch(
        (failure: unknown) => failure,
      );
      expect(error).toMatchObject({ code: "usage.password", exitCode: 2 });
      // Whatever it was, it may be a secret.
      expect((error as Error).message).not.toContain(text.trim() || "hunter");
    },
  );

  it("is not typed at a terminal, where it would show", async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    await expect(passwordFromStream(terminal, signal)).rejects.toThrow("stdin is a terminal");
  });

  it("is not waited for once the run is to stop", async () => {
    const controller = new AbortController();
    const waiting = passwordFromStream(new PassThrough(), controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  });
});
