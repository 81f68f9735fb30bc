import { refused } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import { heldKeys, type HeldKeys } from "../cluster/holders.ts";
import { namedAs } from "../cluster/registry-meant.ts";
import { leftOutOf, requireClusters, viewClusters, type ClusterView, type LeftOut } from "../cluster/view.ts";
import { hasChanges } from "../plan.ts";
import type { Writing } from "../ports.ts";
import { reportFor, type Report } from "../progress.ts";
import { listingCommands } from "../suggest.ts";
import { BusyWait } from "../turn/busy.ts";
import { act, type Rotating } from "./act.ts";
import type {
  RotatableKey,
  RotateConversation,
  RotateInput,
  RotateOutcome,
  RotatePorts,
} from "./contract.ts";
import { agreedName } from "./judge-holders.ts";
import { refuseBeforeSignIn, lookAtKeys } from "./look.ts";
import { nextStep, nothingDone } from "./decide.ts";
import { planRotation, type Look, type Prospect } from "./plan-rotation.ts";
import { preflight } from "./preflight.ts";
import { finishedOutcome, resultOf, type KeysRecord } from "./result.ts";

/*
 * The longest chain of answers that a rotation waits for until nothing more is due. Each answer needs the one before
 * it:
 *
 *   1. where the services of the cloud are; only for a cloud that is not Microsoft's own
 *   2. a token for the directory; at the same time the clusters, and which keys their secrets hold
 *   3. the application, whose list of keys says how long each key is tried; at the same time whether the registry can
 *      be reached
 *   4. each key in use, tried at the registry and at Entra at the same time: only this shows whether a key is due
 *   5. whether the caller may change the application; at the same time the tenant's password policy, and a rehearsal of
 *      each write
 *   6. the new key, under the mark of this run
 *   7. its proofs, a second apart, before any secret holds it
 *   8. the proof of what was read back
 *   9. the application and the keys again: what the secrets hold now decides what comes next
 *
 * The secrets are marked between 5 and 6, and written and read back between 7 and 8.
 */

/**
 * Replaces the keys that a cluster's secrets hold, without one failed pull. What the secrets say decides what comes
 * next, so the next run, on any machine, continues what a crashed run began. While another run is at work, it waits,
 * and then looks again.
 * @throws ActionableError for anything that stops it before the first write; `busy` when the waiting time is over
 */
export async function rotate(
  input: RotateInput,
  ports: Writing<RotatePorts>,
  conversation: RotateConversation,
  signal: AbortSignal,
): Promise<RotateOutcome> {
  const { report } = conversation;
  const busy = new BusyWait(ports.clock, report);
  const looked = await busy.lookWhenIdle(() => look(input, ports, report, signal), signal);
  const plan = planRotation(looked, input);
  if (input.dryRun) return { kind: "planned", plan };
  if (hasChanges(plan.changes)) {
    if (!(await conversation.approve(plan))) return { kind: "declined", plan };
  } else {
    for (const text of plan.warnings) report({ kind: "note", level: "warning", text });
  }
  const run: Rotating = {
    input: { ...input, agreedTo: agreed(looked, input) },
    ports,
    report,
    signal,
    seen: looked.seen,
  };
  const records = await Promise.all(
    looked.seen.map(async ({ clusterId, contexts }) => {
      const done: KeysRecord[] = [];
      const context = looked.seen.length > 1 ? contexts[0] : undefined;
      const here = { ...run, report: reportFor(report, context) };
      // One after the other: one secret may hold keys of several registries.
      for (const prospect of looked.prospects) {
        if (prospect.keys.seen.clusterId === clusterId) done.push(await act(prospect, here, done));
      }
      return done;
    }),
  );
  if (records.flat().some(({ wrote }) => wrote)) conversation.leave?.(resultOf(records.flat()));
  signal.throwIfAborted();
  return finishedOutcome(records.flat(), looked.leftOut);
}

/** A person agrees to the secrets in the plan, and to none that appears later. */
function agreed({ prospects }: Look, { agreedTo }: RotateInput): RotateInput["agreedTo"] {
  if (agreedTo === undefined) return undefined;
  return new Set(
    prospects.flatMap(({ keys }) => keys.holders.map((holder) => agreedName(keys.seen, holder))),
  );
}

async function look(
  input: RotateInput,
  ports: RotatePorts,
  report: Report,
  signal: AbortSignal,
): Promise<Look> {
  requireClusters(ports.clusters);
  const { directory, asksPerson } = ports.azure;
  // If there is no key to rotate, nobody has to sign in. So a person is not asked yet, and a failed sign-in is not
  // reported yet.
  const signingIn = asksPerson ? undefined : directory.caller(signal);
  signingIn?.catch(() => {});
  const { seen, unseen } = await viewClusters(input, ports.clusters, signal);
  const held = seen.flatMap((one) => heldKeys(one, input));
  const [first] = unseen;
  if (held.length === 0) throw first && seen.length === 0 ? first.error : nothingFound(input, seen);
  const prospects: Prospect[] = [];
  const leftOut: LeftOut[] = leftOutOf(unseen);
  await Promise.all(
    held.map(async (one) => {
      try {
        refuseBeforeSignIn(one, ports);
        await signingIn;
        prospects.push(await prospectOf(one, { input, ports, report }, signal));
      } catch (error) {
        if (!isFailureOfOne(error, signal)) throw error;
        const { loginServer, appId, seen: cluster } = one;
        leftOut.push({ name: `${loginServer} ${appId} in ${cluster.contexts.join(", ")}`, error });
      }
    }),
  );
  const [other] = leftOut;
  // One key's failure does not stop the others. If all fail, the first failure is the answer.
  if (prospects.length === 0 && other) throw other.error;
  return { seen, leftOut, prospects };
}

async function prospectOf(
  held: HeldKeys,
  looking: { readonly input: RotateInput; readonly ports: RotatePorts; readonly report: Report },
  signal: AbortSignal,
): Promise<Prospect> {
  const { input } = looking;
  const keys = await lookAtKeys(held, looking, signal);
  const step = nextStep(keys, input, nothingDone);
  if (keys.unproven && step.kind !== "none") throw keys.unproven;
  return { keys, step, ...(await preflight(step, keys, looking, signal)) };
}

function nothingFound({ registry, suggest }: RotateInput, seen: readonly ClusterView[]) {
  const contexts = seen.flatMap((one) => one.contexts);
  const where = contexts.map(inOneLine).join(", ");
  const first = suggest("setup", [
    ...(registry ? [["--registry", namedAs(registry)] as const] : []),
    ...contexts.map((context) => ["--context", context] as const),
  ]);
  const what = registry ? "a key for that registry" : "a key that acr-pull manages";
  const partly = seen.some(({ whole }) => !whole);
  return refused(
    "rotate.nothing-found",
    `No ${partly ? "readable " : ""}secret in context ${where} holds ${what}.`,
    partly
      ? "You may not list secrets in every namespace: name the namespaces with -n and the secret with --secret-name."
      : `Check --context, --registry, -n and --secret-name. To list what acr-pull manages, run: ${listingCommands(contexts, suggest)}. To make a first key, run: ${first}`,
  );
}

/**
 * The keys that the chosen clusters' secrets hold, for a list to choose from. Asks only the clusters.
 * @throws ActionableError if a cluster does not answer
 */
export async function listRotatableKeys(
  input: Pick<RotateInput, "clusterId">,
  ports: Pick<RotatePorts, "clusters">,
  signal: AbortSignal,
): Promise<readonly RotatableKey[]> {
  const wish = { ...input, namespaces: [], namespaceSelector: undefined, secretName: undefined };
  const { seen, unseen } = await viewClusters(wish, ports.clusters, signal);
  const [first] = unseen;
  if (first) throw first.error;
  return seen
    .flatMap((one) => heldKeys(one, { registry: undefined, secretName: undefined }))
    .flatMap(rotatableKeys);
}

function rotatableKeys({ seen, loginServer, appId, registry, holders }: HeldKeys): RotatableKey[] {
  const ids = [...new Set(holders.map(({ mark }) => mark.keyId ?? null))];
  return ids.map((keyId) => {
    const some = holders.filter(({ mark }) => (mark.keyId ?? null) === keyId);
    const retirements = some.flatMap(({ mark }) => (mark.retire ? [mark.retire.after] : []));
    return {
      contexts: seen.contexts,
      clusterId: seen.clusterId,
      registry,
      loginServer,
      appId,
      keyId,
      expiresAt: some[0]?.mark.expiresAt ?? null,
      secrets: some.map(({ target }) => `${target.namespace}/${target.name}`),
      retireAfter: retirements.toSorted().at(-1),
    };
  });
}
