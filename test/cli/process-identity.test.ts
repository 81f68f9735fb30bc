import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { processIdentity } from "../../src/cli/this-machine.ts";

describe("who this process is", () => {
  it("is the same each time it is asked", () => {
    expect({ ...processIdentity(1), isAlive: undefined }).toEqual({
      ...processIdentity(1),
      isAlive: undefined,
    });
    expect(processIdentity(1).boot).not.toBe("");
  });

  it("tells a living process from one that is gone", () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    const identity = processIdentity(process.pid);
    expect(identity.isAlive(process.pid, identity.start)).toBe(true);
    expect(identity.isAlive(process.pid, undefined)).toBe(true);
    expect(identity.isAlive(pid, undefined)).toBe(false);
  });

  it.runIf(process.platform === "linux")("tells a process from an earlier one with its number", () => {
    const identity = processIdentity(process.pid);
    expect(identity.start).toMatch(/^[0-9]+$/);
    expect(identity.isAlive(process.pid, `${Number(identity.start) - 1}`)).toBe(false);
  });

  it.runIf(process.platform === "linux")("says whose process numbers its own counts among", () => {
    expect(processIdentity(process.pid).pidNamespace).toMatch(/^pid:\[[0-9]+\]$/);
  });
});
