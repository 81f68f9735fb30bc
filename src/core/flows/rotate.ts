import type { Report } from "../progress.ts";
import type {
  RotatableKey,
  RotateConversation,
  RotateInput,
  RotateOutcome,
  RotatePorts,
} from "./rotate-contract.ts";

/**
 * Replaces the keys that a cluster's secrets hold, without one failed pull.
 * @throws ActionableError for whatever stops it before the first write; `busy` when the waiting time is over
 */
export async function rotate(
  input: RotateInput,
  ports: RotatePorts,
  conversation: RotateConversation,
  signal: AbortSignal,
): Promise<RotateOutcome> {
  signal.throwIfAborted();
  (void input, ports, conversation);
  throw new TypeError("not built yet");
}

/**
 * The keys that the chosen clusters' secrets hold, for a list to choose from; asks the clusters alone.
 * @throws ActionableError of the cluster that does not answer
 */
export async function listRotatableKeys(
  input: Pick<RotateInput, "concurrency" | "clusterId">,
  ports: Pick<RotatePorts, "clusters">,
  report: Report,
  signal: AbortSignal,
): Promise<readonly RotatableKey[]> {
  signal.throwIfAborted();
  (void input, ports, report);
  throw new TypeError("not built yet");
}
