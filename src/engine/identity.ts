import type { SecretText } from "../domain/secret-text.ts";
import type { GrantedRole, IdentityRecord } from "../domain/state.ts";
import type { Step } from "./step.ts";

/** A key as the identity's provider lists it. */
export interface ListedKey {
  readonly id: string;
  readonly name: string | undefined;
}

/** A key just made: only this answer shows its password. */
export interface NewKey {
  readonly id: string;
  readonly password: SecretText;
  readonly expiresAt: Date;
}

/** How long a key is to live, in milliseconds: as long as is allowed, as was said, or as is usual. */
export type KeyLife = "max" | number | undefined;

/**
 * Who pulls. What there is to be made, how it gets its role, and how keys come and go differs from kind to kind. The
 * engine knows nothing else of it. Lists may lag: one that lacks something proves nothing.
 */
export interface Identity {
  /** What the state is to remember of it; it grows as parts are made. */
  readonly record: IdentityRecord;
  /** As it was listed when it was looked at. */
  readonly keys: readonly ListedKey[];
  /** How many keys there may be at once. */
  readonly mostKeys: number;
  /** How often in a row, over how long in milliseconds, a new key is to be accepted before it replaces another. */
  readonly proof: { readonly times: number; readonly spreadMs: number };

  /** What is missing of it. */
  toMake(): readonly Step[];
  /** What it lacks for the role. */
  toGrant(role: GrantedRole): readonly Step[];
  /** What it was granted before and does not need for the role. */
  toRevoke(role: GrantedRole): readonly Step[];
  /** Grants again what was revoked in this run. */
  regrant(signal: AbortSignal): Promise<void>;
  /** All that the installation made for it, keys included. What is not the installation's own stays. */
  toRemove(): readonly Step[];

  listKeys(signal: AbortSignal): Promise<readonly ListedKey[]>;
  /** @throws OutcomeUnknownError if the answer was lost: the key may exist */
  makeKey(name: string, life: KeyLife, signal: AbortSignal): Promise<NewKey>;
  /** Succeeds if it is already gone. */
  removeKey(id: string, signal: AbortSignal): Promise<void>;
}
