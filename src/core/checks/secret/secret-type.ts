import { dockerConfigType, isPullSecretType, legacyDockerConfigType } from "../../../domain/docker-config.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import { fail, pass, warn, type Check } from "../check.ts";
import type { SecretFacts } from "../facts.ts";
import { changing, setupCommand } from "../remedies.ts";

/** Is it of a type that the kubelet looks into, any other of which it ignores, and may it be written again? */
export const secretType: Check<SecretFacts> = {
  id: "secret-type",
  needs: ["secret-present"],
  look: ({ secret, place, wanted, suggest, writtenBy }) => {
    if (!secret) return undefined;
    const { context, namespace, name } = place;
    const remake = `${suggest.kubectl(context, "delete", "secret", name, "--namespace", namespace)}, then ${setupCommand(place, suggest, wanted)}`;
    if (!isPullSecretType(secret.type)) {
      return fail(
        `Secret ${name} has the type ${inOneLine(secret.type)}; the kubelet reads only pull secrets of the type ${dockerConfigType}.`,
        {
          hint: changing(
            { writtenBy },
            `A type cannot be changed. Unless something else uses it, recreate it: ${remake}`,
          ),
          docs: "https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets",
        },
      );
    }
    if (secret.type === legacyDockerConfigType) {
      return warn(
        `Secret ${name} has the old type ${legacyDockerConfigType}: pulls work, but acr-pull cannot renew it.`,
        {
          hint: changing({ writtenBy }, `Recreate it when its password expires: ${remake}`),
        },
      );
    }
    if (secret.immutable) {
      return warn(`Secret ${name} is immutable: pulls work, but acr-pull can neither renew nor remove it.`, {
        hint: changing({ writtenBy }, `Recreate it before its password expires: ${remake}`),
      });
    }
    return pass(`Its type is ${secret.type}.`);
  },
};
