/** What a tenant's policies say of new passwords of one application. */
export interface PasswordPolicy {
  /** `unknown`: they may not be read, or leave some callers alone and do not say whom. */
  readonly passwords: "allowed" | "forbidden" | "unknown";
  /** Only applications made after it are forbidden them; undefined where no such date is named. */
  readonly forbiddenToMadeAfter: Date | undefined;
  /** The longest life of one, in milliseconds; undefined where there is no limit, or none may be read. */
  readonly longestLifeMs: number | undefined;
  /** Whether that limit holds for certain: then nobody needs to try. */
  readonly isLimitCertain: boolean;
}

/** Where nothing may be read, as for most callers. */
export const unknownPasswordPolicy: PasswordPolicy = {
  passwords: "unknown",
  forbiddenToMadeAfter: undefined,
  longestLifeMs: undefined,
  isLimitCertain: false,
};
