import { dockerConfigType, isPullSecretType, legacyDockerConfigType } from "../../../domain/docker-config.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import { fail, pass, warn, type Check } from "../check.ts";
import type { SecretFacts } from "../facts.ts";
import { changing, recreateAdvice } from "../remedies.ts";

/** Does the kubelet read secrets of its type, and can it be written again? The kubelet ignores all other types. */
export const secretType: Check<SecretFacts> = {
  id: "secret-type",
  needs: ["secret-present"],
  look: (facts) => {
    const { secret, place } = facts;
    if (!secret) return undefined;
    const { name } = place;
    if (!isPullSecretType(secret.type)) {
      return fail(
        `Secret ${name} has the type ${inOneLine(secret.type)}; the kubelet reads only pull secrets of the type ${dockerConfigType}.`,
        {
          hint: changing(
            facts,
            recreateAdvice("A type cannot be changed. Unless something else uses it, recreate it", facts),
          ),
          docs: "https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets",
        },
      );
    }
    if (secret.type === legacyDockerConfigType) {
      return warn(
        `Secret ${name} has the old type ${legacyDockerConfigType}: pulls work, but acr-pull cannot renew it.`,
        {
          hint: changing(facts, recreateAdvice("Recreate it when its password expires", facts)),
        },
      );
    }
    if (secret.immutable) {
      return warn(`Secret ${name} is immutable: pulls work, but acr-pull can neither renew nor remove it.`, {
        hint: changing(facts, recreateAdvice("Recreate it before its password expires", facts)),
      });
    }
    return pass(`Its type is ${secret.type}.`);
  },
};
