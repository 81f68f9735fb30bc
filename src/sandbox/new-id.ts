import { createHash } from "node:crypto";
import { v4, v5 } from "uuid";

/** Makes the ids and secrets of the world's records: random, or the same at each start. */
export interface IdSource {
  /** @param what a unique name of the thing that the id is for */
  guid(what: string): string;
  /** A client secret in the form that Entra issues: 40 characters, with `8Q~` after the first three. */
  secret(what: string): string;
}

/** @param seed if undefined, everything is random */
export function createIdSource(seed: string | undefined): IdSource {
  const guid = seed === undefined ? () => v4() : (what: string) => v5(what, v5(seed, v5.URL));
  return {
    guid,
    secret(what) {
      const text = createHash("sha512")
        .update(guid(`secret ${what}`))
        .digest("base64url")
        .replaceAll("_", ".");
      return `${text.slice(0, 3)}8Q~${text.slice(3, 37)}`;
    },
  };
}
