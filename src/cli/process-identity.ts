import type { ProcessIdentity } from "../core/ports.ts";
import { readFileSync } from "node:fs";
import { hostname, uptime } from "node:os";

/** Who this process is, so that another run on this machine can tell whether it is still there. */
export function processIdentity(pid: number): ProcessIdentity {
  return { host: hostname(), boot: bootId(), pid, isAlive };
}

/**
 * Linux gives every start of the machine an id of its own; elsewhere the minute it started in has to do.
 * Source: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html (random/boot_id is in random(4))
 */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return `up-since-${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}

/** Signal 0 reaches a process without doing anything; EPERM means that it is there and another user's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
