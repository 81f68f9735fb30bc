import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { processIdentity } from "../../src/cli/process-identity.ts";

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
    expect(identity.isAlive(process.pid)).toBe(true);
    expect(identity.isAlive(pid)).toBe(false);
  });
});
