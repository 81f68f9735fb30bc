import { homedir } from "node:os";
import { join } from "node:path";
import type { Variables } from "../domain/proxy.ts";

/**
 * The user's own folder for files that only save time. It may not exist yet. Never one under /tmp, where anybody
 * could plant something.
 * Source: https://specifications.freedesktop.org/basedir-spec/latest/ and its counterparts elsewhere.
 */
export function cacheFolder(environment: Variables, platform: NodeJS.Platform): string {
  const { XDG_CACHE_HOME: chosen, LOCALAPPDATA: local } = environment;
  if (chosen) return join(chosen, "acr-pull");
  if (platform === "win32" && local) return join(local, "acr-pull");
  const caches = platform === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
  return join(caches, "acr-pull");
}
