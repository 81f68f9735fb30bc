import { mkdir } from "node:fs/promises";
import module from "node:module";
import type { Variables } from "../domain/proxy.ts";
import { cacheFolder } from "./cache-folder.ts";

/**
 * Lets Node cache compiled code (22.1 and later), so that the next run starts sooner. The cache is in the user's own
 * folder: anybody could plant code in the predictable one under /tmp. Never fails: the cache only saves time.
 */
export async function enableCompileCache(environment: Variables, platform: NodeJS.Platform): Promise<void> {
  if (environment["NODE_COMPILE_CACHE"] || environment["NODE_DISABLE_COMPILE_CACHE"]) return;
  const enable = (module as { enableCompileCache?: (folder: string) => unknown }).enableCompileCache;
  if (enable === undefined) return;
  const folder = cacheFolder(environment, platform);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    enable(folder);
  } catch {
    // A read-only home folder is no reason to stop.
  }
}
