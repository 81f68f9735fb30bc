import { fail, pass, skip, type Check } from "../check.ts";
import type { SecretFacts } from "../facts.ts";

/** May the secret be read at all? If not, nothing else can be said about it. */
export const secretReadable: Check<SecretFacts> = {
  id: "secret-readable",
  needs: [],
  look: ({ forbidden, place, namespaceMissing }) => {
    if (forbidden) return fail(forbidden.message, { hint: forbidden.hint, docs: forbidden.docs });
    if (namespaceMissing) return skip(`There is no namespace ${place.namespace} to read secrets from.`);
    return pass(`Secrets may be read in ${place.namespace}.`);
  },
};
