import type { PullCredential } from "../../domain/docker-config.ts";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Application, PasswordCredential } from "../../domain/identity.ts";
import { isThere } from "../../domain/look-again.ts";
import { isKeyOf } from "../../domain/ownership.ts";
import type { ClusterView } from "../cluster/view.ts";
import { untilBelievable } from "../patience.ts";
import { proveRemoved, type RemovalEvidence } from "../proof/prove-removed.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { SecretWrite } from "../turn/turn.ts";
import type { KeyWork } from "./key-work.ts";
import type { SeenKeys } from "./look.ts";
import type { Retirement } from "./decide.ts";
import {
  blockBefore,
  blockedBy,
  blockedByUnseen,
  holdersIn,
  notCleaned,
  placesOf,
  stillHeld,
  type Retired,
} from "./retire-block.ts";

const proofsBeforeCleaning = 3;
const cleaningSpreadMs = 2_000;
/** As many as HashiCorp's check of a new Azure password requires, over the same time: see `--settle`. */
const proofsBeforeRetiring = 8;

/**
 * Takes the old key out of every secret, proves the new one for a while, looks once more for secrets that hold the
 * old one, removes exactly that key, and checks that it is gone.
 * @param others other clusters of this run, which may hold the same key
 */
export async function retireKey(
  step: Retirement,
  work: KeyWork,
  others: readonly ClusterView[],
): Promise<Retired> {
  const blocked = blockBefore(step, work.keys, work.input, others);
  if (blocked) return blocked;
  return work.inTurn([], async () => {
    const newer = distinctCredentials(step);
    for (const credential of newer) await work.prove(credential, proofsBeforeCleaning, cleaningSpreadMs);
    const cleaned = await removeOldPasswords(step, work);
    if (!cleaned) {
      await work.close(undefined);
      return notCleaned(step, work);
    }
    if (isToBeApplied(work)) {
      await work.close(undefined);
      return { retired: false, blocked: "not-applied" };
    }
    const outcome = await removeKey(step, work, newer);
    if (!outcome.error) await dropLastMark(step, work);
    await work.close(undefined);
    return outcome;
  });
}

/** Whether a manifest has to be applied first: until then, the cluster holds what was taken out of the manifest. */
function isToBeApplied({ keys, written }: KeyWork): boolean {
  return (
    keys.seen.cluster.manifest !== undefined &&
    [...written.values()].some(({ action }) => action === "updated")
  );
}

function distinctCredentials({ holders }: Pick<Retirement, "holders">): PullCredential[] {
  const distinct = new Map(
    holders.map(({ credential }) => [credential.password.reveal(), credential] as const),
  );
  return [...distinct.values()];
}

/**
 * Takes the old password out of every secret. The mark that names its key stays on the first one until the key is
 * gone.
 */
async function removeOldPasswords({ holders }: Retirement, work: KeyWork): Promise<boolean> {
  const { report } = work;
  const total = holders.length;
  const where = total === 1 ? "1 secret" : `${total} secrets`;
  const text = `Removing the old password from ${where}`;
  report({ kind: "started", id: "clean", text });
  // The secret that keeps its mark is written last.
  const [keeper, ...rest] = holders.map((holder, index) => withoutOld(holder, work, index === 0));
  const good = (await work.write(rest)) + (keeper ? await work.write([keeper]) : 0);
  if (good < total) return false;
  report({
    kind: "done",
    id: "clean",
    text: `Removed the old password from ${where}, and proved what ${total === 1 ? "it holds" : "they hold"}`,
  });
  return true;
}

function withoutOld(holder: Retirement["holders"][number], work: KeyWork, keepsMark: boolean): SecretWrite {
  const { target, secret, credential, mark } = holder;
  const { pending: _pending, retire, ...kept } = mark;
  return {
    target,
    secret,
    desired: {
      loginServer: work.keys.loginServer,
      credential,
      mark: kept,
      before: { credential: undefined, retire: keepsMark ? retire : undefined },
    },
  };
}

async function removeKey(
  step: Retirement,
  work: KeyWork,
  newer: readonly PullCredential[],
): Promise<Retired> {
  const { input, keys } = work;
  const { directory } = work.tools;
  const { keyId } = step;
  if (keyId === null) return { retired: false, blocked: "key-unknown" };
  // It stays until its own end: a secret that nobody here may look at may hold it.
  if (!keys.seen.whole) return { retired: false, blocked: "cannot-see-all-namespaces" };
  const listed = await findListed(keyId, work);
  if (!mayRetire(listed, work)) return { retired: false, blocked: "key-not-ours" };
  refuseInUse(keyId, listed, keys);
  for (const credential of newer) await work.prove(credential, proofsBeforeRetiring, input.settleMs);
  // A last look: some secrets may have got the key since the first one, and the right to list them may have gone.
  const { secrets, whole } = await work.turn.secretsNow();
  if (!whole) return blockedByUnseen(step, keys.seen);
  const held = placesOf(keys.seen, holdersIn(secrets, step, keys));
  if (held.length > 0) return stillHeld(step, held, keys, input);
  await work.turn.ensureHeld();
  work.report({ kind: "started", id: "retire", text: `Retiring the key ${keyId}` });
  try {
    await directory.removePassword(keys.application.objectId, keyId, work.signal);
  } catch (error) {
    // An earlier run removed it, and did not see it refused within the waiting time.
    if (!hasCode(error, "directory.stale-answer")) throw error;
  }
  work.removedUnrecorded = true;
  const removed = { keyId, objectId: keys.application.objectId, credential: step.old?.credential };
  const proof = { ...work.proof, directory, settleMs: input.settleMs };
  const evidence = await proveRemoved(removed, proof, work.signal);
  if (!evidence) {
    return blockedBy(
      "not-yet-refused",
      `The directory has removed the key ${keyId}, but ${step.old ? "it is not refused everywhere yet" : "parts of it still list it"}.`,
      "Parts of the service lag: run the same command again later.",
    );
  }
  work.report({ kind: "done", id: "retire", text: `Retired the key ${keyId}${evidenceTexts[evidence]}` });
  return { retired: true, evidence };
}

const evidenceTexts: Readonly<Record<RemovalEvidence, string>> = {
  refused: ", which is refused now",
  unlisted: ", which the directory no longer lists",
  untried: ": it is removed, but its refusal was not tested",
};

/**
 * Looks until some part of the directory lists the key. If none does, the key counts as gone, and may be removed even
 * if it is not ours.
 */
async function findListed(
  keyId: string,
  { tools: { directory, clock }, keys: { application }, signal }: KeyWork,
): Promise<PasswordCredential | undefined> {
  const listedIn = (one: Pick<Application, "passwords"> | undefined) =>
    one?.passwords.find((key) => key.keyId === keyId);
  const look = async () => listedIn(await directory.readApplication(application.objectId, signal));
  return listedIn(application) ?? (await untilBelievable(look, isThere, clock, signal));
}

/** Whether the key may be removed: it is ours for this cluster, or it is already gone. */
function mayRetire(listed: PasswordCredential | undefined, { keys }: KeyWork): boolean {
  return listed === undefined || isKeyOf(listed, keys.seen.clusterId);
}

/** Marks may be wrong about which key a secret holds, so this compares the first characters. */
function refuseInUse(
  keyId: string,
  listed: PasswordCredential | undefined,
  { holders, keyOf }: SeenKeys,
): void {
  const hint = listed?.hint;
  const mayBe = holders.filter(({ credential }) => {
    const key = keyOf(credential.password);
    const isAnother = key.listed !== undefined && key.listed.keyId !== keyId;
    return hint !== undefined && !isAnother && credential.password.reveal().startsWith(hint);
  });
  if (mayBe.length === 0) return;
  throw new ActionableError(
    `The key ${keyId} seems to be in use: ${mayBe.map(({ target }) => targetName(target)).join(", ")} holds a password that begins like it.`,
    {
      code: "rotate.key-in-use",
      hint: "What the secret's mark says is wrong: delete the secret, and run acr-pull setup for it.",
      exitCode: exitCode.incomplete,
    },
  );
}

/** The key is gone, so no mark needs to name it any longer. */
async function dropLastMark({ holders }: Retirement, work: KeyWork): Promise<void> {
  const [keeper] = holders;
  if (!keeper) return;
  await work.turn.write([withoutOld(keeper, work, false)]);
  const { error } = work.written.get(targetName(keeper.target)) ?? {};
  if (error) throw error;
}
