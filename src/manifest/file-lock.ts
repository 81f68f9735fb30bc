import { randomUUID } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const pauseMs = 20;
/** A run holds a lock only to read and write a few files, in far less time. An older lock was left by a crash. */
const longestHeldMs = 5_000;

/**
 * Does some work while no other run holds the same lock file. Removes a lock that a crash left.
 * @throws Node's Error if the file cannot be created
 */
export async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  await take(lock);
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<void> {
  let seen: string | undefined;
  let waitedMs = 0;
  for (;;) {
    try {
      return await (await open(lock, "wx", 0o600)).close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    // The waits are counted, because the file's own time may come from the clock of a file server.
    const now = await identityOf(lock);
    waitedMs = now === seen ? waitedMs + pauseMs : 0;
    seen = now;
    if (waitedMs >= longestHeldMs) await takeAway(lock);
    else await pause(pauseMs);
  }
}

async function identityOf(lock: string): Promise<string> {
  return await stat(lock, { bigint: true }).then(
    ({ ino, mtimeNs }) => `${ino} ${mtimeNs}`,
    () => "",
  );
}

/** Removes the lock. If several runs wait, only one of them does it. */
async function takeAway(lock: string): Promise<void> {
  const old = `${lock}.${randomUUID()}`;
  await rename(lock, old).catch(() => {});
  await rm(old, { force: true });
}
