import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNamedFile, whyFileFailed, type FileBounds } from "../../src/domain/named-file.ts";

const { signal } = new AbortController();
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-named-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

function pipe(name: string): string {
  const path = join(folder, name);
  execFileSync("mkfifo", [path]);
  return path;
}

async function whyNot(path: string, bounds: Partial<FileBounds> = {}): Promise<string> {
  return readNamedFile(path, { signal, ...bounds }).then(() => "it was read", whyFileFailed);
}

describe("a file that somebody names", () => {
  it("is read to its end, and is as large as is allowed at most", async () => {
    const path = join(folder, "large");
    await writeFile(path, Buffer.alloc(200_000, "x"));
    expect(await readNamedFile(path, { signal })).toEqual(Buffer.alloc(200_000, "x"));
    expect(await readNamedFile(path, { signal, limitBytes: 200_000 })).toHaveLength(200_000);
    expect(await whyNot(path, { limitBytes: 4096 })).toBe("it is larger than 4 KiB");
    await writeFile(path, Buffer.alloc(1024 * 1024 + 1));
    expect(await whyNot(path)).toBe("it is larger than 1 MiB");
  });

  it("is read although the system says that it holds nothing", async () => {
    expect((await readNamedFile("/proc/self/status", { signal })).toString()).toContain("Name:");
  });

  it("is told of by the system's own word when it is not there", async () => {
    expect(await whyNot(join(folder, "none"))).toBe("ENOENT");
  });

  it("is no directory and no device", async () => {
    await mkdir(join(folder, "directory"));
    expect(await whyNot(join(folder, "directory"))).toBe("it is a directory");
    expect(await whyNot("/dev/zero")).toBe("it is a device");
    expect(await whyNot("/dev/zero", { pipe: true })).toBe("it is a device");
  });

  it("may be the device that holds nothing", async () => {
    expect(await readNamedFile("/dev/null", { signal })).toEqual(Buffer.alloc(0));
  });

  it("is a pipe only where that may be, and nobody waits for its writer", async () => {
    expect(await whyNot(pipe("unwanted"))).toBe("it is a pipe");
  });

  it("is read from a pipe to its end, whenever its writer comes", async () => {
    const path = pipe("written");
    const reading = readNamedFile(path, { signal, pipe: true });
    spawn("sh", ["-c", 'exec > "$0"; printf one; sleep 0.1; printf two', path]);
    expect((await reading).toString()).toBe("onetwo");
  });

  it("is no pipe that gives more than is allowed", async () => {
    const path = pipe("endless");
    const writer = spawn("sh", ["-c", 'exec yes > "$0"', path]);
    expect(await whyNot(path, { pipe: true })).toBe("it is larger than 1 MiB");
    writer.kill();
  });

  it("is not waited for once the run is to stop", async () => {
    const controller = new AbortController();
    const reason = new Error("over");
    const reading = readNamedFile(pipe("silent"), { signal: controller.signal, pipe: true });
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(readNamedFile("/dev/null", { signal: controller.signal })).rejects.toBe(reason);
  });
});
