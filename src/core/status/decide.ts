import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { dayText } from "../../domain/time-text.ts";
import type { LeftLink } from "../cluster/left-links.ts";
import { isMeant } from "../cluster/registry-meant.ts";
import { isChosen, namespacesRead, type ClusterView, type UnseenPlace } from "../cluster/view.ts";
import type { Finished } from "../ending.ts";
import { nameOf, ownerName } from "../identity/directory-names.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { BrokenLink, OrphanKey, StatusInput, StatusPorts, StatusResult } from "./contract.ts";
import { judgeEntries } from "./entries.ts";
import type { DirectoryFacts, Look } from "./look.ts";
import {
  cannotSearch,
  findOrphans,
  knowsOrphans,
  loginServerUnknown,
  loginServersOf,
  orphansUnknownOf,
} from "./orphans.ts";
import { findPending } from "./pending.ts";

/** What to report about what was seen. */
export function finished(
  look: Look,
  input: StatusInput,
  { process, clock }: StatusPorts,
): Finished<StatusResult> {
  const { seen, unseen, facts, leftLinks } = look;
  const directory = facts instanceof ActionableError ? undefined : facts;
  const now = look.azureTime ?? clock.now();
  const orphans = orphansResult(look, input);
  const result: StatusResult = {
    entries: seen.flatMap((cluster) => judgeEntries(cluster, { directory, now, input })),
    ...orphans,
    ...look.attachments,
    brokenLinks: seen.flatMap(({ clusterId }) =>
      brokenLinks(clusterId, leftLinks.get(clusterId) ?? [], orphans.orphans ?? []),
    ),
    pending: seen.flatMap((cluster) => findPending(cluster, input, now, process)),
    scopes: seen.map((cluster) => ({
      context: cluster.cluster.context,
      clusterId: cluster.clusterId,
      whole: cluster.whole,
      namespaces: namespacesRead(cluster),
    })),
    unseen: unseen.map(({ context, namespace, error: { code, message } }) => ({
      context,
      namespace: namespace ?? null,
      error: { code, message },
    })),
    missing: look.missing,
    warnings: [
      ...(directory ? applicationWarnings(directory) : []),
      ...seen.flatMap((cluster) => secretWarnings(cluster, input)),
    ],
  };
  const failure = failureOf(unseen, seen);
  if (failure) {
    const { code, message, hint, docs, requestId, retryable, exitCode } = failure;
    const error = { code, message, hint, docs, requestId, retryable, cause: failure };
    return { kind: "finished", result, exitCode, error };
  }
  return {
    kind: "finished",
    result,
    exitCode: isInOrder(result, now) ? exitCode.ok : exitCode.notInOrder,
  };
}

function orphansResult(
  { seen, facts, unsearched }: Look,
  { registry }: StatusInput,
): Pick<StatusResult, "orphans" | "orphansUnknown"> {
  if (facts instanceof ActionableError) {
    const { code, message: why } = facts;
    const message = `the directory was not asked, and only the directory knows whether a key was removed or its principal is disabled. ${why}`;
    return { orphans: null, orphansUnknown: { code, message } };
  }
  const [ofCluster] = seen.flatMap((cluster) => orphansUnknownOf(cluster) ?? []);
  const hasLoginServer = !registry || loginServersOf(seen, registry).length > 0;
  const orphansUnknown =
    ofCluster ?? (hasLoginServer ? unsearched && cannotSearch(unsearched) : loginServerUnknown());
  return {
    // A cluster whose orphans are not known does not hide the orphans of another.
    orphans: hasLoginServer && seen.some(knowsOrphans) ? findOrphans(seen, facts, registry) : null,
    ...(orphansUnknown && { orphansUnknown }),
  };
}

/**
 * Why the answer is incomplete: a cluster or a namespace did not answer, a chosen namespace may not be read, or
 * nothing in a cluster could be read. A forbidden namespace that nobody chose is no failure, because others may keep
 * their namespaces to themselves.
 */
function failureOf(
  unseen: readonly UnseenPlace[],
  seen: readonly ClusterView[],
): ActionableError | undefined {
  const silent = unseen.find(
    ({ namespace, error }) => namespace === undefined || !hasCode(error, "kubernetes.forbidden"),
  );
  if (silent) return silent.error;
  return seen.flatMap(({ missed, namespaces, oneByOne }) =>
    namespaces !== undefined || missed.length === oneByOne.length ? missed : [],
  )[0]?.error;
}

/**
 * The links that acr-pull made, according to the API server's record. If there is no record of the writer, a link
 * counts only while a key is left that was made for the cluster and that no secret names.
 */
function brokenLinks(
  clusterId: string,
  links: readonly LeftLink[],
  orphans: readonly OrphanKey[],
): BrokenLink[] {
  const hasOrphan = orphans.some((orphan) => orphan.clusterId === clusterId);
  return links
    .filter(({ writer }) => writer === "acr-pull" || (writer === "unknown" && hasOrphan))
    .map(({ cluster: { context }, namespace, account, secretName }) => {
      return { context, clusterId, namespace, serviceAccount: account, secret: secretName };
    });
}

/** Whether nobody has to act, judging by what was seen. */
function isInOrder(
  { entries, orphans, brokenLinks, pending, missing, attachments = [] }: StatusResult,
  now: Date,
): boolean {
  const lives = ({ expiresAt }: OrphanKey) => expiresAt === null || Date.parse(expiresAt) > now.getTime();
  return (
    entries.every(({ state }) => state === "ok" || state === "pending") &&
    !(orphans ?? []).some(lives) &&
    brokenLinks.length === 0 &&
    attachments.every(({ state }) => state === "ok" || state === "unknown") &&
    missing.length === 0 &&
    !pending.some(({ overdue }) => overdue)
  );
}

/** Warnings about trouble that the applications will cause one day. */
function applicationWarnings(directory: DirectoryFacts): StatusResult["warnings"] {
  return [...directory].flatMap(
    ([appId, { application, owners, principal, certificates, policy, unread }]) => {
      if (!application) return [];
      const [only, ...others] = owners ?? [];
      const said: Array<StatusResult["warnings"][number]> = [];
      if (only?.kind === "user" && others.length === 0) {
        said.push({
          code: "application.one-owner",
          appId,
          message: `${nameOf(application)} has one owner, the user ${ownerName(only)}: when that person leaves, only an administrator can renew its password. Add another owner: acr-pull setup --owner OBJECT_ID`,
        });
      }
      if (typeof principal === "object" && principal.passwords.length + (certificates ?? 0) > 0) {
        said.push({
          code: "service-principal.own-credentials",
          appId,
          message: `The service principal of ${nameOf(application)} has credentials of its own, which acr-pull did not make and does not rotate`,
        });
      }
      if (policy?.passwords === "forbidden") {
        const { forbiddenToMadeAfter: after } = policy;
        const ends = application.passwords.flatMap(({ endDateTime }) => endDateTime?.getTime() ?? []);
        const outlook =
          ends.length === 0
            ? "it can get no new key"
            : `its key expires on ${dayText(new Date(Math.max(...ends)))} and cannot be renewed`;
        said.push({
          code: "application.passwords-forbidden",
          appId,
          message: `The tenant forbids new passwords for ${nameOf(application)}${after ? ` and for all applications made after ${dayText(after)}` : ""}: ${outlook} without an exemption`,
        });
      }
      if (unread) {
        const unknown = [
          ...(principal ? [] : ["whether its service principal exists and may sign in"]),
          ...(owners ? [] : ["whether it has more than one owner"]),
          ...(typeof principal !== "object" || certificates !== undefined
            ? []
            : ["whether its service principal has certificates"]),
        ];
        said.push({
          code: "application.unread",
          appId,
          message: `For ${nameOf(application)}, acr-pull could not read ${unknown.join(" or ")}: ${unread.message.replace(/\.$/, "")}`,
        });
      }
      return said;
    },
  );
}

/** Warnings about secrets that were asked for and are immutable: nobody can write them when their password expires. */
function secretWarnings(
  managed: ClusterView,
  { registry, secretName }: Pick<StatusInput, "registry" | "secretName">,
): StatusResult["warnings"] {
  const { cluster } = managed;
  return managed.secrets
    .filter((secret) => secret.immutable && isChosen(secret, managed, secretName))
    .flatMap((secret) =>
      Object.entries(secret.marks)
        .filter(([loginServer, mark]) => isMeant(registry, loginServer, mark.registry))
        .flatMap(([, { appId }]) => {
          if (appId === undefined) return [];
          const name = targetName({ cluster, namespace: secret.namespace, name: secret.name });
          const message = `${name} is immutable: pulls work, but rotate and remove cannot write it. Before its password expires, delete it and run the same setup again`;
          return [{ code: "secret.immutable", appId, message }];
        }),
    );
}
