import pMap from "p-map";
import { ActionableError, hasCode, refused } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import type { PodObject, ServiceAccountObject } from "../../domain/kubernetes-objects.ts";
import { listWriter } from "../../domain/other-writers.ts";
import type { LeftLink } from "../cluster/left-links.ts";
import { rehearseUnlink, type ServiceAccountLink } from "../cluster/service-account.ts";
import type { Cluster } from "../ports.ts";
import { entryEnd, type MarkedSecret } from "../turn/entry-removal.ts";
import type { KeptReason, RemoveInput } from "./contract.ts";
import { atOnce } from "../at-once.ts";

/** What names the secrets whose entries are removed. */
export interface SecretUsers {
  /** Service accounts to unlink a secret from. */
  readonly links: readonly ServiceAccountLink[];
  readonly keptLinks: ReadonlyArray<{ readonly link: ServiceAccountLink; readonly reason: KeptReason }>;
  /** Pods and service accounts, in words, that will still name a secret but can no longer pull with it. */
  readonly stillNaming: readonly string[];
  /** What could not be looked at, in words; only with `--force`. */
  readonly unseen: readonly string[];
  /** Links that stay although their secret is gone: nothing shows who made them. */
  readonly danglingLinks: readonly ServiceAccountLink[];
}

/**
 * Finds what names the secrets. If a secret is deleted, its links are removed, unless the API server's record shows
 * that somebody else wrote the account's list. Such an account counts as a user of the secret, and so does every pod
 * that may still pull. Most accounts have no record: `default`, for example, is made without a list, so setup is the
 * first to write one. If a secret stays for other hosts, it loses only the links that acr-pull wrote for certain, and
 * only pods that pull from this registry count as its users.
 * @throws ActionableError `remove.still-named`, exit 2, unless the user agreed to that; `kubernetes.forbidden`, exit
 *   3, if the caller may not look; `service-account.not-found`, exit 2
 */
export async function findUsers(
  entries: readonly MarkedSecret[],
  input: RemoveInput,
  signal: AbortSignal,
): Promise<SecretUsers> {
  const namespaces = [...new Set(entries.map(({ target }) => target.namespace))];
  const found = await pMap(
    namespaces,
    (namespace) =>
      usersIn(
        entries.filter(({ target }) => target.namespace === namespace),
        input,
        signal,
      ),
    atOnce,
  );
  refuseUnknown(entries, found, input);
  const users: SecretUsers = {
    links: found.flatMap(({ links }) => links),
    keptLinks: found.flatMap(({ keptLinks }) => keptLinks),
    stillNaming: found.flatMap(({ stillNaming }) => stillNaming),
    unseen: found.flatMap(({ unseen }) => unseen),
    danglingLinks: [],
  };
  if (users.stillNaming.length > 0 && !input.force) throw stillNamed(users.stillNaming);
  return users;
}

/** Adds the links to secrets that are gone; `isUndone` says which of these are removed. */
export function withLeftLinks(
  users: SecretUsers,
  left: readonly LeftLink[],
  isUndone: (link: LeftLink) => boolean,
): SecretUsers {
  return {
    ...users,
    links: [...users.links, ...left.filter(isUndone)],
    danglingLinks: left.filter((link) => link.writer === "unknown" && !isUndone(link)),
  };
}

/** Asks before the first write, as for everything that will be written. */
export async function rehearseUnlinking({ links }: SecretUsers, signal: AbortSignal): Promise<void> {
  await pMap(links, (link) => rehearseUnlink(link, signal), atOnce);
}

interface UsersInNamespace extends Omit<SecretUsers, "danglingLinks"> {
  readonly accounts: readonly string[];
}

async function usersIn(
  entries: readonly MarkedSecret[],
  input: RemoveInput,
  signal: AbortSignal,
): Promise<UsersInNamespace> {
  const [first] = entries;
  if (!first) throw new TypeError("a namespace is looked at for an entry in it");
  const { cluster, namespace } = first.target;
  const unseen: string[] = [];
  const look = async <T>(list: Promise<readonly T[]>, what: string): Promise<readonly T[]> => {
    try {
      return await list;
    } catch (error) {
      if (!input.force || !hasCode(error, "kubernetes.forbidden")) throw withWayOut(error, what);
      unseen.push(`${what} in namespace ${namespace} of context ${inOneLine(cluster.context)}`);
      return [];
    }
  };
  const [accounts, pods] = await Promise.all([
    look(readAccounts(cluster, namespace, input, signal), "service accounts"),
    look(cluster.listPods(namespace, signal), "pods"),
  ]);
  const users = entries.map((entry) => usersOf(entry, accounts, pods, input));
  return {
    links: users.flatMap(({ links }) => links),
    keptLinks: users.flatMap(({ keptLinks }) => keptLinks),
    stillNaming: users.flatMap(({ stillNaming }) => stillNaming),
    unseen,
    accounts: accounts.map(({ name }) => name),
  };
}

async function readAccounts(
  cluster: Cluster,
  namespace: string,
  { serviceAccounts }: RemoveInput,
  signal: AbortSignal,
): Promise<readonly ServiceAccountObject[]> {
  if (serviceAccounts.length === 0) return cluster.listAccountLinks(namespace, signal);
  const found = await pMap(
    serviceAccounts,
    (name) => cluster.findServiceAccount(namespace, name, signal),
    atOnce,
  );
  return found.filter((account) => account !== undefined);
}

function usersOf(
  entry: MarkedSecret,
  accounts: readonly ServiceAccountObject[],
  pods: readonly PodObject[],
  { serviceAccounts }: RemoveInput,
): Omit<SecretUsers, "unseen" | "danglingLinks"> {
  const { target, marks, loginServer } = entry;
  const { cluster, namespace, name: secretName } = target;
  const goes = entry.secret.deleting || entryEnd(entry).kind === "delete";
  const servesOurs = Object.keys(marks).length > 1;
  const links: ServiceAccountLink[] = [];
  const keptLinks: Array<SecretUsers["keptLinks"][number]> = [];
  const stillNaming: string[] = [];
  const place = `${inOneLine(cluster.context)}/${namespace}`;
  for (const one of accounts) {
    if (!one.imagePullSecrets.includes(secretName)) continue;
    const { name: account } = one;
    const link = { cluster, namespace, account, secretName };
    const writer = listWriter(one);
    const byOthers = writer === "others";
    const isUndone = goes ? !byOthers : writer === "acr-pull" && !servesOurs;
    if (serviceAccounts.length > 0 || isUndone) links.push(link);
    else {
      keptLinks.push({ link, reason: byOthers ? "linked-by-others" : "holds-other-entries" });
      if (goes) stillNaming.push(`service account ${place}/${account}`);
    }
  }
  for (const pod of pods) {
    if (pod.over || !pod.imagePullSecrets.includes(secretName)) continue;
    const pullsHere = pod.containers.some(({ image }) => image.toLowerCase().startsWith(`${loginServer}/`));
    if (goes || pullsHere) stillNaming.push(`pod ${place}/${pod.name}`);
  }
  return { links, keptLinks, stillNaming };
}

/** An account that the user named has to be in at least one of the namespaces. */
function refuseUnknown(
  entries: readonly MarkedSecret[],
  found: readonly UsersInNamespace[],
  { serviceAccounts }: RemoveInput,
): void {
  if (entries.length === 0) return;
  const known = new Set(found.flatMap(({ accounts }) => accounts));
  const unknown = serviceAccounts.filter((name) => !known.has(name));
  if (unknown.length === 0 || found.some(({ unseen }) => unseen.length > 0)) return;
  throw refused(
    "service-account.not-found",
    `There is no service account ${unknown.join(", ")} in the namespaces of these secrets.`,
    "Check --service-account. Without it, acr-pull unlinks every account that it linked.",
  );
}

const mostNamed = 20;

function stillNamed(names: readonly string[]): ActionableError {
  const shown = names.slice(0, mostNamed).map((name) => `  ${name}`);
  const more = names.length - shown.length;
  return refused(
    "remove.still-named",
    `The secret is still in use, so nothing was removed:\n${[...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n")}`,
    "Delete these, or make them pull with another secret first. Name a service account that may lose the secret with --service-account. --force removes the secret anyway: Running pods keep running, but cannot pull again.",
  );
}

/** Adds `--force` to the hint: it also allows removing a secret when nobody can see what names it. */
function withWayOut(error: unknown, what: string): unknown {
  if (!hasCode(error, "kubernetes.forbidden")) return error;
  const { code, hint, docs, requestId, status, exitCode } = error;
  return new ActionableError(
    error.message,
    {
      code,
      hint: `${hint ?? ""} Or add --force to remove it, no matter which ${what} name it.`.trim(),
      docs,
      requestId,
      status,
      exitCode,
    },
    { cause: error },
  );
}
