import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Application, PasswordCredential } from "../../domain/identity.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { keyOrigin } from "../../domain/ownership.ts";
import { timeText } from "../../domain/time-text.ts";
import { azureNow } from "../clocks.ts";
import { keyHolders } from "../cluster/key-holders.ts";
import type { ClusterView } from "../cluster/view.ts";
import { nameOf } from "../identity/directory-names.ts";
import { foreseeRefusedChange, foreseenText } from "../identity/foreseen-refusal.ts";
import type { Clock, Directory } from "../ports.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { PrunePlan } from "./contract.ts";
import type { DirectoryAnswer, DirectoryFacts } from "./look.ts";
import { cannotListAll, orphansUnknownOf, type OrphansUnknown } from "./orphans.ts";

/** A key that may be removed: acr-pull made it for a cluster in which nothing names or holds it. */
interface Prunable {
  readonly application: Application;
  readonly key: PasswordCredential;
  /** The refusal that is to be expected, if any. */
  readonly foreseen: ActionableError | undefined;
}

/**
 * Finds a key by its id and makes sure that it is an orphan, because a removed password cannot be restored.
 * @throws ActionableError `status.key-not-found`, `status.key-not-ours`, `status.key-in-use`, exit 2;
 *   `status.cannot-see-all-namespaces`, `status.cluster-not-known`, exit 3; whatever prevented the search for
 *   applications that no secret names
 */
export async function findPrunable(
  keyId: string,
  { seen, facts, unsearched }: DirectoryAnswer & { readonly seen: readonly ClusterView[] },
  { directory, clock }: { readonly directory: Directory; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Prunable> {
  const found = [...facts.values()]
    .flatMap(({ application }) => application ?? [])
    .flatMap((application) => application.passwords.map((key) => ({ application, key })))
    .find(({ key }) => key.keyId === keyId);
  const [unseen] = seen.flatMap((one) => orphansUnknownOf(one) ?? []);
  if (!found) throw unsearched ?? (unseen ? notWhole(keyId, unseen) : notFound(keyId, facts));
  const origin = keyOrigin(found.key);
  const cluster = seen.find(({ clusterId }) => clusterId === origin?.clusterId);
  if (!cluster) throw notOurs(found);
  const unknown = orphansUnknownOf(cluster);
  if (unknown) throw notWhole(keyId, unknown);
  const now = azureNow(directory, clock);
  const holders = await Promise.all(
    seen.map((one) => holdersOf(found, one, { isItsOwn: one === cluster, now }, signal)),
  );
  const [first, ...more] = holders.flat();
  if (first !== undefined) throw inUse(keyId, first, more.length);
  const caller = await directory.caller(signal);
  const deed = "remove a password of it";
  return {
    ...found,
    foreseen: await foreseeRefusedChange(found.application, { directory, caller }, signal, deed),
  };
}

/**
 * Secrets that hold a key by their bytes, whoever wrote them, or name it in their marks, even without our label. They
 * are listed again, because they may have been written after the first look and before the key was looked up.
 * @param isItsOwn whether the key was made for this cluster; any other chosen cluster can only hold a copy
 * @param now by Azure's clock
 */
async function holdersOf(
  { application, key }: Pick<Prunable, "application" | "key">,
  { cluster, secrets, contexts }: ClusterView,
  { isItsOwn, now }: { readonly isItsOwn: boolean; readonly now: Date },
  signal: AbortSignal,
): Promise<string[]> {
  const listed = await cluster.listPullSecrets(signal);
  if (!listed && isItsOwn) throw notWhole(key.keyId, cannotListAll(contexts));
  // Secrets of another type are not in this list: they were seen by their label alone.
  const all = new Map([...secrets, ...(listed ?? [])].map((one) => [`${one.namespace}/${one.name}`, one]));
  const holders = keyHolders([...all.values()], application, now).get(key.keyId) ?? [];
  return holders.map(({ namespace, name }) => targetName({ cluster, namespace, name }));
}

/** What removing the key does. */
export function prunePlan({ application, key, foreseen }: Prunable): PrunePlan {
  const { keyId, startDateTime, endDateTime } = key;
  const before = { keyId, createdAt: timeText(startDateTime), expiresAt: timeText(endDateTime) };
  return {
    changes: [{ target: `key ${keyId} of ${nameOf(application)}`, action: "removed", before, after: null }],
    warnings: foreseen ? [foreseenText(foreseen)] : [],
  };
}

function notFound(keyId: string, facts: DirectoryFacts): ActionableError {
  const names = [...facts.values()].flatMap(({ application }) => (application ? [nameOf(application)] : []));
  return refused(
    "status.key-not-found",
    names.length === 0
      ? "No visible secret names an application, and none is left that has a key of this cluster."
      : `The key ${keyId} does not belong to ${names.join(", ")}.`,
    "acr-pull status lists the orphaned keys. A key that was just removed may be gone already.",
  );
}

function notOurs({ application, key }: Pick<Prunable, "application" | "key">): ActionableError {
  const origin = keyOrigin(key);
  return refused(
    "status.key-not-ours",
    origin === undefined
      ? `acr-pull did not make the key ${key.keyId} of ${nameOf(application)}, so it is not removed.`
      : `The key ${key.keyId} of ${nameOf(application)} was made for the cluster ${inOneLine(origin.clusterId)}, which was not among those chosen.`,
    origin === undefined
      ? `If nobody needs it: az ad app credential delete --id ${application.appId} --key-id ${key.keyId}`
      : "Run the command with a --context of that cluster.",
  );
}

function notWhole(keyId: string, { code, message }: OrphansUnknown): ActionableError {
  return new ActionableError(`The key ${keyId} is not removed: ${message}.`, {
    code,
    hint:
      code === "status.cluster-not-known"
        ? "Ask for the right to get the namespace kube-system, or name the cluster with --cluster-id. Then run the same command again."
        : "Ask for the right to list secrets cluster-wide, then run the same command again.",
    exitCode: exitCode.notAllowed,
  });
}

function inUse(keyId: string, holder: string, more: number): ActionableError {
  const others = more === 0 ? "" : ` and ${more} more`;
  return refused(
    "status.key-in-use",
    `The key ${keyId} is not an orphan, so it is not removed: ${holder}${others} may hold it, according to the secret's marks or the start of its password.`,
    "acr-pull rotate replaces a key that is in use, and retires the previous one. A copy that nobody needs can be deleted.",
  );
}
