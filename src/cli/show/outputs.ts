/** What later steps of a pipeline can use from an answer. */
export interface Outputs {
  /** Whether anything was written; for a plan, whether it would be. */
  readonly changed: boolean;
  /** The keys in use. */
  readonly keys?: ReadonlyArray<{
    readonly keyId: string | null;
    /** RFC 3339 UTC; null if it is not known. */
    readonly expiresAt: string | null;
  }>;
}

/** Outputs as texts: the ids of the keys, and the first of their ends. Unknown values are left out. */
export interface OutputTexts {
  readonly changed: string;
  readonly keyId?: string;
  readonly expiresAt?: string;
}

/** Outputs as a CI service takes them. */
export function outputTexts({ changed, keys = [] }: Outputs): OutputTexts {
  const ids = [...new Set(keys.flatMap(({ keyId }) => keyId ?? []))];
  const [first] = keys.flatMap(({ expiresAt }) => expiresAt ?? []).sort();
  return {
    changed: String(changed),
    ...(ids.length > 0 && { keyId: ids.join(",") }),
    ...(first !== undefined && { expiresAt: first }),
  };
}
