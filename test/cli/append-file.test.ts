import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { append } from "../../src/cli/append-file.ts";

it.skipIf(process.platform === "win32")("does not take a part of a text for all of it", () => {
  const folder = mkdtempSync(join(tmpdir(), "acr-pull-append-"));
  const pipe = join(folder, "pipe");
  spawnSync("mkfifo", [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    append(pipe, "fits");
    expect(() => append(pipe, "x".repeat(1_000_000))).toThrow("EAGAIN");
  } finally {
    closeSync(reader);
    rmSync(folder, { recursive: true });
  }
});
