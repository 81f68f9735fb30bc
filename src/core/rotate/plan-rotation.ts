import type { ActionableError } from "../../domain/errors.ts";
import { fieldManager, isKeyOf } from "../../domain/ownership.ts";
import { hasForgottenWriters } from "../../domain/other-writers.ts";
import type { PlannedChange } from "../plan.ts";
import { forgottenWritersWarning, targetName } from "../turn/pull-secret.ts";
import { notApplied } from "./applied.ts";
import type { RotateInput, RotatePlan } from "./contract.ts";
import { timeText } from "../../domain/time-text.ts";
import { stepAfterRetirement, type ChangeOver, type NextStep, type Retirement } from "./decide.ts";
import type { Preflight } from "./preflight.ts";
import { blockBefore } from "./retire-block.ts";
import { registryNamed } from "../cluster/registry-meant.ts";
import { setupCommands } from "../suggest.ts";
import type { Holder } from "../cluster/holders.ts";
import type { ClusterView, LeftOut } from "../cluster/view.ts";
import type { SeenKeys } from "./look.ts";

/** The keys of one application, and the first step for them. */
export interface Prospect extends Preflight {
  readonly keys: SeenKeys;
  readonly step: NextStep;
}

/** What was found in all chosen clusters, and the first steps. */
export interface Look {
  readonly seen: readonly ClusterView[];
  readonly leftOut: readonly LeftOut[];
  readonly prospects: readonly Prospect[];
}

/** What the run would do, in the order in which it would do it. It contains nothing secret. */
export function planRotation({ prospects, leftOut }: Look, input: RotateInput): RotatePlan {
  const planned = prospects.map((prospect) => ({ prospect, block: blockOf(prospect, prospects, input) }));
  return {
    changes: planned.flatMap(({ prospect, block }) => changesOf(prospect, input, block)),
    warnings: [
      ...leftOut.map(({ name, error }) => `Left out, ${name}: ${error.message}`),
      ...planned.flatMap(({ prospect, block }) => [...warningsOf(prospect, input), ...blockWarnings(block)]),
    ],
  };
}

/** What blocks a retirement that is due. */
function blockOf(
  { keys, step }: Prospect,
  prospects: readonly Prospect[],
  input: RotateInput,
): ActionableError | undefined {
  if (step.kind !== "retire") return undefined;
  const others = new Map(prospects.map((one) => [one.keys.seen.clusterId, one.keys.seen] as const));
  others.delete(keys.seen.clusterId);
  return blockBefore(step, keys, input, [...others.values()])?.error;
}

function changesOf(
  { keys, step }: Prospect,
  input: RotateInput,
  block: ActionableError | undefined,
): PlannedChange[] {
  switch (step.kind) {
    case "none":
      return standing(keys);
    case "tidy":
      return marksToRemove(keys);
    case "retire":
      // A leaked key in use is replaced even if an older key cannot be removed yet.
      if (block) {
        const continues = input.intent === "compromised" && block.code === "rotate.still-held";
        return [blockedRetirement(step, block), ...(continues ? changesAfter(step, keys, input) : [])];
      }
      return [...retirementChanges(step, keys), ...changesAfter(step, keys, input)];
    case "change-over":
      return [...changeOverChanges(step, keys), ...marksToRemove(keys), ...oldKeys(step, keys)];
    default:
      return step satisfies never;
  }
}

function standing({ holders, keyOf }: SeenKeys): PlannedChange[] {
  const keys = new Set(holders.map(({ credential }) => keyOf(credential.password)));
  const going = new Map(
    holders.flatMap(({ mark }) => (mark.retire ? [[mark.retire.keyId, mark.retire.after] as const] : [])),
  );
  return [
    ...[...keys].map(({ keyId, expiresAt }): PlannedChange => ({
      target: keyName(keyId),
      action: "unchanged",
      before: { keyId, expiresAt },
      after: { keyId, expiresAt },
    })),
    ...[...going].map(([keyId, after]) => keptUntil(keyId, after)),
  ];
}

/** The old key stays valid beside the one in use. */
function keptUntil(keyId: string | null, retireAfter: string | null): PlannedChange {
  return { target: keyName(keyId), action: "kept", before: { keyId }, after: { keyId, retireAfter } };
}

function keyName(keyId: string | null): string {
  return `key ${keyId ?? "given by hand"}`;
}

function changeOverChanges(
  { to, holders }: ChangeOver,
  { keyOf, seen, loginServer }: SeenKeys,
): PlannedChange[] {
  const next = to?.keyId ?? "new";
  return [
    to
      ? { target: keyName(to.keyId), action: "reused", before: null, after: { expiresAt: to.expiresAt } }
      : {
          target: `key for cluster ${seen.clusterId}`,
          action: "created",
          before: null,
          after: { clusterId: seen.clusterId, loginServer },
        },
    ...holders.map(({ target, credential }): PlannedChange => ({
      target: `secret ${targetName(target)}`,
      action: "updated",
      before: { keyId: keyOf(credential.password).keyId },
      after: { keyId: next },
    })),
  ];
}

/**
 * What happens to the old keys. Without a grace period, they are removed in the same run. So are our keys that no
 * longer sign in.
 */
function oldKeys({ to, holders, after, why }: ChangeOver, { keyOf, seen }: SeenKeys): PlannedChange[] {
  const keys = new Set(holders.map(({ credential }) => keyOf(credential.password)));
  return [...keys].flatMap(({ keyId, alive, listed }): PlannedChange[] => {
    if (keyId !== null && keyId === to?.keyId) return [];
    if (!alive) return listed && isKeyOf(listed, seen.clusterId) ? [removal(keyId)] : [];
    if (why !== undefined) return [removal(keyId)];
    return [keptUntil(keyId, timeText(after))];
  });
}

function retirementChanges({ keyId, holders }: Retirement, { keyOf }: SeenKeys): PlannedChange[] {
  return [
    ...holders.map(({ target, credential }): PlannedChange => {
      const { keyId: kept } = keyOf(credential.password);
      return {
        target: `secret ${targetName(target)}`,
        action: "updated",
        before: { keyId: kept, beside: keyId },
        after: { keyId: kept },
      };
    }),
    removal(keyId),
  ];
}

function blockWarnings(block: ActionableError | undefined): string[] {
  return block ? [[block.message, block.hint].filter(Boolean).join(" ")] : [];
}

function blockedRetirement({ keyId }: Retirement, { code }: ActionableError): PlannedChange {
  return { target: keyName(keyId), action: "skipped", before: { keyId }, after: { error: code } };
}

/** After the retirement, a new rotation may begin. A person agrees to both at once. */
function changesAfter(step: Retirement, keys: SeenKeys, input: RotateInput): PlannedChange[] {
  const next = stepAfterRetirement(step, keys, input);
  if (!next) return [];
  return [...changeOverChanges(next, keys), ...oldKeys(next, keys)];
}

function removal(keyId: string | null): PlannedChange {
  return { target: keyName(keyId), action: "removed", before: { keyId }, after: null };
}

function marksToRemove({ staleMarks, seen }: SeenKeys): PlannedChange[] {
  return staleMarks.map(({ target, mark }) => ({
    target: `pending mark of ${targetName(target)} (cluster ${seen.clusterId})`,
    action: "removed",
    before: { operation: mark.operation },
    after: null,
  }));
}

/**
 * Warns that a secret holds the key although no run wrote it there. The record that shows this can be forged, and is
 * missing after a restore.
 */
function unwrittenWarning({ target, secret }: Holder): string[] {
  const { managers } = secret;
  if (managers.length === 0 || managers.includes(fieldManager) || hasForgottenWriters(secret)) return [];
  return [
    `${targetName(target)} holds the key and gets the new one, although the cluster's record shows that acr-pull never wrote it. If that namespace must no longer pull, delete the secret and use --compromised`,
  ];
}

function warningsOf({ keys, step, ...more }: Prospect, input: RotateInput): string[] {
  const { seen, changed, strange, appId, loginServer, holders, keyOf } = keys;
  const warnings = changed.map(
    (target) =>
      `${targetName(target)} does not hold for ${loginServer} what its mark says, and is left alone. This fixes it: ${setupCommands([target], registryNamed(keys), input.suggest)}`,
  );
  for (const target of strange) {
    warnings.push(
      `${targetName(target)} holds a password of the service principal ${appId} that acr-pull did not make for this cluster, and is left alone: with --service-principal ${appId} it gets the new key too`,
    );
  }
  warnings.push(...more.warnings);
  if (keys.liveMark) warnings.push(`Another run is at work on ${targetName(keys.liveMark.target)}`);
  if (step.kind === "none") {
    const { missing } = keys.applied;
    return missing.length > 0 ? [...warnings, notApplied(missing, seen).message] : warnings;
  }
  warnings.push(...holders.flatMap(({ target, secret }) => forgottenWritersWarning(target, secret)));
  if (step.kind === "change-over") warnings.push(...step.holders.flatMap(unwrittenWarning));
  if (!seen.whole) {
    warnings.push(
      "You may not list secrets in every namespace, so the old key stays valid until its own end: another one may hold it",
    );
  }
  const foreign = new Set(
    holders
      .map(({ credential }) => keyOf(credential.password))
      .filter(({ keyId, listed, alive }) => {
        const isOurs = listed !== undefined && isKeyOf(listed, seen.clusterId);
        return alive && !isOurs && (keyId === null || listed !== undefined);
      }),
  );
  for (const { keyId } of foreign) {
    warnings.push(
      keyId === null
        ? "The password in use was given by hand and its id is not known: it stays valid"
        : `acr-pull did not make the key ${keyId} for this cluster: it stays valid`,
    );
  }
  return warnings;
}
