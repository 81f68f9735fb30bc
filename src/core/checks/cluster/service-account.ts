import { keysForImage } from "../../../domain/kubelet-match.ts";
import { fail, notKnown, pass, skip, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { kubectl, setupCommand } from "../remedies.ts";
import { registryOf } from "../credential/outcomes.ts";

const docs =
  "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account";
const mostNamed = 5;

/**
 * Do those name the secret who have to: the service accounts that were asked for, and the pods? A pod gets its account's
 * secrets when it is made and never again, so that one made before the link has none.
 */
export const serviceAccount: Check<EntryFacts> = {
  id: "service-account",
  needs: ["host"],
  look: (facts) => {
    const { place, wantedAccounts, inNamespace, key, host, suggest } = facts;
    const { accounts, pods } = inNamespace;
    const { name, context, namespace } = place;
    if (!accounts.known) return notKnown(accounts);
    const missing = wantedAccounts.filter((wanted) => accounts.value.every((one) => one.name !== wanted));
    const unlinked = wantedAccounts.filter(
      (wanted) =>
        accounts.value.find((one) => one.name === wanted)?.imagePullSecrets.includes(name) === false,
    );
    if (missing.length > 0) {
      return fail(`There is no service account ${missing.join(", ")} in namespace ${namespace}.`, {
        hint: `Check the name: ${kubectl(context, "get", "serviceaccounts", "--namespace", namespace)}`,
        docs,
      });
    }
    if (unlinked.length > 0) {
      return fail(
        `Service account ${unlinked.join(", ")} does not name the secret ${name}: its pods do not get it.`,
        {
          hint: `Link it: ${setupCommand(
            place,
            suggest,
            registryOf(facts),
            unlinked.map((account) => ["--service-account", account] as const),
          )}; pods that are there already have to be made anew.`,
          docs,
        },
      );
    }
    const linking = accounts.value.filter(({ imagePullSecrets }) => imagePullSecrets.includes(name));
    const ofHost = (pods.known ? pods.value : []).filter(({ containers }) =>
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
        `Pod ${shown} was made before its service account named the secret, and does not get it: its next pull has no password.`,
        {
          hint: `Have them made anew, by their deployment (kubectl rollout restart) or by deleting them: ${kubectl(context, "delete", "pod", ...names.slice(0, mostNamed), "--namespace", namespace)}`,
          docs,
        },
      );
    }
    if (linking.length > 0) {
      return pass(`Service account ${linking.map((account) => account.name).join(", ")} names the secret.`);
    }
    const naming = (pods.known ? pods.value : []).filter(({ imagePullSecrets }) =>
      imagePullSecrets.includes(name),
    );
    if (naming.length > 0)
      return pass(
        `No service account names the secret; ${naming.length === 1 ? "one pod does" : `${naming.length} pods do`}.`,
      );
    return skip(
      `No service account in ${namespace} names the secret, and no pod that was seen: pods that pull from ${host} have to name it themselves.`,
    );
  },
};
