import { hasCode } from "../domain/errors.ts";
import type { Application, Caller } from "../domain/identity.ts";
import type { Directory } from "../core/ports.ts";
import { passwordsForbidden } from "../core/identity/client-secret.ts";
import {
  asForeseen,
  foreseeRefusedChange,
  foreseeRefusedOwners,
  foreseeRefusedRegistration,
} from "../core/identity/foreseen-refusal.ts";

/** The caller, and the directory that is asked about his rights. */
interface Asking {
  readonly directory: Directory;
  readonly caller: Caller;
}

/**
 * The directory's refusal, with what the caller's token and the owners say of its reason. Only the directory knows for
 * certain beforehand: it also applies roles that no token lists.
 * @param application undefined if it was to be made
 * @returns any other error as it is
 */
export async function explainRefusal(
  error: unknown,
  application: Application | undefined,
  asking: Asking,
  signal: AbortSignal,
): Promise<unknown> {
  if (hasCode(error, "directory.passwords-forbidden"))
    return passwordsForbidden(application, await asking.directory.passwordPolicy(application, signal), error);
  if (!hasCode(error, "directory.forbidden")) return error;
  const foreseen = application
    ? await foreseeRefusedChange(application, asking, signal, "change its passwords")
    : await foreseeRefusedRegistration(asking, signal);
  return asForeseen(error, foreseen);
}

/** The same for a refusal to add an owner. */
export async function explainRefusedOwner(
  error: unknown,
  owner: string,
  asking: Asking,
  signal: AbortSignal,
): Promise<unknown> {
  if (!hasCode(error, "directory.forbidden")) return error;
  return asForeseen(error, await foreseeRefusedOwners({ missingOwners: [owner] }, asking, signal));
}
