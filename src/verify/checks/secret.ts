import { asking } from "../../domain/closest-name.ts";
import { dockerConfigType, isPullSecretType, legacyDockerConfigType } from "../../domain/docker-config.ts";
import { heldText } from "../../domain/held-text.ts";
import { keysForImage } from "../../domain/kubelet-match.ts";
import { fail, pass, skip, warn, type Check, type Verdict } from "../check.ts";
import type { SecretFacts } from "../facts.ts";
import { az, changing, recreateAdvice, setupAdvice, someOf } from "../remedies.ts";

/** Checks of a secret, in the order in which they are shown. */
export const secretChecks: ReadonlyArray<Check<SecretFacts>> = [
  { id: "secret-present", needs: [], look: isPresent },
  { id: "secret-type", needs: ["secret-present"], look: isOfType },
  { id: "secret-parses", needs: ["secret-type"], look: parses },
  { id: "secret-registry", needs: ["secret-parses"], look: isForRegistry },
];

/** Is there a secret with that name in the namespace, which may be read? A pod cannot use one from another namespace. */
function isPresent(facts: SecretFacts): Verdict {
  const { secret, place, forbidden, wanted, absence, suggest } = facts;
  const { namespace, name, context } = place;
  if (forbidden) return fail(forbidden.message, forbidden.hint);
  if (secret?.deleting) {
    return fail(
      `Secret ${name} is being deleted${heldText(secret.finalizers)}: once it is gone, pods cannot pull with it.`,
      setupAdvice("When it is gone, recreate it", facts),
    );
  }
  if (secret) return pass(`Secret ${name} exists.`);
  const missing = `There is no secret ${name} in namespace ${namespace}`;
  const { isNeeded, nodesPullFrom, namespaceMissing, meant, elsewhere } = absence;
  if (!isNeeded) {
    return skip(
      `${missing}, and nothing there names it or waits for an image: only the labels of the namespace selected it.`,
      setupAdvice("If its pods have to pull, create it", facts),
    );
  }
  if (nodesPullFrom.length > 0) {
    return skip(
      `${missing}, and nothing there names it: the nodes pull from ${nodesPullFrom.join(", ")} with their own identity.`,
    );
  }
  if (namespaceMissing) {
    const there = suggest("verify", [
      ...(wanted ? [["--registry", wanted.text] as const] : []),
      ["--namespace", meant ?? ""],
      ["--context", context],
    ]);
    const advice =
      meant === undefined
        ? "Check the name with -n. Or create it with its secret"
        : `Did you mean ${meant}? Then: ${there}; or create ${namespace} with its secret`;
    return fail(
      `There is no namespace ${namespace} in context ${context}.`,
      setupAdvice(advice, facts, [["--create-namespace"]]),
    );
  }
  if (elsewhere.length > 0) {
    return fail(
      `${missing}, but there is one in ${someOf(elsewhere)}: pods use only secrets of their own namespace.`,
      setupAdvice("Write it to this namespace too", facts),
    );
  }
  const advice =
    meant === undefined
      ? "Name another with -n and --secret-name, or create it"
      : `${asking("Check --secret-name.", meant)} Or create it`;
  return fail(`${missing}.`, setupAdvice(advice, facts));
}

/** Does the kubelet read secrets of its type, and can it be written again? The kubelet ignores all other types. */
function isOfType(facts: SecretFacts): Verdict | undefined {
  const { secret, place } = facts;
  if (!secret) return undefined;
  const { name } = place;
  if (!isPullSecretType(secret.type)) {
    return fail(
      `Secret ${name} has the type ${secret.type}; the kubelet reads only pull secrets of the type ${dockerConfigType}.`,
      changing(
        facts,
        recreateAdvice("A type cannot be changed. Unless something else uses it, recreate it", facts),
      ),
    );
  }
  if (secret.type === legacyDockerConfigType) {
    return warn(
      `Secret ${name} has the old type ${legacyDockerConfigType}: pulls work, but acr-pull cannot renew it.`,
      changing(facts, recreateAdvice("Recreate it when its password expires", facts)),
    );
  }
  if (secret.immutable) {
    return warn(
      `Secret ${name} is immutable: pulls work, but acr-pull can neither renew nor remove it.`,
      changing(facts, recreateAdvice("Recreate it before its password expires", facts)),
    );
  }
  return pass(`Its type is ${secret.type}.`);
}

/** Does it decode? If not, every pull of a pod that names it fails, even with the pod's other secrets. */
function parses(facts: SecretFacts): Verdict | undefined {
  const { secret, malformed, place } = facts;
  if (!secret) return undefined;
  if (malformed === undefined) return pass("Its content can be read.");
  return fail(
    `Secret ${place.name} ${malformed}. The kubelet cannot read it either, and every pull of a pod that names it fails.`,
    changing(facts, recreateAdvice("Recreate it", facts)),
  );
}

/** Does it hold an entry for the registry that is meant or, if none was named, for any Azure registry? */
function isForRegistry(facts: SecretFacts): Verdict | undefined {
  const { config, registryKeys, place, wanted, suggest, cloud } = facts;
  if (!config) return undefined;
  if (registryKeys.length > 0) return pass(`It holds an entry for ${registryKeys.join(", ")}.`);
  const hosts = Object.keys(config.auths);
  const holds = hosts.length === 0 ? "it is empty" : `it is for ${someOf(hosts)}`;
  if (!cloud.known && hosts.length > 0) {
    return skip(
      `Whether one of its hosts is a registry of the cloud is not known: ${holds}. ${cloud.why}`,
      cloud.fix,
    );
  }
  if (wanted?.isMissing) {
    return fail(
      `Secret ${place.name} holds no entry for ${wanted.text}, and Azure shows you no such registry: ${holds}.`,
      `${asking("Check --registry.", wanted.meant)} To list those of a subscription: ${az("acr", "list", "--query", "[].loginServer")}`,
    );
  }
  const wide = hosts.find(isForAll);
  if (!wanted && wide !== undefined) {
    const named = suggest("verify", [
      ["--registry", "REGISTRY"],
      ["--namespace", place.namespace],
      ["--context", place.context],
    ]);
    return warn(
      `It holds an entry for ${wide}, which the kubelet uses for every registry whose name matches: none was asked, so no pull is proven.`,
      `Name one: ${named}`,
    );
  }
  const { text = "an Azure container registry", loginServer = text } = wanted ?? {};
  const meant = loginServer === text ? text : `${text}, whose login server is ${loginServer}`;
  return fail(
    `Secret ${place.name} holds no entry for ${meant}: ${holds}.`,
    changing(facts, setupAdvice("Add the entry, and leave the others alone", facts, [["--adopt"]])),
  );
}

/** Whether a key has a wildcard in place of the registry's name. */
function isForAll(key: string): boolean {
  return (
    key.includes("*") &&
    ["io", "us", "cn"].some((end) => keysForImage([key], `any.azurecr.${end}`).length > 0)
  );
}
