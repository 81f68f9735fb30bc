import { dockerConfigKey, type PullCredential } from "../../domain/docker-config.ts";
import { heldText } from "../../domain/held-text.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { entriesAnnotation, type EntryMark } from "../../domain/ownership.ts";
import { entryFor, troubleOf, type PullSecret } from "../../domain/pull-secret.ts";
import { isRenewalDue, type KeyLife } from "../../domain/renewal.ts";
import { timeText } from "../../domain/time-text.ts";
import { isMeant } from "../cluster/registry-meant.ts";
import { isChosen, type ClusterView } from "../cluster/view.ts";
import { mayHoldYoungKey } from "../proof/credential-state.ts";
import type { DirectoryFacts } from "./look.ts";
import type { StaleCause, StatusEntry, StatusInput } from "./contract.ts";

const dayMs = 86_400_000;

/** What an entry is judged by. */
interface Judgement {
  /** Undefined if the directory could not be asked. */
  readonly directory: DirectoryFacts | undefined;
  /** Azure's time if Azure was asked, else the cluster's. */
  readonly now: Date;
  readonly input: Pick<StatusInput, "registry" | "secretName">;
}

/** Every managed entry of a cluster that was asked for, with its state. */
export function judgeEntries(cluster: ClusterView, judgement: Judgement): StatusEntry[] {
  const { secretName } = judgement.input;
  const replaced = replacedKeys(cluster);
  return cluster.secrets
    .filter((secret) => isChosen(secret, cluster, secretName))
    .flatMap((secret) => entriesOf(secret, cluster, replaced, judgement));
}

/** Keys that a secret of the cluster was changed over from, each with its login server and application. */
function replacedKeys({ clusterId, secrets }: ClusterView): ReadonlySet<string> {
  return new Set(
    secrets.flatMap((secret) =>
      Object.entries(secret.marks).flatMap(([loginServer, { clusterId: of, appId, retire }]) =>
        of === clusterId && appId !== undefined && typeof retire?.keyId === "string"
          ? [nameOf(loginServer, appId, retire.keyId)]
          : [],
      ),
    ),
  );
}

function nameOf(loginServer: string, appId: string, keyId: string): string {
  return `${loginServer} ${appId} ${keyId}`;
}

function entriesOf(
  secret: PullSecret,
  cluster: ClusterView,
  replaced: ReadonlySet<string>,
  judgement: Judgement,
): StatusEntry[] {
  const {
    clusterId,
    cluster: { context },
  } = cluster;
  const { namespace, name } = secret;
  const place = { context, clusterId, namespace, name };
  const reconciled = troubleOf(secret, "reconciled");
  const appliedBy = reconciled?.appliesDocuments ? inOneLine(reconciled.by) : undefined;
  // acr-pull removes its label together with the last mark, so a labelled secret without marks was changed by others.
  if (secret.annotations[entriesAnnotation] === undefined)
    return [{ ...place, ...unknownEntry, state: "foreign-change", reason: "its marks are gone" }];
  if (troubleOf(secret, "marks-malformed"))
    return [{ ...place, ...unknownEntry, state: "foreign-change", reason: "its marks cannot be read" }];
  return Object.entries(secret.marks)
    .filter(([loginServer, { registry }]) => isMeant(judgement.input.registry, loginServer, registry))
    .map(([loginServer, mark]) => {
      const held = heldBy(secret, loginServer);
      const key = keyOf(mark, judgement.directory);
      const expiresAt = timeText(key?.endDateTime) ?? timeText(timeOf(mark.expiresAt));
      const createdAt = timeText(key?.startDateTime);
      const verdict = stateOf(
        { mark, held, secret, loginServer, createdAt, expiresAt },
        cluster,
        replaced,
        judgement,
      );
      return {
        ...place,
        loginServer,
        registry: mark.registry,
        appId: mark.appId ?? null,
        keyId: mark.keyId ?? null,
        createdAt,
        expiresAt,
        daysLeft:
          expiresAt === null ? null : Math.floor((Date.parse(expiresAt) - judgement.now.getTime()) / dayMs),
        ...verdict,
        ...(appliedBy !== undefined && { appliedBy }),
      };
    });
}

const unknownEntry = {
  loginServer: null,
  registry: null,
  appId: null,
  keyId: null,
  createdAt: null,
  expiresAt: null,
  daysLeft: null,
} as const;

/** What a secret's data holds for a registry, whatever its mark says. */
interface Held {
  readonly credential: PullCredential | undefined;
  /** Why nothing can be read from it. */
  readonly trouble: string | undefined;
}

function heldBy(secret: PullSecret, loginServer: string): Held {
  if (troubleOf(secret, "wrong-type"))
    return { credential: undefined, trouble: `its type is ${inOneLine(secret.type)}` };
  const malformed = troubleOf(secret, "malformed");
  return {
    credential: entryFor(secret, loginServer).credential,
    trouble: malformed && `its ${dockerConfigKey} ${malformed.why}`,
  };
}

/** Marks are validated when they are parsed, so the text is a valid time. */
function timeOf(text: string | null | undefined): Date | undefined {
  return typeof text === "string" ? new Date(text) : undefined;
}

function keyOf({ appId, keyId }: EntryMark, directory: DirectoryFacts | undefined) {
  if (appId === undefined || typeof keyId !== "string") return undefined;
  return directory?.get(appId)?.application?.passwords.find((one) => one.keyId === keyId);
}

interface Subject extends KeyLife {
  readonly mark: EntryMark;
  readonly held: Held;
  readonly secret: PullSecret;
  readonly loginServer: string;
}

/** The worst state that is true of an entry, and why. */
function stateOf(
  subject: Subject,
  cluster: ClusterView,
  replaced: ReadonlySet<string>,
  judgement: Judgement,
): Pick<StatusEntry, "state" | "reason" | "cause"> {
  const { mark, expiresAt } = subject;
  if (isEmptied(subject, cluster)) return { state: "pending" };
  const changed = foreignChange(subject, cluster, judgement.directory);
  if (changed !== undefined) return { state: "foreign-change", reason: changed };
  const { now } = judgement;
  const leftMs = expiresAt === null ? Infinity : Date.parse(expiresAt) - now.getTime();
  if (leftMs <= 0) return { state: "expired" };
  const cause = staleBecause(subject, replaced, judgement.directory);
  if (cause !== undefined) {
    const young = mayHoldYoungKey(subject.secret, cluster.cluster) ? youngReasons[cause] : undefined;
    return { state: "stale-key", cause, reason: young ?? staleReasons[cause] };
  }
  if (isRenewalDue(subject, now)) return { state: "expiring" };
  return { state: mark.pending || mark.retire ? "pending" : "ok" };
}

/** Whether an unfinished removal has taken the password out. It may also have removed the key. */
function isEmptied({ mark, held }: Subject, { clusterId }: ClusterView): boolean {
  const isGone = held.credential === undefined && held.trouble === undefined;
  return mark.pending?.removes === true && mark.clusterId === clusterId && isGone;
}

const staleReasons: Readonly<Record<StaleCause, string>> = {
  "key-replaced": "other secrets of the cluster were given a newer key",
  "key-removed": "the directory no longer lists its key",
  "application-gone":
    "its application is gone, or belongs to a tenant other than the one you are signed in to",
  "principal-gone": "its application's service principal is gone",
  "principal-disabled": "its application's service principal is disabled and may not sign in",
};

/** The same for a secret that was written minutes ago: the parts of the directory that were asked may lag. */
const youngReasons: Readonly<Partial<Record<StaleCause, string>>> = {
  "key-removed":
    "the directory does not list its key, which was removed or is too new to be known everywhere",
  "application-gone":
    "its application is gone, is too new to be known everywhere, or belongs to a tenant other than the one you are signed in to",
  "principal-gone":
    "the directory does not know the service principal of its application, which is gone or too new to be known everywhere",
};

/** How a secret differs from what its mark says; undefined when it does not. */
function foreignChange(
  { mark, held, secret, loginServer }: Subject,
  { clusterId }: ClusterView,
  directory: DirectoryFacts | undefined,
): string | undefined {
  if (secret.deleting) return `it is being deleted${heldText(secret.finalizers)}`;
  const reconciled = troubleOf(secret, "reconciled");
  if (reconciled && !reconciled.appliesDocuments) return `${inOneLine(reconciled.by)} writes it`;
  if (mark.clusterId !== clusterId) return "its mark belongs to another cluster";
  if (held.trouble !== undefined) return held.trouble;
  const { credential } = held;
  // The first key is being made. The entry is written once the key is proven.
  if (mark.appId === undefined && mark.pending && !credential) return undefined;
  if (mark.appId === undefined)
    return credential
      ? `it holds a credential for ${loginServer} without a mark`
      : `it holds nothing for ${loginServer}, and no run is at work that would write a key`;
  if (!credential) return `it no longer holds anything for ${loginServer}`;
  if (credential.username !== mark.appId) return "it holds another user name than its mark says";
  if (credential.password.reveal() === "") return "it holds no password";
  const hint = keyOf(mark, directory)?.hint;
  if (hint !== undefined && !credential.password.reveal().startsWith(hint))
    return "it holds another password than its mark says";
  return undefined;
}

/** Why a key should no longer be used to pull; undefined if nothing speaks against it. */
function staleBecause(
  { mark: { appId, keyId, pending }, loginServer }: Subject,
  replaced: ReadonlySet<string>,
  directory: DirectoryFacts | undefined,
): StaleCause | undefined {
  if (appId === undefined || typeof keyId !== "string") return undefined;
  if (replaced.has(nameOf(loginServer, appId, keyId)) && !pending) return "key-replaced";
  const facts = directory?.get(appId);
  if (!facts) return undefined;
  if (!facts.application) return "application-gone";
  if (facts.principal === "absent") return "principal-gone";
  if (facts.principal?.enabled === false) return "principal-disabled";
  const isListed = facts.application.passwords.some((one) => one.keyId === keyId);
  return isListed ? undefined : "key-removed";
}
