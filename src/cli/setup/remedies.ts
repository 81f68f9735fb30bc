import type { Remedy } from "../ask/interview.ts";
import type { setupOptions } from "./options.ts";
import { placeOptions, registryOptions } from "./question.ts";

/** Options that decide which secrets are meant. */
const secretOptions = [...registryOptions, ...placeOptions, "secretName"] as const;

/** An option of `setup` that mends a failure. */
type SetupRemedy = Remedy & {
  readonly more: { readonly dependsOn: ReadonlyArray<keyof typeof setupOptions> };
};

/** What an option more would mend, by the code of the failure; it holds for what failed and for nothing else. */
export const remedies: Readonly<Record<string, SetupRemedy>> = {
  "secret.not-ours": {
    label: "add the registry's entry to that secret, and leave all else in it alone",
    more: { texts: { adopt: ["true"] }, dependsOn: secretOptions },
  },
  "secret.other-principal": {
    label: "replace that service principal's entry",
    more: { texts: { switchPrincipal: ["true"] }, dependsOn: [...secretOptions, "servicePrincipal"] },
  },
  "kubernetes.namespace-not-found": {
    label: "create the namespaces that are missing",
    more: {
      texts: { createNamespace: ["true"] },
      dependsOn: ["context", "namespace", "namespaceSelector"],
    },
  },
};
