import { connect, createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { HostProcess } from "../src/cli/command.ts";
import { inTurn, mainInProcess } from "./in-process.ts";

/** Runs a function instead of the program. */
function run(main: (host: HostProcess) => Promise<number>): Promise<number> {
  const parts = { env: {}, input: "", stdout: () => {}, stderr: () => {}, hurried: false, partingMs: 50 };
  return inTurn(() => mainInProcess([], parts, main));
}

describe("a run in the tests' process", () => {
  it("ends with its code, whatever it had open meanwhile", async () => {
    const code = run(async () => {
      clearTimeout(setTimeout(() => {}, 60_000));
      setTimeout(() => {}, 60_000).unref();
      await new Promise((resolve) => setTimeout(resolve, 1));
      return 5;
    });
    expect(await code).toBe(5);
  });

  it("fails for a timer that would keep a process of its own alive", async () => {
    let timer: NodeJS.Timeout | undefined;
    const ended = run(async () => {
      timer = setTimeout(() => {}, 60_000);
      return Promise.resolve(0);
    });
    await expect(ended).rejects.toThrow("the process would not end, because of Error: Timeout");
    clearTimeout(timer);
  });

  it("fails for a connection that would", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    let socket = connect(port);
    const ended = run(async () => {
      socket.destroy();
      socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      return 0;
    });
    await expect(ended).rejects.toThrow("the process would not end, because of Error: TCPWRAP");
    socket.destroy();
    server.close();
  });

  it.each([
    ["its own process", (host: HostProcess) => host.on("SIGTERM", () => {})],
    ["this one", () => process.on("SIGUSR2", () => {})],
  ])("fails for a listener that stays on %s", async (_what, listen) => {
    const ended = run((host) => {
      listen(host);
      return Promise.resolve(0);
    });
    await expect(ended).rejects.toThrow("the run still listens: SIG");
    process.removeAllListeners("SIGUSR2");
  });

  it("finds its own variables and no others, and leaves those that it found", async () => {
    const before = { ...process.env };
    await run(() => {
      expect(process.env).toEqual({});
      process.env["LEFT"] = "behind";
      return Promise.resolve(0);
    });
    expect(process.env).toEqual(before);
  });
});
