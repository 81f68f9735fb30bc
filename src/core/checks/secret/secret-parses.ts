import { fail, pass, type Check } from "../check.ts";
import type { SecretFacts } from "../facts.ts";
import { changing, recreateAdvice } from "../remedies.ts";

/** Does it decode? If not, every pull of a pod that names it fails, even with the pod's other secrets. */
export const secretParses: Check<SecretFacts> = {
  id: "secret-parses",
  needs: ["secret-type"],
  look: (facts) => {
    const { secret, malformed, place } = facts;
    if (!secret) return undefined;
    if (malformed === undefined) return pass("Its content can be read.");
    return fail(
      `Secret ${place.name} ${malformed}. The kubelet cannot read it either, and every pull of a pod that names it fails.`,
      {
        hint: changing(facts, recreateAdvice("Recreate it", facts)),
        docs: "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/#inspecting-the-secret-regcred",
      },
    );
  },
};
