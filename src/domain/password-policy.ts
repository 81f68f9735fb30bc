/** What a tenant's policies say about new passwords of one application. */
export interface PasswordPolicy {
  /** `unknown`: the policies may not be read, or they exempt callers without saying which. */
  readonly passwords: "allowed" | "forbidden" | "unknown";
  /** Passwords are forbidden only for applications made after this; undefined if there is no such date. */
  readonly forbiddenToMadeAfter: Date | undefined;
  /** The longest life of a password, in milliseconds; undefined if there is no limit or it may not be read. */
  readonly longestLifeMs: number | undefined;
  /** Whether that limit certainly applies, so that there is no point in asking for a longer life. */
  readonly isLimitCertain: boolean;
}

/** The policy for most callers, who may not read any. */
export const unknownPasswordPolicy: PasswordPolicy = {
  passwords: "unknown",
  forbiddenToMadeAfter: undefined,
  longestLifeMs: undefined,
  isLimitCertain: false,
};
