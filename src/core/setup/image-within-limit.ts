import { repositoriesIn, sameCondition } from "../../domain/role.ts";
import { proofImage } from "../proof/prove-pull.ts";
import type { ProofImage } from "../ports.ts";
import { ifToBeHad } from "../cluster/failure-of-one.ts";
import type { JobWork } from "./job-work.ts";

/**
 * What pulls within the limit of the role that stands now. Another run, by whom repositories were said, may have limited
 * the role since this one granted it, and what this one pulls may lie outside; from then on the limit is told too.
 * @returns undefined where nothing changed, where it cannot be looked at, and where this run was told what to pull
 */
export async function imageWithinLimit(
  { input, record, job, ports, report }: JobWork,
  signal: AbortSignal,
): Promise<ProofImage | undefined> {
  const { identity } = job;
  const { principal, roles } = record;
  if (!identity || !ports.azure || !principal || input.image || input.repositories) return undefined;
  const { registry } = identity.roleWish;
  const look = ports.azure.roles.listAssignments(registry.id, principal.objectId, signal);
  const standing = (await ifToBeHad(look, signal)) ?? [];
  const limited: string[] = [];
  roles.forEach(({ id, desired, action }, index) => {
    const found = standing.find((one) => one.id.toLowerCase() === id.toLowerCase());
    const repositories = repositoriesIn(found?.condition ?? "");
    if (repositories.length === 0 || sameCondition(found?.condition, desired.condition)) return;
    roles[index] = { id, desired: { ...desired, condition: found?.condition }, action };
    limited.push(...repositories);
    const text = `Another run has limited ${desired.role.name} to ${repositories.join(", ")}`;
    report({ kind: "note", level: "info", text });
  });
  return limited.length > 0 ? proofImage({ image: undefined, repositories: limited }) : undefined;
}
