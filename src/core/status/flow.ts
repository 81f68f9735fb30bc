import { requireClusters } from "../cluster/view.ts";
import type { Finished } from "../ending.ts";
import type { Report } from "../progress.ts";
import type { StatusInput, StatusPorts, StatusResult } from "./contract.ts";
import { finished } from "./decide.ts";
import { lookAround } from "./look.ts";

/**
 * Shows the state of every managed entry of the chosen clusters, the work that a later run has to finish, and the
 * keys that nothing holds any longer. Changes nothing.
 * @throws ActionableError if there is nothing to show
 */
export async function status(
  input: StatusInput,
  ports: StatusPorts,
  { report }: { readonly report: Report },
  signal: AbortSignal,
): Promise<Finished<StatusResult>> {
  requireClusters(ports.clusters);
  report({ kind: "started", id: "status", text: "Looking at the clusters' secrets and the directory" });
  const look = await lookAround(input, ports, signal);
  report({ kind: "ended", id: "status" });
  return finished(look, input, ports);
}
