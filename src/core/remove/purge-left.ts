import { applicationUniqueName } from "../../domain/ownership.ts";
import type { Run } from "./carry-out.ts";
import type { Removal } from "./look.ts";
import { leftText } from "./remove-principals.ts";

/**
 * Deletes for good the application that a run before this one had deleted when it was cut off: its mark alone leads to
 * it, and it would keep its name for 30 days.
 */
export async function purgeLeft(
  { entries, facts, registry, seen }: Removal,
  { ports, report, records }: Pick<Run, "ports" | "report" | "records">,
  signal: AbortSignal,
): Promise<void> {
  const uniqueName = applicationUniqueName(registry.loginServer, seen.clusterId);
  const own = facts.find(({ application }) => application.uniqueName === uniqueName)?.application;
  const isDone = records.items.some(
    ({ kind, id, action }) => kind === "application" && id === own?.appId && action === "removed",
  );
  for (const id of entries.staleDeletions) {
    // Where another one bears the name now no deleted one does.
    if (own && (own.objectId !== id || isDone)) continue;
    const left = await ports.azure.directory.purgeApplication(id, uniqueName, signal);
    if (!left) continue;
    const name = `The application ${uniqueName}, which was deleted before,`;
    report({ kind: "note", level: "warning", text: leftText(name, left) });
  }
}
