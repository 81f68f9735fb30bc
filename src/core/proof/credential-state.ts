import type { PullCredential } from "../../domain/docker-config.ts";
import { formatDuration } from "../../domain/duration.ts";
import type { PasswordCredential } from "../../domain/identity.ts";
import type { SecretObject } from "../../domain/kubernetes-objects.ts";
import type { ClusterReads } from "../ports.ts";
import type { ProofContext } from "./prove-pull.ts";

/** Whether a credential that a secret holds still works. */
export type CredentialState =
  | "pulls"
  /** The password signs in, but cannot pull: the role is missing or does not cover the repository. */
  | "signs-in"
  | "dead";

const triesBeforeDead = 3;
const pauseMs = 1_000;
/** Some passwords took this long to be known everywhere: https://github.com/hashicorp/vault/issues/27593 */
const propagationMs = 15 * 60_000;

/**
 * How long to doubt a refusal of a key that a secret may have got minutes ago, in milliseconds. The key was proven before
 * a secret got it, so some part of the service knows it and its principal. A try reaches that part within this time,
 * even if no asked part of the directory lists the key yet.
 */
export const youngPatienceMs = 60_000;

/** Clocks of one API server's parts differ by less. A time further ahead is forged, and says nothing. */
const clockSkewMs = 60_000;

/**
 * Whether a secret may have been written so recently that parts of the service do not know the key that it holds. The
 * document of a manifest has no such time, so it may be.
 */
export function mayHoldYoungKey(
  { writtenAt }: Pick<SecretObject, "writtenAt">,
  cluster: Pick<ClusterReads, "serverTime">,
): boolean {
  const ageMs = writtenAt === undefined ? 0 : cluster.serverTime().getTime() - writtenAt;
  return ageMs > -clockSkewMs && ageMs < propagationMs;
}

/** What is known about a password before it is tried. */
export interface KnownOfKey {
  /** The key as Graph lists it, if it is known. */
  readonly key: PasswordCredential | undefined;
  /** The time by a server's clock: the age of a key is counted by it, because this machine's clock may be wrong. */
  readonly now: Date;
  /**
   * How long to doubt a refusal at least, in milliseconds: Graph may not list the key yet, or the principal may be
   * younger than the key.
   */
  readonly leastPatienceMs?: number;
  /** Whether Entra has to accept it too: a registry may belong to anybody, and accept anything. */
  readonly entraToo?: boolean;
}

/**
 * Tries the credential that a secret holds. Replicas disagree for a while about a new password, so a refusal is
 * believed only when it repeats. If Graph lists the key as only minutes old, a refusal is believed only when the
 * waiting time is over, and that wait is reported. Some replicas call a new password expired. That is believed at
 * once only if Graph lists the key as ended.
 */
export async function credentialState(
  context: ProofContext,
  credential: PullCredential,
  { key, now, leastPatienceMs = 0, entraToo = false }: KnownOfKey,
  signal: AbortSignal,
): Promise<CredentialState> {
  const { clock, report, timeoutMs } = context;
  const start = clock.now().getTime();
  const otherText = key?.hint !== undefined && !credential.password.reveal().startsWith(key.hint);
  // A server gives its time in whole seconds, so a key may seem to be made a moment from now.
  const ageMs = key?.startDateTime ? Math.max(0, now.getTime() - key.startDateTime.getTime()) : propagationMs;
  const patienceMs = otherText ? 0 : Math.min(timeoutMs, Math.max(propagationMs - ageMs, leastPatienceMs));
  const id = `state of ${key?.keyId ?? credential.username}`;
  const ended = (state: CredentialState) => {
    report({ kind: "ended", id });
    return state;
  };
  let pulls = false;
  let signsIn = false;
  for (let tries = 1; ; tries += 1) {
    const seen = await look(context, credential, entraToo, signal);
    const hasEnded = seen.expired !== undefined && key?.endDateTime && key.endDateTime <= seen.expired;
    pulls ||= seen.pulls;
    signsIn ||= seen.signsIn;
    if (pulls && signsIn) return ended("pulls");
    const hasWaited = clock.now().getTime() - start >= patienceMs || tries > patienceMs / pauseMs;
    if (hasEnded || (tries >= triesBeforeDead && (signsIn || hasWaited))) {
      return ended(signsIn ? "signs-in" : "dead");
    }
    if (tries >= triesBeforeDead)
      report({ kind: "waiting", id, text: waitText(context, credential, key, patienceMs) });
    await clock.sleep(pauseMs, signal);
  }
}

function waitText(
  { kind, loginServer }: ProofContext,
  { username }: PullCredential,
  key: PasswordCredential | undefined,
  patienceMs: number,
): string {
  const who = kind === "registry" ? loginServer : "Entra";
  const whose = key ? `the key ${key.keyId}` : `a password of ${username}`;
  const unitMs = patienceMs < 120_000 ? 1_000 : 60_000;
  const longest = formatDuration(Math.ceil(patienceMs / unitMs) * unitMs);
  return `Waiting for ${who} to accept ${whose}: it is refused, but may be too new to be known everywhere; up to ${longest}`;
}

/** The result of one try. */
interface Sight {
  readonly pulls: boolean;
  readonly signsIn: boolean;
  /** When Entra called it expired, by Entra's clock; undefined if it did not. */
  readonly expired: Date | undefined;
}

/**
 * Asks the registry first, and Entra only if the registry refuses. If Entra has to accept the password too, asks both
 * at the same time. Then only Entra decides whether the password signs in.
 */
async function look(
  context: ProofContext,
  credential: PullCredential,
  entraToo: boolean,
  signal: AbortSignal,
): Promise<Sight> {
  if (context.kind !== "registry") {
    const entra = await askEntra(context, credential, signal);
    return { pulls: entra.signsIn, ...entra };
  }
  if (entraToo) {
    const [{ pulls }, entra] = await Promise.all([
      askRegistry(context, credential, signal),
      askEntra(context, credential, signal),
    ]);
    return { pulls, ...entra };
  }
  const { pulls, taken } = await askRegistry(context, credential, signal);
  if (taken) return { pulls, signsIn: true, expired: undefined };
  return { pulls, ...(await askEntra(context, credential, signal)) };
}

async function askRegistry(
  { pullProof, loginServer, image }: ProofContext,
  credential: PullCredential,
  signal: AbortSignal,
): Promise<{ readonly pulls: boolean; readonly taken: boolean }> {
  // It matters only that a pull is allowed. The proof checks whether the image exists.
  const { kind } = await pullProof.tryPull(loginServer, credential, { repository: image.repository }, signal);
  const pulls = kind === "allowed" || kind === "image-missing";
  return { pulls, taken: pulls || kind === "no-pull-scope" };
}

async function askEntra(
  { signIn }: ProofContext,
  { username, password }: PullCredential,
  signal: AbortSignal,
): Promise<Omit<Sight, "pulls">> {
  const outcome = await signIn?.signIn(username, password, signal);
  return {
    signsIn: outcome?.kind === "accepted",
    expired: outcome?.kind === "refused" && outcome.expired ? outcome.at : undefined,
  };
}
