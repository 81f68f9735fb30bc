import { createHash } from "node:crypto";
import { v4, v5 } from "uuid";

/** Makes what the world's records are named by: random, or the same from start to start. */
export interface IdSource {
  /** @param what names the thing it is for, unlike every other */
  guid(what: string): string;
  /** A client secret in the form that Entra gives them: 40 characters, `8Q~` in the fourth place. */
  secret(what: string): string;
}

/** @param seed absent: everything is random */
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
