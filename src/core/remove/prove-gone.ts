import { inOneLine } from "../../domain/in-one-line.ts";
import { ActionableError } from "../../domain/errors.ts";
import { Once } from "../../domain/once.ts";
import { proofImage, type ProofKind } from "../proof/prove-pull.ts";
import { proveRemoved, type RemovalEvidence, type RemovalProof } from "../proof/prove-removed.ts";
import { reportFor, type Report } from "../progress.ts";
import type { RemoveInput, RemovePorts } from "./contract.ts";
import type { Records, RemovedKeyRecord } from "./result.ts";

/** Nothing else depends on this proof, so nobody has to wait for as long as a service may take. */
const longestWaitMs = 120_000;

/** What a proof needs. */
interface Proving {
  readonly input: RemoveInput;
  readonly ports: RemovePorts;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/**
 * Tries the removed keys when everything else is done, and notes the result for each. No result is a failure: the
 * directory has removed the keys, and a service that lags or cannot be reached does not change that.
 */
export async function proveKeysGone(records: Records, proving: Proving): Promise<void> {
  const ways = new Once();
  await Promise.all(
    records.removedKeys.map(async (key) => {
      const { loginServer } = key;
      const evidence = await evidenceOf(key, { ...proving, isAlone: records.removedKeys.length === 1 }, () =>
        ways.do("way to test a key", loginServer, () => wayToTry(loginServer, proving)),
      );
      records.noteEvidence(key.keyId, evidence ?? "not-yet-refused");
    }),
  );
}

async function evidenceOf(
  { keyId, objectId, loginServer, credentials }: RemovedKeyRecord,
  proving: Proving & { readonly isAlone: boolean },
  way: () => Promise<ProofKind>,
): Promise<RemovalEvidence | undefined> {
  const { input, ports, report, signal } = proving;
  const { directory, signIn } = ports.azure;
  const id = `refusal of ${keyId}`;
  const name = proving.isAlone ? undefined : `key ${keyId}`;
  try {
    const proof: RemovalProof = {
      pullProof: ports.pullProof,
      signIn,
      clock: ports.clock,
      // Several keys are tried at the same time.
      report: reportFor((event) => report("id" in event ? { ...event, id } : event), name),
      kind: await way(),
      loginServer,
      image: proofImage({ image: undefined, repositories: [] }),
      timeoutMs: Math.min(input.timeoutMs, longestWaitMs),
      directory,
      settleMs: input.settleMs,
    };
    const tried = credentials.length > 0 ? credentials : [undefined];
    const seen = await Promise.all(
      tried.map((credential) => proveRemoved({ keyId, objectId, credential }, proof, signal)),
    );
    const [evidence] = seen;
    if (evidence === undefined || seen.includes(undefined)) {
      report({ kind: "note", level: "warning", text: lagText(keyId) });
      return undefined;
    }
    report({ kind: "done", id, text: seenTexts[evidence](keyId) });
    return evidence;
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    report({ kind: "ended", id });
    const text = `acr-pull could not test whether the removed key ${keyId} is refused: ${error.message}`;
    report({ kind: "note", level: "warning", text });
    return "untried";
  }
}

const seenTexts: Readonly<Record<RemovalEvidence, (keyId: string) => string>> = {
  refused: (keyId) => `The removed key ${keyId} is refused`,
  unlisted: (keyId) => `The directory no longer lists the removed key ${keyId}`,
  untried: (keyId) => `The key ${keyId} is removed, but its refusal was not tested`,
};

function lagText(keyId: string): string {
  return `The directory has removed the key ${keyId}, but parts of the service still accept or list it: they lag, and there is nothing for you to do`;
}

/** Asks only Entra if the registry cannot be reached from here, or is outside the cloud. */
async function wayToTry(
  loginServer: string,
  { input: { proof }, ports, report, signal }: Proving,
): Promise<ProofKind> {
  if (proof !== "registry") return proof;
  if (!ports.azure.ownsLoginServer(loginServer)) return "entra";
  try {
    await ports.pullProof.checkReachable(loginServer, signal);
    return "registry";
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    const text = `${inOneLine(loginServer)} cannot be reached to test the removed keys, so acr-pull asks only Entra: ${error.message}`;
    report({ kind: "note", level: "info", text });
    return "entra";
  }
}
