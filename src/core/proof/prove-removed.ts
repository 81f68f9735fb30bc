import type { PullCredential } from "../../domain/docker-config.ts";
import { formatDuration } from "../../domain/duration.ts";
import type { Directory } from "../ports.ts";
import type { ProofContext } from "./prove-pull.ts";
import { isRefusedSteadily, isSteadily, manyLooks } from "./prove-steadily.ts";

/** By what a removed key is known to be gone. */
export type RemovalEvidence =
  /** Its password was tried, and is refused. */
  | "refused"
  /** No secret held its password any more; the directory lists the key no longer. */
  | "unlisted"
  /** It was removed, and nothing was looked at afterwards: with `--proof none`, or because its life was over. */
  | "untried";

/** A key that the directory has removed. */
export interface RemovedKey {
  readonly keyId: string;
  /** The application that had it, by its object id. */
  readonly objectId: string;
  /** Its password; undefined when no secret held it any more. */
  readonly credential: PullCredential | undefined;
}

/** What its proof is made with. */
export interface RemovalProof extends ProofContext {
  readonly directory: Pick<Directory, "readApplication">;
  /** Over how long a time it has to be gone, in milliseconds. */
  readonly settleMs: number;
}

/**
 * Proves that a removed key is gone: by signing in, while its text is known; else by what the directory lists.
 * @returns undefined when it is not gone everywhere within the waiting time
 */
export async function proveRemoved(
  { keyId, objectId, credential }: RemovedKey,
  proof: RemovalProof,
  signal: AbortSignal,
): Promise<RemovalEvidence | undefined> {
  const { kind, directory, clock, report, settleMs, timeoutMs } = proof;
  const steadiness = manyLooks(settleMs);
  if (credential) {
    if (kind === "none") return "untried";
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
