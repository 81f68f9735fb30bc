import { ActionableError, hasCode } from "../../domain/errors.ts";
import { requireClusters } from "../cluster/view.ts";
import { asForeseen } from "../identity/foreseen-refusal.ts";
import type { StatusConversation, StatusInput, StatusOutcome, StatusPorts } from "./contract.ts";
import { finished } from "./decide.ts";
import { lookAround, type Look } from "./look.ts";
import { findPrunable, prunePlan } from "./prune.ts";

/**
 * Shows the state of every managed entry of the chosen clusters, the work that a later run has to finish, and the
 * keys that nothing holds any longer. Changes nothing, except that it removes the one key that `prune` names.
 * @throws ActionableError if there is nothing to show, and for a key that may not be pruned
 */
export async function status(
  input: StatusInput,
  ports: StatusPorts,
  conversation: StatusConversation,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  requireClusters(ports.clusters);
  const { report } = conversation;
  report({ kind: "started", id: "status", text: "Looking at the clusters' secrets and the directory" });
  const look = await lookAround(input, ports, signal);
  report({ kind: "ended", id: "status" });
  if (input.prune === undefined) return finished(look, input, ports);
  return await prune(input.prune, look, { input, ports, conversation }, signal);
}

/** What one run of status works with. */
interface StatusRun {
  readonly input: StatusInput;
  readonly ports: StatusPorts;
  readonly conversation: StatusConversation;
}

async function prune(
  keyId: string,
  look: Look,
  { input, ports, conversation }: StatusRun,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const { report } = conversation;
  const directory = await ports.directory();
  const prunable = async ({ seen, facts, unsearched }: Look) => {
    if (facts instanceof ActionableError) throw facts;
    return await findPrunable(keyId, { seen, facts, unsearched }, { directory, clock: ports.clock }, signal);
  };
  const plan = prunePlan(await prunable(look));
  if (input.dryRun) return { kind: "planned", plan };
  if (!(await conversation.approve(plan))) return { kind: "declined", plan };
  // A person may take long to read the plan, and meanwhile a run may have begun to use the key.
  const { application, foreseen } = await prunable(await lookAround(input, ports, signal));
  report({ kind: "started", id: "prune", text: `Removing the key ${keyId}` });
  try {
    await directory.removePassword(application.objectId, keyId, signal);
  } catch (error) {
    // Somebody removed it meanwhile, which is what the user asked for.
    if (!hasCode(error, "directory.key-lingers")) throw asForeseen(error, foreseen);
  }
  report({ kind: "done", id: "prune", text: `Removed the key ${keyId}` });
  const now = await lookAround({ ...input, prune: undefined }, ports, signal);
  const outcome = finished(now, input, ports, keyId);
  return {
    ...outcome,
    result: { ...outcome.result, pruned: { appId: application.appId, keyId } },
  };
}
