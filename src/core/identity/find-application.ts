import type { Application, PasswordCredential, ServicePrincipal } from "../../domain/identity.ts";
import { isThere } from "../../domain/look-again.ts";
import type { Clock, Directory } from "../ports.ts";
import { untilBelievable } from "../patience.ts";

/** An application, and the keys that are said to be its own. */
export interface ClaimedKeys {
  readonly appId: string;
  /** Ids of keys that secrets name. */
  readonly claimed: ReadonlySet<string>;
  /** Keys that this run made itself. Some parts of the directory may not list them yet. */
  readonly made?: readonly PasswordCredential[];
}

/**
 * Finds the application with this id. Parts of the directory learn of a new key late. If one does not list every key
 * that secrets name, the directory is asked again, so that a key made minutes ago does not count as removed.
 * @returns undefined if no part that was asked knows the application
 */
export async function findApplicationListing(
  { appId, claimed, made = [] }: ClaimedKeys,
  { directory, clock }: { readonly directory: Directory; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Application | undefined> {
  const isListed = (passwords: readonly PasswordCredential[], id: string) =>
    passwords.some(({ keyId }) => keyId === id);
  // The part that lists the most of these keys is the newest.
  const count = ({ passwords }: Application) => [...claimed].filter((id) => isListed(passwords, id)).length;
  let best: Application | undefined;
  const look = async () => {
    const found = await directory.findApplicationByAppId(appId, signal);
    if (!found) return;
    const fresh = made.filter(({ keyId }) => !isListed(found.passwords, keyId));
    const seen = { ...found, passwords: [...found.passwords, ...fresh] };
    if (!best || count(seen) > count(best)) best = seen;
  };
  await untilBelievable(look, () => best !== undefined && count(best) === claimed.size, clock, signal);
  return best;
}

/**
 * Finds the principal of an application that exists. If a part of the directory does not know it, the directory is
 * asked again.
 * @returns undefined if no part that was asked knows the principal
 */
export async function findPrincipalOf(
  appId: string,
  {
    directory,
    clock,
  }: { readonly directory: Pick<Directory, "findServicePrincipal">; readonly clock: Clock },
  signal: AbortSignal,
): Promise<ServicePrincipal | undefined> {
  const look = () => directory.findServicePrincipal(appId, signal);
  return untilBelievable(look, isThere, clock, signal);
}

/**
 * The application with only those keys that every part of the directory lists. Some parts still list a key that was
 * removed a moment ago. The directory is asked until no doubtful key is left, or often enough to meet every part.
 * @param doubtful ids of the keys that matter
 * @returns undefined if no part that was asked still knows the application
 */
export async function withoutRemovedKeys(
  application: Application,
  doubtful: ReadonlySet<string>,
  {
    directory,
    clock,
  }: { readonly directory: Pick<Directory, "findApplicationByAppId">; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Application | undefined> {
  let { passwords } = application;
  const hasNone = () => !passwords.some(({ keyId }) => doubtful.has(keyId));
  if (hasNone()) return application;
  let isKnown = false;
  const look = async () => {
    const found = await directory.findApplicationByAppId(application.appId, signal);
    // A part that does not know the application says nothing about its keys.
    if (!found) return;
    isKnown = true;
    passwords = passwords.filter(({ keyId }) => found.passwords.some((one) => one.keyId === keyId));
  };
  await untilBelievable(look, hasNone, clock, signal);
  return isKnown ? { ...application, passwords } : undefined;
}
