import type { PasswordCredential } from "../../domain/identity.ts";
import type { SecretText } from "../../domain/secret-text.ts";

/** Which password of an application a text is. */
export interface IdentifiedKey {
  /** Null if it is unknown. */
  readonly keyId: string | null;
  /** As the directory lists it. Undefined if it does not list it, or not yet. */
  readonly listed: PasswordCredential | undefined;
}

/**
 * Identifies which of an application's passwords a text is. Marks can be edited, so they are believed only if the
 * hint that the directory keeps (the first three characters) does not contradict them.
 * @param claimed the key ids that marks give for this text
 */
export function identifyKey(
  password: SecretText,
  claimed: ReadonlySet<string>,
  passwords: readonly PasswordCredential[],
): IdentifiedKey {
  const fits = ({ hint }: PasswordCredential) => hint === undefined || password.reveal().startsWith(hint);
  const named = passwords.find((key) => claimed.has(key.keyId) && fits(key));
  if (named) return { keyId: named.keyId, listed: named };
  const fitting = passwords.filter((key) => key.hint !== undefined && fits(key));
  const only = fitting.length === 1 ? fitting[0] : undefined;
  if (only) return { keyId: only.keyId, listed: only };
  // The directory does not list it: it was made minutes ago, or it was removed.
  const unlisted = [...claimed].find((keyId) => !passwords.some((key) => key.keyId === keyId));
  return { keyId: unlisted ?? null, listed: undefined };
}
