import { ActionableError, refused } from "../../../domain/errors.ts";
import { exitCode } from "../../../domain/exit-code.ts";
import type { Application, PasswordCredential } from "../../../domain/identity.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import { keyOrigin, readableMarks } from "../../../domain/ownership.ts";
import { timeText } from "../../../domain/time-text.ts";
import { credentialsIn } from "../../holders/holders.ts";
import type { ManagedSecrets } from "../../holders/see-managed.ts";
import type { Directory } from "../../ports.ts";
import { checkMayChange } from "../../steps/application.ts";
import { nameOf } from "../../steps/directory-names.ts";
import { targetName } from "../../steps/pull-secret.ts";
import type { PrunePlan } from "../status-contract.ts";
import type { DirectoryFacts } from "./ask-directory.ts";
import { isKnown } from "./find-orphans.ts";

/** A key that may be removed: acr-pull made it for a cluster in which nothing names or holds it. */
export interface Prunable {
  readonly application: Application;
  readonly key: PasswordCredential;
}

/**
 * Finds a key by its id and makes sure that it is an orphan: a removed password is gone for good.
 * @throws ActionableError `status.key-not-found`, `status.key-not-ours`, `status.key-in-use`, exit 2;
 *   `status.cannot-see-all-namespaces`, exit 3; what stands against changing the application
 */
export async function findPrunable(
  keyId: string,
  seen: readonly ManagedSecrets[],
  facts: DirectoryFacts,
  directory: Directory,
  signal: AbortSignal,
): Promise<Prunable> {
  const found = [...facts.values()]
    .flatMap(({ application }) => application ?? [])
    .flatMap((application) => application.passwords.map((key) => ({ application, key })))
    .find(({ key }) => key.keyId === keyId);
  if (!found) throw notFound(keyId, facts);
  const origin = keyOrigin(found.key);
  const cluster = seen.find(({ clusterId }) => clusterId === origin?.clusterId);
  if (!cluster) throw notOurs(found);
  if (!cluster.whole) throw notWhole(keyId, cluster);
  if (isKnown(found.key, cluster)) throw inUse(keyId, "the marks on secrets of the cluster name it");
  const holders = await holdersByBytes(found, cluster, signal);
  if (holders.length > 0) throw inUse(keyId, `it seems to be held by ${holders.join(", ")}`);
  await checkMayChange(found.application, directory, await directory.caller(signal), signal);
  return found;
}

/** Secrets, also those that nobody labelled, whose password begins as the key does and is no other key's. */
async function holdersByBytes(
  { application, key }: Prunable,
  { cluster, secrets }: ManagedSecrets,
  signal: AbortSignal,
): Promise<string[]> {
  const { hint } = key;
  if (hint === undefined) return [];
  const listed = (await cluster.listPullSecrets(signal)) ?? secrets;
  return listed
    .filter((secret) => {
      const marks = readableMarks(secret);
      return credentialsIn(secret).some(({ host, username, password }) => {
        const named = marks[host]?.keyId;
        const isAnother =
          typeof named === "string" && application.passwords.some((one) => one.keyId === named);
        return username === application.appId && !isAnother && password.reveal().startsWith(hint);
      });
    })
    .map(({ namespace, name }) => targetName({ cluster, namespace, name }));
}

/** What removing it does. */
export function prunePlan({ application, key }: Prunable): PrunePlan {
  const { keyId, startDateTime, endDateTime } = key;
  const before = { keyId, createdAt: timeText(startDateTime), expiresAt: timeText(endDateTime) };
  return {
    changes: [{ target: `key ${keyId} of ${nameOf(application)}`, action: "removed", before, after: null }],
    warnings: [],
  };
}

function notFound(keyId: string, facts: DirectoryFacts): ActionableError {
  const names = [...facts.values()].flatMap(({ application }) => (application ? [nameOf(application)] : []));
  return refused(
    "status.key-not-found",
    names.length === 0
      ? "No secret that can be seen names an application, so there is no key to look for."
      : `The key ${keyId} is none of ${names.join(", ")}.`,
    "acr-pull status lists the orphaned keys. One that was removed a moment ago may be gone already.",
  );
}

function notOurs({ application, key }: Prunable): ActionableError {
  const origin = keyOrigin(key);
  return refused(
    "status.key-not-ours",
    origin === undefined
      ? `acr-pull did not make the key ${key.keyId} of ${nameOf(application)}, so it is not removed.`
      : `The key ${key.keyId} of ${nameOf(application)} was made for the cluster ${inOneLine(origin.clusterId)}, which is none of those that were looked at.`,
    origin === undefined
      ? `If nobody needs it: az ad app credential delete --id ${application.appId} --key-id ${key.keyId}`
      : "Run the command with a --context of that cluster.",
  );
}

function notWhole(keyId: string, { contexts }: ManagedSecrets): ActionableError {
  return new ActionableError(
    `The key ${keyId} is not removed: secrets may not be listed in every namespace of context ${contexts.map(inOneLine).join(", ")}, so another one may hold it.`,
    {
      code: "status.cannot-see-all-namespaces",
      hint: "Get the right to list secrets cluster-wide, then run the same command again.",
      exitCode: exitCode.notAllowed,
    },
  );
}

function inUse(keyId: string, why: string): ActionableError {
  return refused(
    "status.key-in-use",
    `The key ${keyId} is no orphan, so it is not removed: ${why}.`,
    "acr-pull rotate replaces a key that is in use, and retires the one before it.",
  );
}
