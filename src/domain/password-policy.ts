/** What a tenant's policies say about new passwords of one application. */
export interface PasswordPolicy {
  /** `unknown`: the policies may not be read, or they exempt callers without saying which. */
  readonly passwords: "allowed" | "forbidden" | "unknown";
  /** Passwords are forbidden only to applications made after this; undefined if there is no such date. */
  readonly forbiddenToMadeAfter: Date | undefined;
  /** The longest life of a password, in milliseconds; undefined if there is no limit, or none may be read. */
  readonly longestLifeMs: number | undefined;
  /** Whether that limit certainly applies: then there is no point in trying. */
  readonly isLimitCertain: boolean;
}

/** For most callers, who may read no policy. */
export const unknownPasswordPolicy: PasswordPolicy = {
  passwords: "unknown",
  forbiddenToMadeAfter: undefined,
  longestLifeMs: undefined,
  isLimitCertain: false,
};
