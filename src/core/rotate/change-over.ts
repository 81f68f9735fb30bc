import { ActionableError, hasCode } from "../../domain/errors.ts";
import type { PasswordCredential } from "../../domain/identity.ts";
import { isKeyOf, keyDisplayName, keyOrigin, type RetireMark } from "../../domain/ownership.ts";
import { azureNow } from "../clocks.ts";
import { manyLooks } from "../proof/prove-steadily.ts";
import { asForeseen, foreseeRefusedChange } from "../identity/foreseen-refusal.ts";
import { isRefusedForGood, makeKey, passwordsForbidden } from "../identity/client-secret.ts";
import { livesToTry, usualLifetimeMs } from "../identity/key-life.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { SecretWrite } from "../turn/turn.ts";
import type { DesiredEntry } from "../turn/write-entry.ts";
import { timeText } from "../../domain/time-text.ts";
import type { Holder } from "../cluster/holders.ts";
import type { ChangedOver, KeyWork, NextKey } from "./key-work.ts";
import type { ChangeOver } from "./decide.ts";
import type { SeenKey, SeenKeys } from "./look.ts";

/** Enough to see that the key works at all. The proof waits for parts of the service that do not know it yet. */
const proofsBeforeWriting = 3;
const proofSpreadMs = 2_000;

/**
 * Gives secrets another key. The key is made and proven first, then written with the old one beside it, read back,
 * and proven again from the very bytes. The old key stays valid.
 * @throws ActionableError `busy` if another run is at work; or whatever interrupted it
 */
export async function changeOver(step: ChangeOver, work: KeyWork): Promise<ChangedOver> {
  return work.inTurn(endedOperations(step, work.keys), async () => {
    const to = step.to ?? (await newKey(step, work));
    await proveOrTakeBack(to, step, work);
    const changed = (work.changed = { to, after: countedFromNow(step, work) });
    const writes = step.holders.map((holder) => ({
      target: holder.target,
      secret: holder.secret,
      desired: desired(holder, to, { ...step, after: changed.after }, work),
    }));
    const good = await write(writes, work);
    const unused = work.made !== undefined && good === 0;
    const newest = unused ? undefined : work.made?.keyId;
    await closeAfter(writes, work, () => work.close(newest, unused ? [work.turn.mark.operation] : []));
    return changed;
  });
}

/** The grace period is for readers of the secrets: it begins when these are written, however long the proof took. */
function countedFromNow({ after }: ChangeOver, { keys, tools }: KeyWork): Date {
  const passedMs = azureNow(tools.directory, tools.clock).getTime() - keys.now.getTime();
  return new Date(after.getTime() + Math.max(0, passedMs));
}

/**
 * If no old entry stands beside the new one, pulls fail at every part of the service that does not know the new key
 * yet.
 */
function beforeWriting({ holders }: ChangeOver, { keys, input }: KeyWork): ReturnType<typeof manyLooks> {
  const replacesLiving = holders.some(({ credential }) => keys.keyOf(credential.password).alive);
  return !input.overlapEntry && replacesLiving
    ? manyLooks(input.settleMs)
    : { times: proofsBeforeWriting, spreadMs: proofSpreadMs };
}

/** A key that does not pull is of no use: if this run made it, it is removed at once. */
async function proveOrTakeBack(to: NextKey, step: ChangeOver, work: KeyWork): Promise<void> {
  const { times, spreadMs } = beforeWriting(step, work);
  try {
    await work.prove(to.credential, times, spreadMs);
  } catch (error) {
    if (work.made && error instanceof ActionableError && !work.signal.aborted) await takeBack(work);
    throw error;
  }
}

/** Removes the key that this run made. If that fails, the mark still names the key, and the next run removes it. */
async function takeBack(work: KeyWork): Promise<void> {
  try {
    await work.removeMade();
    await work.close(undefined);
  } catch (error) {
    if (!(error instanceof ActionableError)) throw error;
  }
}

async function newKey({ holders }: ChangeOver, work: KeyWork): Promise<NextKey> {
  const { keys, input, report } = work;
  const { application, seen, appId } = keys;
  await work.sweepWhatShows();
  report({ kind: "started", id: "key", text: "Making a key" });
  const policy = await work.tools.directory.passwordPolicy(application, work.signal);
  const livesMs = livesToTry(input.expiresInMs, policy, lifeBefore(holders, keys));
  const { mark } = work.turn;
  const wish = { application, clusterId: seen.clusterId, livesMs, mark };
  const now = azureNow(work.tools.directory, work.tools.clock);
  work.keyBegun = true;
  const key = await makeKey({ ...wish, now }, work.tools, work.signal).catch(async (error: unknown) => {
    throw isRefusedForGood(error) ? await givenBack(error, work) : error;
  });
  const expiresAt = timeText(key.endDateTime);
  work.made = { keyId: key.keyId, expiresAt };
  report({ kind: "done", id: "key", text: `Made the key ${key.keyId}, valid until ${expiresAt}` });
  const listed: PasswordCredential = {
    keyId: key.keyId,
    displayName: keyDisplayName(seen.clusterId, mark.operation),
    startDateTime: azureNow(work.tools.directory, work.tools.clock),
    endDateTime: key.endDateTime,
    hint: key.secret.reveal().slice(0, 3),
  };
  return { credential: { username: appId, password: key.secret }, keyId: key.keyId, expiresAt, listed };
}

/** No key was made, so the mark is removed too, and everything is as before. If that fails, the mark stays. */
async function givenBack(refusal: ActionableError, work: KeyWork): Promise<unknown> {
  const { keys, signal, tools } = work;
  const { directory } = tools;
  try {
    await work.giveBackMark();
    if (hasCode(refusal, "directory.passwords-forbidden")) {
      const policy = await directory.passwordPolicy(keys.application, signal);
      return passwordsForbidden(keys.application, policy, refusal);
    }
    const caller = await directory.caller(signal);
    return asForeseen(refusal, await foreseeRefusedChange(keys.application, { directory, caller }, signal));
  } catch (error) {
    if (!(error instanceof ActionableError)) throw error;
    return refusal;
  }
}

const hourMs = 3_600_000;

/**
 * How long the old key lives, in milliseconds, and so the new one too, unless the user says otherwise. Rounded up to
 * whole hours, because a key is made a little shorter than asked for.
 */
export function lifeBefore(holders: readonly Holder[], { keyOf }: Pick<SeenKeys, "keyOf">): number {
  const lives = holders.flatMap(({ credential }) => {
    const { startDateTime, endDateTime } = keyOf(credential.password).listed ?? {};
    return startDateTime && endDateTime ? [endDateTime.getTime() - startDateTime.getTime()] : [];
  });
  return lives.length > 0 ? Math.ceil(Math.max(...lives) / hourMs) * hourMs : usualLifetimeMs;
}

/**
 * What a secret has to hold: the new key, and beside it the one that it holds now, if that still signs in. The secret
 * names a key that is to be removed until it is removed, with or without its password.
 */
function desired(holder: Holder, to: NextKey, step: ChangeOver, work: KeyWork): DesiredEntry {
  const { keys, input } = work;
  const { mark: entry, credential, second } = holder;
  const held = [credential, second]
    .filter((one) => one !== undefined)
    .map(({ password }) => keys.keyOf(password))
    .filter((key) => !key.credential.password.equals(to.credential.password));
  const before = held.find(({ alive }) => alive);
  // A wrong password in a secret may be recorded as the very key that the secret gets.
  const going = before ?? held.find((key) => key.keyId !== to.keyId && isLingering(key, keys));
  const { pending: _pending, retire: standing, ...kept } = entry;
  return {
    loginServer: keys.loginServer,
    credential: to.credential,
    mark: { ...kept, appId: keys.appId, keyId: to.keyId, expiresAt: to.expiresAt },
    before: {
      credential: input.overlapEntry ? before?.credential : undefined,
      retire: going ? retireMark(going, step) : standing?.keyId === to.keyId ? undefined : standing,
    },
  };
}

/**
 * Whether a password is refused although the directory lists its key, which has not ended. One secret may hold the
 * key wrongly and another one correctly, so it is retired like any other.
 */
export function isLingering({ alive, listed }: SeenKey, { seen, now }: SeenKeys): boolean {
  return !alive && listed !== undefined && isKeyOf(listed, seen.clusterId) && !hasEnded(listed, now);
}

function hasEnded({ endDateTime }: PasswordCredential, now: Date): boolean {
  return endDateTime !== undefined && endDateTime <= now;
}

function retireMark({ keyId }: SeenKey, { after, why }: ChangeOver): RetireMark {
  return { keyId, after: timeText(after), ...(why === undefined ? {} : { why }) };
}

/** @returns how many secrets hold the new key */
async function write(writes: readonly SecretWrite[], work: KeyWork): Promise<number> {
  const { report } = work;
  const total = writes.length;
  report({ kind: "started", id: "secrets", text: `Writing ${total} ${total === 1 ? "secret" : "secrets"}` });
  const good = await work.write(writes);
  const text =
    good === 1
      ? "Wrote 1 secret, read it back and proved its credential"
      : `Wrote ${good} secrets, read them back and proved their credential`;
  if (good > 0) report({ kind: "done", id: "secrets", text });
  return good;
}

/**
 * If secrets could not be written, the marked one may be among them. That failure is already reported, and the
 * mark goes stale.
 */
async function closeAfter(
  writes: readonly SecretWrite[],
  work: KeyWork,
  close: () => Promise<void>,
): Promise<void> {
  try {
    await close();
  } catch (error) {
    const allWritten = writes.every(
      ({ target }) => work.written.get(targetName(target))?.action !== "failed",
    );
    if (allWritten || !isFailureOfOne(error, work.signal)) throw error;
  }
}

/** Operations of our keys that have ended and that no secret holds after this step. It removes those keys too. */
function endedOperations({ holders }: ChangeOver, { keyOf, seen, now }: SeenKeys): string[] {
  return holders.flatMap(({ credential }) => {
    const { listed } = keyOf(credential.password);
    if (!listed || !hasEnded(listed, now) || !isKeyOf(listed, seen.clusterId)) return [];
    return keyOrigin(listed)?.operation ?? [];
  });
}
