/** Command lines as the person would type them here, safe to paste. */
export interface Suggest {
  /** A command of acr-pull. */
  (
    command: "setup" | "rotate" | "verify" | "remove",
    options: ReadonlyArray<readonly [flag: string, value?: string]>,
  ): string;
  /** `kubectl` for one context. */
  readonly kubectl: (context: string, ...words: readonly string[]) => string;
}
