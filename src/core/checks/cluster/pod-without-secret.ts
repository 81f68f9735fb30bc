import { imageName } from "../../../domain/image-name.ts";
import { keysForImage } from "../../../domain/kubelet-match.ts";
import type { ContainerImage, PodObject } from "../../../domain/kubernetes-objects.ts";
import { registryHostOf } from "../../../domain/login-server.ts";
import { fail, type Verdict } from "../check.ts";
import type { PodFacts, SecretOutcome } from "../facts.ts";
import { linkByHand } from "../remedies.ts";

const docs = "https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff";

/** Why a pod waits that names no secret, and that got none from its service account when it was created. */
export function withoutSecret(
  what: string,
  { image }: ContainerImage,
  found: PodObject,
  facts: PodFacts,
): Verdict {
  const { account, context, namespace, secrets, suggest } = facts;
  const ids = { cause: "service-account", pod: found.name };
  const anew = suggest.kubectl(context, "delete", "pod", found.name, "--namespace", namespace);
  if (!account.known) {
    return fail(
      `${what} without a pull secret: it names none, and got none from its service account ${found.serviceAccount}, which you may not read.`,
      { hint: account.hint, docs, ids },
    );
  }
  const linked = account.value?.imagePullSecrets ?? [];
  const { host, repository } = imageName(image);
  const fits = ({ config }: SecretOutcome) =>
    keysForImage(Object.keys(config?.auths ?? {}), `${host}/${repository}`).length > 0;
  const outcomes = linked.map((name) => secrets.get(name));
  // A secret that was not looked at may help.
  const helps = linked.filter((_name, index) => outcomes[index] === undefined || fits(outcomes[index]));
  if (helps.length > 0) {
    return fail(
      `${what} without a pull secret: it was created before its service account ${found.serviceAccount} named ${helps.join(", ")}, so it does not get it.`,
      { hint: `Recreate it, through its deployment or by deleting it: ${anew}`, docs, ids },
    );
  }
  const other = linked.length === 0 ? "" : ` for ${host}`;
  const ready = [...secrets.values()].find((one) => one.failed === undefined && fits(one));
  const link =
    ready && !ready.isOurs
      ? linkByHand(suggest, facts, found.serviceAccount, [...linked, ready.name])
      : suggest("setup", [
          ["--registry", registryHostOf(host.toLowerCase())],
          ["--namespace", namespace],
          ["--context", context],
          ...(ready ? [["--secret-name", ready.name] as const] : []),
          ["--service-account", found.serviceAccount],
        ]);
  return account.value
    ? fail(
        `${what} without a pull secret${other}: neither it nor its service account ${found.serviceAccount} names one.`,
        {
          hint: `Link the account: ${link}; then recreate the pod: ${anew}. Or name the secret in the pod's imagePullSecrets.`,
          docs,
          ids,
        },
      )
    : fail(
        `${what} without a pull secret: it names none, and its service account ${found.serviceAccount} is gone.`,
        {
          hint: `Recreate the account (${suggest.kubectl(context, "create", "serviceaccount", found.serviceAccount, "--namespace", namespace)}) and link it: ${link}; then recreate the pod: ${anew}.`,
          docs,
          ids,
        },
      );
}
