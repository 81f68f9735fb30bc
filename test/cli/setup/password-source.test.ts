import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { passwordFromFile, passwordFromStream } from "../../../src/cli/setup/files.ts";

const { signal } = new AbortController();
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-password-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("a known password", () => {
  it.each([
    ["pass8Q~word", "pass8Q~word"],
    ["pass8Q~word\n", "pass8Q~word"],
    ["pass8Q~word\r\n", "pass8Q~word"],
    [" spaces stay ", " spaces stay "],
  ])("%j is read as %j, from stdin and from a file", async (text, password) => {
    expect((await passwordFromStream(Readable.from([text]), signal)).reveal()).toBe(password);
    const path = join(folder, "password");
    await writeFile(path, text);
    expect((await passwordFromFile(path, signal)).reveal()).toBe(password);
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

  it("comes from a file that is there", async () => {
    await expect(passwordFromFile(join(folder, "none"), signal)).rejects.toMatchObject({
      code: "usage.password",
      message: expect.stringContaining("ENOENT") as string,
    });
  });
});
