import { describe, expect, it } from "vitest";
import type { ProcessIdentity } from "../../../src/core/ports.ts";
import { isLive } from "../../../src/core/turn/live-mark.ts";
import type { MarkHolder } from "../../../src/domain/ownership.ts";

const now = new Date("2031-02-03T04:05:06Z");
/** The processes that exist, by number, and when each started. */
const processes = new Map([
  [7, "700"],
  [8, "800"],
]);

const here: ProcessIdentity = {
  host: "node-1",
  boot: "boot-1",
  pidNamespace: "pid:[1]",
  pid: 7,
  start: "700",
  isAlive: (pid, start) => processes.has(pid) && (start === undefined || processes.get(pid) === start),
};

/** Whether a recent mark is live. Its holder is like this process except for these fields. */
function live(other: Partial<MarkHolder>, process = here, secondsAgo = 5): boolean {
  const { host, boot, pid } = here;
  const holder = { host, boot, pidNamespace: "pid:[1]", pid, start: "700", ...other };
  const renewedAt = new Date(now.getTime() - secondsAgo * 1_000).toISOString();
  return isLive({ operation: "o", holder, renewedAt }, now, process);
}

describe("a mark of a moment ago", () => {
  it.each<[string, Partial<MarkHolder>, boolean]>([
    ["of this process itself", {}, false],
    ["of an earlier process with this one's number", { start: "600" }, false],
    ["of a neighbour that is there", { pid: 8, start: "800" }, true],
    ["of a neighbour that is gone", { pid: 9, start: "900" }, false],
    ["of a neighbour that is gone, whose number another has by now", { pid: 8, start: "750" }, false],
    ["of another container with this one's number", { pidNamespace: "pid:[2]" }, true],
    ["of another container with a number that is not there", { pidNamespace: "pid:[2]", pid: 9 }, true],
    ["of another machine with a number that is not there", { host: "node-2", pid: 9 }, true],
    ["of the machine before it started anew", { boot: "boot-0", pid: 9 }, true],
  ])("%s: %j is live: %s", (_what, holder, expected) => {
    expect(live(holder)).toBe(expected);
  });

  it("of an older version is believed to be gone only where numbers are counted once", () => {
    const { host, boot } = here;
    const mark = { operation: "o", holder: { host, boot, pid: 9 }, renewedAt: now.toISOString() };
    expect(isLive(mark, now, here)).toBe(true);
    expect(isLive(mark, now, { ...here, pidNamespace: undefined })).toBe(false);
  });

  it("is not live any more when it was not renewed for a minute, whoever holds it", () => {
    expect(live({ host: "node-2" }, here, 59)).toBe(true);
    expect(live({ host: "node-2" }, here, 61)).toBe(false);
  });
});
