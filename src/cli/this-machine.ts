import { setTimeout as sleep } from "node:timers/promises";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import type { Clock, ProcessIdentity } from "../core/ports.ts";

/** Node's timers fire at once for a longer wait: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const longestTimerMs = 2 ** 31 - 1;

/** This machine's time. */
export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(milliseconds, signal) {
    let left = milliseconds;
    do {
      await sleep(Math.min(left, longestTimerMs), undefined, { signal });
      left -= longestTimerMs;
    } while (left > 0);
  },
};

/** Identifies a process, so that another run on this machine can see whether it still exists. */
export function processIdentity(pid: number): ProcessIdentity {
  return {
    host: hostname(),
    boot: bootId(),
    pidNamespace: pidNamespace(),
    pid,
    start: startOf(pid),
    isAlive,
  };
}

/**
 * Linux has an id for each boot. Elsewhere, the minute of the boot has to do.
 * Source: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html (random/boot_id is in random(4))
 */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return `up-since-${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}

/**
 * Linux numbers processes per namespace, and each container has its own. Elsewhere there is only one.
 * Source: https://man7.org/linux/man-pages/man7/namespaces.7.html (/proc/pid/ns/pid)
 */
function pidNamespace(): string | undefined {
  return linkOf("/proc/self/ns/pid");
}

/**
 * When a process started, in clock ticks since boot; undefined if that is unknown.
 * Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (22, starttime)
 */
function startOf(pid: number): string | undefined {
  // In the /proc of another namespace the same number means another process.
  if (linkOf("/proc/self") !== `${process.pid}`) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in brackets, which may itself hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Signal 0 only tests for the process; EPERM means that it exists and belongs to another user. */
function isAlive(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const startNow = startOf(pid);
  return start === undefined || startNow === undefined || start === startNow;
}
