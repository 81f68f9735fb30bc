import type { PullCredential } from "../../domain/docker-config.ts";
import type { PasswordCredential } from "../../domain/identity.ts";
import type { ProofContext } from "./prove-pull.ts";

/** What became of a credential that a secret holds. */
export type CredentialState =
  | "pulls"
  /** The password signs in, but gives no pull: the role is missing or does not cover what is asked. */
  | "signs-in"
  | "dead";

const triesBeforeDead = 3;
const pauseMs = 1_000;
/** Passwords were seen to take this long to be known everywhere: https://github.com/hashicorp/vault/issues/27593 */
const propagationMs = 15 * 60_000;

/** What is known of a password before it is tried. */
export interface KnownOfKey {
  /** What Graph lists of it, when known. */
  readonly key: PasswordCredential | undefined;
  /** By a server's clock: this machine's may be off, and the age of a key is counted by it. */
  readonly now: Date;
  /** How long a refusal is not believed of a key that Graph does not list, or not yet, in milliseconds. */
  readonly unlistedPatienceMs?: number;
}

/**
 * Tries what a secret holds. Replicas disagree for a while about a password just made, so a refusal is believed
 * only when it repeats, and for a key that Graph lists as made minutes ago only when the waiting time is over.
 */
export async function credentialState(
  context: ProofContext,
  credential: PullCredential,
  { key, now, unlistedPatienceMs = 0 }: KnownOfKey,
  signal: AbortSignal,
): Promise<CredentialState> {
  const { clock, timeoutMs } = context;
  const start = clock.now().getTime();
  const otherText = key?.hint !== undefined && !credential.password.reveal().startsWith(key.hint);
  const ageMs = key?.startDateTime ? now.getTime() - key.startDateTime.getTime() : propagationMs;
  const patienceMs = otherText ? 0 : Math.min(timeoutMs, key ? propagationMs - ageMs : unlistedPatienceMs);
  let signsIn = false;
  for (let tries = 1; ; tries += 1) {
    const state = await look(context, credential, signal);
    if (state === "pulls") return state;
    signsIn ||= state === "signs-in";
    const waitedMs = clock.now().getTime() - start;
    if (state === "expired" || (tries >= triesBeforeDead && (signsIn || waitedMs >= patienceMs))) {
      return signsIn ? "signs-in" : "dead";
    }
    await clock.sleep(pauseMs, signal);
  }
}

async function look(
  context: ProofContext,
  credential: PullCredential,
  signal: AbortSignal,
): Promise<"pulls" | "signs-in" | "refused" | "expired"> {
  const { kind, pullProof, signIn, loginServer, image } = context;
  if (kind === "registry") {
    // Whether the image exists is the proof's business; here it matters only that a pull is allowed.
    const outcome = await pullProof.tryPull(
      loginServer,
      credential,
      { repository: image.repository },
      signal,
    );
    if (outcome.kind === "allowed" || outcome.kind === "image-missing") return "pulls";
    if (outcome.kind === "no-pull-scope") return "signs-in";
  }
  if (!signIn) return "refused";
  const outcome = await signIn.signIn(credential.username, credential.password, signal);
  if (outcome.kind === "accepted") return kind === "registry" ? "signs-in" : "pulls";
  return outcome.expired ? "expired" : "refused";
}
