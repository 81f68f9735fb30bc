import { keysForImage } from "../../../domain/kubelet-match.ts";
import { fail, notKnown, pass, skip, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import type { ServiceAccountObject } from "../../../domain/kubernetes-objects.ts";
import { isOwnEntry, linkByHand, suggestSetup } from "../remedies.ts";
import { registryOf } from "../credential/outcomes.ts";

const docs =
  "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account";
const mostNamed = 5;

/**
 * Do the service accounts that were asked for, and the pods, name the secret? A pod gets the secrets of its account
 * only when it is created, so a pod from before the link has none.
 */
export const serviceAccount: Check<EntryFacts> = {
  id: "service-account",
  needs: ["host"],
  look: (facts) => {
    const { place, wantedAccounts, inNamespace, key, host, suggest } = facts;
    const { accounts, pods, pullSecrets } = inNamespace;
    const { name, context, namespace } = place;
    if (!accounts.known) return notKnown(accounts);
    const missing = wantedAccounts.filter((wanted) => accounts.value.every((one) => one.name !== wanted));
    const unlinked = accounts.value.filter(
      (one) => wantedAccounts.includes(one.name) && !one.imagePullSecrets.includes(name),
    );
    if (missing.length > 0) {
      return fail(`There is no service account ${missing.join(", ")} in namespace ${namespace}.`, {
        hint: `Check the name: ${suggest.kubectl(context, "get", "serviceaccounts", "--namespace", namespace)}`,
        docs,
      });
    }
    if (unlinked.length > 0) {
      return fail(
        `Service account ${namesOf(unlinked)} does not name the secret ${name}: its pods do not get it.`,
        {
          hint: `Link it: ${linkCommand(facts, unlinked)}; recreate the pods that already exist.`,
          docs,
        },
      );
    }
    const linking = accounts.value.filter(({ imagePullSecrets }) => imagePullSecrets.includes(name));
    const living = (pods.known ? pods.value : []).filter(({ over }) => !over);
    const ofHost = living.filter(({ containers }) =>
      containers.some(({ image }) => keysForImage([key], image).length > 0),
    );
    const late = ofHost.filter(
      (pod) =>
        pod.imagePullSecrets.length === 0 && linking.some((account) => account.name === pod.serviceAccount),
    );
    if (late.length > 0) {
      const names = late.map((pod) => pod.name);
      const shown = `${names.slice(0, mostNamed).join(", ")}${names.length > mostNamed ? ", …" : ""}`;
      return warn(
        `Pod ${shown} was created before its service account named the secret, and does not get it: its next pull has no password.`,
        {
          hint: `Recreate them, through their deployment or by deleting them: ${suggest.kubectl(context, "delete", "pod", ...names.slice(0, mostNamed), "--namespace", namespace)}`,
          docs,
        },
      );
    }
    if (linking.length > 0) {
      return pass(`Service account ${namesOf(linking)} names the secret.`);
    }
    const naming = living.filter(({ imagePullSecrets }) => imagePullSecrets.includes(name));
    if (naming.length > 0)
      return pass(
        `No service account names the secret; ${naming.length === 1 ? "one pod does" : `${naming.length} pods do`}.`,
      );
    const unresolved = accounts.value.find(
      ({ imagePullSecrets }) =>
        imagePullSecrets.length > 0 &&
        pullSecrets.known &&
        imagePullSecrets.every((one) => !pullSecrets.value.includes(one)),
    );
    if (unresolved) {
      return warn(
        `Service account ${unresolved.name} names ${unresolved.imagePullSecrets.join(", ")}, and no pull secret in ${namespace} has that name: its pods pull without a password.`,
        {
          hint: `Make it name this one: ${linkCommand(facts, [unresolved])}; recreate the pods that already exist.`,
          docs,
        },
      );
    }
    return skip(
      `No service account in ${namespace} names the secret, nor does any pod that was seen: pods that pull from ${host} have to name it themselves.`,
    );
  },
};

function namesOf(accounts: readonly ServiceAccountObject[]): string {
  return accounts.map(({ name }) => name).join(", ");
}

/** The command that makes accounts name the secret. `setup` does it only for a secret that acr-pull keeps. */
function linkCommand(facts: EntryFacts, accounts: readonly ServiceAccountObject[]): string {
  const { place, writtenBy, suggest } = facts;
  if (isOwnEntry(facts) && writtenBy === undefined) {
    const options = accounts.map(({ name }) => ["--service-account", name] as const);
    return suggestSetup(place, suggest, registryOf(facts), options);
  }
  return accounts
    .map(({ name, imagePullSecrets }) => linkByHand(suggest, place, name, [...imagePullSecrets, place.name]))
    .join(" && ");
}
