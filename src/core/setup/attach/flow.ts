import { ActionableError, hasCode } from "../../../domain/errors.ts";
import { exitCode } from "../../../domain/exit-code.ts";
import { requireClusters } from "../../cluster/view.ts";
import { endingBy } from "../../ending.ts";
import { hasChanges } from "../../plan.ts";
import type { Writing } from "../../ports.ts";
import type { SetupConversation, SetupInput, SetupOutcome, SetupPorts } from "../contract.ts";
import { attachNodes, type NodesRecord } from "./act.ts";
import { decideRoles, planAttachment, type NodesJob } from "./decide.ts";
import { lookAtNodes, type AttachAzure, type AttachLook } from "./look.ts";
import { attachResult, standingRecord } from "./result.ts";

/**
 * Lets the nodes of managed AKS clusters pull from a registry by their own identity: grants it the role for the
 * registry's mode, and reads that back. Makes no password, and neither reads nor writes in a cluster. Run again, it
 * finishes what was interrupted, and changes nothing if all is in order.
 * @throws ActionableError for whatever stops it before the first write
 */
export async function attach(
  input: SetupInput,
  ports: Writing<SetupPorts>,
  conversation: SetupConversation,
  signal: AbortSignal,
): Promise<SetupOutcome> {
  requireClusters(ports.clusters);
  const { azure, clock } = ports;
  if (!azure) throw new TypeError("--attach asks Azure");
  const { report } = conversation;
  report({ kind: "started", id: "survey", text: "Looking at the registry and the managed clusters" });
  const look = await lookAtNodes(input, { ...ports, azure }, signal);
  report({ kind: "ended", id: "survey" });
  const jobs = decideRoles(look, input);
  const plan = planAttachment(look, jobs);
  if (hasChanges(plan.changes)) await azure.roles.readyToWrite(signal);
  if (input.dryRun) return { kind: "planned", plan };
  if (hasChanges(plan.changes) && !(await conversation.approve(plan))) return { kind: "declined", plan };
  for (const text of plan.warnings) report({ kind: "note", level: "warning", text });
  if (!hasChanges(plan.changes)) {
    return { kind: "finished", result: attachResult(look, jobs.map(standingRecord)), exitCode: exitCode.ok };
  }
  const run = { azure, clock, report, timeoutMs: input.timeoutMs };
  return await carryOut({ look, jobs }, run, conversation, signal);
}

async function carryOut(
  { look, jobs }: { readonly look: AttachLook; readonly jobs: readonly NodesJob[] },
  run: { readonly azure: AttachAzure } & Pick<
    Parameters<typeof attachNodes>[1],
    "clock" | "report" | "timeoutMs"
  >,
  { leave }: SetupConversation,
  signal: AbortSignal,
): Promise<SetupOutcome> {
  const records = new Map<NodesJob, NodesRecord>();
  const failures: ActionableError[] = [];
  for (const job of jobs) {
    const onDone = (record: NodesRecord) => records.set(job, record);
    try {
      await attachNodes(job, { ...run, registry: look.registry, onDone }, signal);
    } catch (error) {
      if (records.size > 0) leave?.(attachResult(look, [...records.values()]));
      signal.throwIfAborted();
      if (!(error instanceof ActionableError)) throw error;
      failures.push(error);
      // Each cluster may be in another tenant, but a missing right is missing for all of them.
      if (!hasCode(error, "aks.other-tenant")) break;
    }
  }
  const [first] = failures;
  if (first && records.size === 0) throw first;
  const result = attachResult(look, [...records.values()]);
  return { kind: "finished", result, ...endingBy(failures, records.size > 0) };
}
