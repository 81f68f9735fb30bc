import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { namedAs } from "../cluster/registry-meant.ts";
import { readEntry } from "../turn/entry-removal.ts";
import { removeEntry } from "../turn/remove-entry.ts";
import { nameOf } from "../identity/directory-names.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { JobWork } from "./job-work.ts";

/**
 * Takes back what this run made for a credential that the directory then refused: the application, the key, and the
 * mark with the secret that was made for it. What existed before stays.
 * @param wroteBefore whether the run had changed anything before it began with the credential
 * @throws ActionableError the refusal, with what could not be taken back
 */
export async function takeBack(work: JobWork, refusal: ActionableError, wroteBefore: boolean): Promise<void> {
  const made: string[] = [];
  try {
    made.push(...(await takeBackIdentity(work)));
    if (work.turn.isTaken) made.push(...(await takeBackMark(work)));
  } catch (error) {
    if (!(error instanceof ActionableError) || work.signal.aborted) throw error;
    throw leftBehind(refusal, error.message, work);
  }
  work.record.wrote = wroteBefore;
  if (made.length > 0) work.done("taken-back", `Rolled back what was made: ${made.join(", ")}`);
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
  const secret = mark.madeSecret ? await cluster.findSecret(namespace, name, work.signal) : undefined;
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
    hint: `${hint === undefined ? "" : `${hint} `}To remove what is left: ${rest}`,
    docs,
    requestId,
    status,
    exitCode: exitCode.incomplete,
  });
}
