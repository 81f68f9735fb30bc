import { fail, pass, type Check } from "../check.ts";
import type { SecretFacts } from "../facts.ts";
import { changing, setupCommand } from "../remedies.ts";

/** Does it decode? One that does not breaks every pull of a pod that names it, with its other secrets too. */
export const secretParses: Check<SecretFacts> = {
  id: "secret-parses",
  needs: ["secret-type"],
  look: ({ secret, malformed, place, wanted, suggest, writtenBy }) => {
    if (!secret) return undefined;
    if (malformed === undefined) return pass("Its content can be read.");
    const { context, namespace, name } = place;
    return fail(
      `Secret ${name} ${malformed}. The kubelet cannot read it either, and every pull of a pod that names it fails.`,
      {
        hint: changing(
          { writtenBy },
          `Recreate it: ${suggest.kubectl(context, "delete", "secret", name, "--namespace", namespace)}, then ${setupCommand(place, suggest, wanted)}`,
        ),
        docs: "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/#inspecting-the-secret-regcred",
      },
    );
  },
};
