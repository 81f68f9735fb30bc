import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { namedAs } from "../cluster/registry-meant.ts";
import { readEntry } from "../turn/entry-removal.ts";
import { removeEntry } from "../turn/remove-entry.ts";
import { nameOf } from "../identity/directory-names.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { JobWork } from "./job-work.ts";

/**
 * Whether what this run made can be taken back. Of an application that it did not make, somebody may rely on a
 * principal or a role by now, whoever made it.
 */
export function canTakeBack({ record, job }: JobWork): boolean {
  if (record.made) return true;
  const finding = job.identity?.application;
  const hadPrincipal = finding?.kind === "found" && finding.principal !== undefined;
  const isGranted = record.roles.some(({ action }) => action === "created" || action === "updated");
  return (record.principal === undefined || hadPrincipal) && !isGranted;
}

/**
 * Takes back what this run made for a credential that was then refused: the roles, the application, the key, and the
 * mark with the secret that was made for it. What existed before stays.
 * A namespace that the run created stays: others may use it by now.
 * @throws ActionableError the refusal, with what could not be taken back
 */
export async function takeBack(work: JobWork, refusal: ActionableError): Promise<void> {
  const made: string[] = [];
  try {
    made.push(...(await takeBackRoles(work)), ...(await takeBackIdentity(work)));
    if (work.turn.isTaken) made.push(...(await takeBackMark(work)));
  } catch (error) {
    if (!(error instanceof ActionableError) || work.signal.aborted) throw error;
    throw leftBehind(refusal, error.message, work);
  }
  const { job, record } = work;
  const finding = job.identity?.application;
  // Owners stay, and so does an application that another run or a lost answer made.
  const hasAppeared = record.application !== undefined && finding?.kind !== "found";
  record.wrote =
    record.application !== undefined && (hasAppeared || (finding?.missingOwners.length ?? 0) > 0);
  if (made.length > 0) work.done("taken-back", `Rolled back what was made: ${made.join(", ")}`);
}

/** Those of an application that goes: Azure would keep them for a principal that is gone. */
async function takeBackRoles(work: JobWork): Promise<string[]> {
  const { roles, made: isOurs } = work.record;
  if (!isOurs) return [];
  const made = roles.filter(({ action }) => action === "created");
  for (const role of made) {
    await work.tools().roles.removeAssignment(role.id, work.signal);
    roles.splice(roles.indexOf(role), 1);
  }
  return made.map(({ desired }) => `the role ${desired.role.name}`);
}

async function takeBackIdentity(work: JobWork): Promise<string[]> {
  const { record, madeKeyId, job } = work;
  const { application } = record;
  const { directory } = work.tools();
  if (!application) return [];
  if (record.made) {
    if (work.turn.isTaken) await work.turn.mark.noteDeletion(application.objectId, work.signal);
    const left = await directory.removeApplication(application.objectId, work.signal);
    // The application is deleted, but not for good: it keeps its unique name for 30 days.
    if (left) throw left.because;
    delete record.application;
    delete record.principal;
    delete record.made;
    delete record.madeKey;
    return [`the application ${application.displayName}`];
  }
  if (madeKeyId !== undefined) {
    await directory.removePassword(application.objectId, madeKeyId, work.signal);
    work.madeKeyId = undefined;
    delete record.madeKey;
  }
  if (job.identity?.application.kind === "deleted") {
    // Deleting it again would be permanent.
    throw new ActionableError(`the application ${nameOf(application)} was restored`, {
      code: "setup.restored",
    });
  }
  return [];
}

/** Deletes the secret if it was made for the mark and holds nothing else. Otherwise takes back only the mark. */
async function takeBackMark(work: JobWork): Promise<string[]> {
  const { turn } = work;
  const { mark, loginServer } = turn;
  const { target } = mark;
  const { cluster, namespace, name } = target;
  await turn.end();
  if (mark.mayHaveLeftKey && work.record.application) {
    throw new ActionableError(`the mark on ${targetName(target)} names a key that may have been made`, {
      code: "setup.key-unknown",
    });
  }
  // Beside documents, the mark lies in a file of its own: no document was made for it.
  const mayRemove = mark.madeSecret && !work.look.manifest;
  const secret = mayRemove ? await cluster.findSecret(namespace, name, work.signal) : undefined;
  const entry = secret && readEntry(target, secret, loginServer);
  if (entry && entry.mark.pending?.operation === mark.operation) {
    await removeEntry(turn, entry);
    delete work.record.markedSecret;
    return [`the secret ${targetName(target)}`];
  }
  await mark.withdraw(work.signal);
  return [];
}

function leftBehind(refusal: ActionableError, why: string, { input, job }: JobWork): ActionableError {
  const { message, code, hint, docs, requestId, status } = refusal;
  const rest = input.suggest("remove", [
    ["--registry", namedAs(input.registry)],
    ...job.contexts.map((context) => ["--context", context] as const),
  ]);
  return new ActionableError(`${message} What this run had made could not be rolled back: ${why}`, {
    code,
    hint: [...(hint === undefined ? [] : [hint]), `To remove what is left: ${rest}`].join("\n"),
    docs,
    requestId,
    status,
    exitCode: exitCode.incomplete,
  });
}
