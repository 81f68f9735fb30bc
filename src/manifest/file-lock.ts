import { randomUUID } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const pauseMs = 20;
/** Who holds a lock reads and writes a few files, which takes far less: what stands so long was left by a crash. */
const longestHeldMs = 5_000;

/**
 * Does some work while no other run does its own with the same lock file. One that a crash left is taken away.
 * @throws Error of Node if the file cannot be made
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
    // Its own age would be by the clock of a file server.
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

/** Of several that wait, one does. */
async function takeAway(lock: string): Promise<void> {
  const old = `${lock}.${randomUUID()}`;
  await rename(lock, old).catch(() => {});
  await rm(old, { force: true });
}
