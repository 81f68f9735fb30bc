import type { PullCredential } from "../../domain/docker-config.ts";
import { formatDuration } from "../../domain/duration.ts";
import type { Directory } from "../ports.ts";
import type { ProofContext } from "./prove-pull.ts";
import { isRefusedSteadily, isSteadily, manyLooks } from "./prove-steadily.ts";

/** What shows that a removed key is gone. */
export type RemovalEvidence =
  /** Its password was tried, and is refused. */
  | "refused"
  /** No secret still held its password, and the directory no longer lists the key. */
  | "unlisted"
  /** It was removed, and its refusal was not tested: for example, because the key had ended. */
  | "untried";

/** A key that the directory has removed. */
export interface RemovedKey {
  readonly keyId: string;
  /** The object id of the application that had it. */
  readonly objectId: string;
  /** Its password; undefined if no secret still held it. */
  readonly credential: PullCredential | undefined;
}

/** What the proof of a removal needs. */
export interface RemovalProof extends ProofContext {
  readonly directory: Pick<Directory, "readApplication">;
  /** How long every look has to find it gone, in milliseconds. */
  readonly settleMs: number;
}

/**
 * Proves that a removed key is gone: by signing in if its password is known, else by what the directory lists.
 * @returns undefined if it is not gone everywhere within the waiting time
 */
export async function proveRemoved(
  { keyId, objectId, credential }: RemovedKey,
  proof: RemovalProof,
  signal: AbortSignal,
): Promise<RemovalEvidence | undefined> {
  const { directory, clock, report, settleMs, timeoutMs } = proof;
  const steadiness = manyLooks(settleMs);
  if (credential) {
    return (await isRefusedSteadily(proof, credential, steadiness, signal)) ? "refused" : undefined;
  }
  const look = async () => {
    const application = await directory.readApplication(objectId, signal);
    return application?.passwords.some((key) => key.keyId === keyId) !== true;
  };
  const onLook = (inARow: number) => {
    const text =
      inARow === 0
        ? `Waiting for Entra to refuse the removed key, up to ${formatDuration(timeoutMs)}`
        : `Checking that Entra refuses the removed key: ${inARow} of ${steadiness.times} in a row`;
    report({ kind: inARow === 0 ? "waiting" : "advanced", id: "refusal", text });
  };
  const gone = await isSteadily(look, { steadiness, timeoutMs, onLook }, clock, signal);
  report({ kind: "ended", id: "refusal" });
  return gone ? "unlisted" : undefined;
}
