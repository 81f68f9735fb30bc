import type { Clock, Directory } from "./ports.ts";

/**
 * Azure's time, by which passwords begin and end. Not the cluster's, because whoever runs a cluster can set its
 * clock. If Azure was not asked, this machine's time.
 */
export function azureNow(
  directory: Pick<Directory, "serverTime"> | undefined,
  clock: Pick<Clock, "now">,
): Date {
  return directory?.serverTime() ?? clock.now();
}
