import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundle } from "../bundle.ts";
import { lacks } from "./peer.ts";
import { startServer, until } from "./server-process.ts";

describe.skipIf(lacks("setpriv"))("a server that a test starts (needs setpriv)", () => {
  it("ends when the process that started it is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "acr-pull-server-"));
    const module = await bundle(new URL("./server-process.ts", import.meta.url), folder);
    const log = join(folder, "log");
    const script = `
      import { readFileSync } from "node:fs";
      import { startServer } from ${JSON.stringify(module)};
      startServer(["sh", "-c", "echo $$ && exec sleep 600"], ${JSON.stringify(log)});
      setInterval(() => {
        const pid = readFileSync(${JSON.stringify(log)}, "utf8");
        if (pid !== "") console.log(pid);
      }, 20);`;
    const starter = spawn(process.execPath, ["--input-type=module", "-e", script]);
    const [said] = (await once(starter.stdout, "data")) as [Buffer];
    const pid = Number.parseInt(said.toString(), 10);
    expect(runs(pid)).toBe(true);
    starter.kill("SIGKILL");
    await until("the server is gone", async () => !runs(pid));
    await rm(folder, { recursive: true });
  });

  it("that ends by itself is reported with its last words", async () => {
    const folder = await mkdtemp(join(tmpdir(), "acr-pull-server-"));
    const server = startServer(["sh", "-c", "echo no such luck >&2; exit 3"], join(folder, "log"));
    await expect(until("ready", async () => false, [server])).rejects.toThrow(
      /sh ended \(3\):\nno such luck/,
    );
    await rm(folder, { recursive: true });
  });
});

/** Whether a process runs. A zombie still has a process id, but no command line. */
function runs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
  } catch {
    return false;
  }
}
