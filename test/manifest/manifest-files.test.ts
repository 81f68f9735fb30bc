import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { manifestFiles } from "../../src/manifest/manifest-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-files-"));
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const put = (name: string, text: string) => writeFile(join(folder, name), text);

describe("the files of a folder, read again", () => {
  it("show what somebody replaced by as many bytes long after the others were written", async () => {
    for (const name of ["a.yaml", "b.yaml", "c.json"]) await put(name, "a: 1\n");
    const files = await manifestFiles(folder, () => {});
    vi.setSystemTime(Date.now() + 3_600_000);
    await files.read();
    await put("next", "a: 2\n");
    await rename(join(folder, "next"), join(folder, "b.yaml"));
    expect([...(await files.read()).values()]).toEqual(["a: 1\n", "a: 2\n", "a: 1\n"]);
  });

  it("show what somebody wrote within the same tick of the file system's clock", async () => {
    await put("a.yaml", "a: 1\n");
    const files = await manifestFiles(folder, () => {});
    await files.read();
    await put("a.yaml", "a: 2\n");
    expect([...(await files.read()).values()]).toEqual(["a: 2\n"]);
  });
});
