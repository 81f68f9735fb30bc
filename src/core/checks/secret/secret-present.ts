import { asking } from "../../../domain/closest-name.ts";
import { heldText } from "../../../domain/held-text.ts";
import { fail, pass, skip, type Check } from "../check.ts";
import type { SecretFacts } from "../facts.ts";
import { setupAdvice } from "../remedies.ts";

const mostNamed = 5;

/** Is there a secret with that name in the namespace? A pod cannot use one from another namespace. */
export const secretPresent: Check<SecretFacts> = {
  id: "secret-present",
  needs: ["secret-readable"],
  look: (facts) => {
    const { secret, place, isNeeded, withoutSecret, namespaceMissing, meant, elsewhere } = facts;
    const { namespace, name, context } = place;
    if (secret?.deleting) {
      return fail(
        `Secret ${name} is being deleted${heldText(secret.finalizers)}: once it is gone, pods cannot pull with it.`,
        { hint: setupAdvice("When it is gone, recreate it", facts) },
      );
    }
    if (secret) return pass(`Secret ${name} exists.`);
    if (!isNeeded) {
      return skip(
        `There is no secret ${name} in namespace ${namespace}, and nothing there names it or waits for an image: only the labels of the namespace selected it.`,
        { hint: setupAdvice("If its pods have to pull, create it", facts) },
      );
    }
    if (withoutSecret.length > 0) {
      return skip(
        `There is no secret ${name} in namespace ${namespace}, and nothing there names it: the nodes pull from ${withoutSecret.join(", ")} with their own identity.`,
      );
    }
    const docs = "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/";
    if (namespaceMissing) {
      const advice =
        meant === undefined
          ? "Check the name with -n. Or create it with its secret"
          : `Did you mean ${meant}? Then: ${verifyCommand(facts, meant)}; or create ${namespace} with its secret`;
      return fail(`There is no namespace ${namespace} in context ${context}.`, {
        hint: setupAdvice(advice, facts, [["--create-namespace"]]),
        docs,
      });
    }
    if (elsewhere.length > 0) {
      const more = elsewhere.length > mostNamed ? ", …" : "";
      return fail(
        `There is no secret ${name} in namespace ${namespace}, but there is one in ${elsewhere.slice(0, mostNamed).join(", ")}${more}: pods use only secrets of their own namespace.`,
        { hint: setupAdvice("Write it to this namespace too", facts), docs },
      );
    }
    return fail(`There is no secret ${name} in namespace ${namespace}.`, {
      hint: setupAdvice(
        meant === undefined
          ? "Name another with -n and --secret-name, or create it"
          : `${asking("Check --secret-name.", meant)} Or create it`,
        facts,
      ),
      docs,
    });
  },
};

/** The same `verify` for another namespace. */
function verifyCommand({ place, wanted, suggest }: SecretFacts, namespace: string): string {
  return suggest("verify", [
    ...(wanted === undefined ? [] : [["--registry", wanted] as const]),
    ["--namespace", namespace],
    ["--context", place.context],
  ]);
}
