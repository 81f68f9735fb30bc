import { keysForImage } from "../../domain/kubelet-match.ts";
import type { ServiceAccountObject } from "../../domain/kubernetes-objects.ts";
import { isManagedHost } from "../../domain/managed-cluster.ts";
import { isOurAssignment } from "../../domain/role-assignment.ts";
import { repositoriesIn } from "../../domain/role.ts";
import { fail, notKnown, pass, skip, warn, type Check, type Verdict } from "../check.ts";
import type { ClusterFacts, EntryFacts, NodesOnRegistry } from "../facts.ts";
import { valueOf } from "../known.ts";
import { linkByHand, registryIn, setupAgain, someOf } from "../remedies.ts";
import { givesPull, roleName } from "../roles.ts";

/** Checks of a cluster as a whole. */
export const clusterChecks: ReadonlyArray<Check<ClusterFacts>> = [{ id: "aks", needs: [], look: aks }];

/**
 * Do service accounts and pods name the secret of an entry? A pod gets the secrets of its account only when it is
 * created, so a pod from before the link has none.
 */
export const serviceAccount: Check<EntryFacts> = { id: "service-account", needs: ["host"], look: isNamed };

/** Is it an AKS cluster, and do its nodes pull by their own identity, without a secret? */
function aks(facts: ClusterFacts): Verdict | undefined {
  const { apiHost, context, nodes, wanted } = facts;
  if (!isManagedHost(apiHost)) return undefined;
  const cluster = valueOf(nodes)?.cluster;
  const could = "whose nodes can pull with their own identity, without a secret or a password that expires";
  if (!nodes.known || !cluster) {
    const why = nodes.known ? "The account signed in does not see the managed cluster." : nodes.why;
    return pass(
      `Context ${context} points to an AKS cluster, ${could}. What they may do is not known: ${why}`,
      attachAdvice(facts, wanted?.text),
    );
  }
  const there = `Context ${context} points to the AKS cluster ${cluster.name}`;
  if (cluster.pullsByServiceAccount) {
    return pass(
      `${there}, whose pods pull as the identities of their service accounts, and not as the nodes: those without one need a pull secret.`,
    );
  }
  if (!cluster.kubeletIdentity)
    return pass(`${there}, whose nodes sign in to Azure as a service principal: pods need a pull secret.`);
  const verdicts = (valueOf(nodes)?.registries ?? []).map((one) => onRegistry(one, cluster.name, facts));
  const [first] = verdicts;
  if (!first) return pass(`${there}, ${could}.`, attachAdvice(facts, wanted?.text));
  const worst =
    verdicts.find(({ status }) => status === "fail") ?? verdicts.find(({ status }) => status !== "pass");
  return worst ?? pass(verdicts.map(({ message }) => message).join(" "), first.fix);
}

/** What the nodes may do with one registry. */
function onRegistry({ registry, roles }: NodesOnRegistry, cluster: string, facts: ClusterFacts): Verdict {
  if (!roles.known) return notKnown(roles);
  const { name, id, roleAssignmentMode: mode } = registry;
  const pulling = roles.value.find((one) => givesPull(one, mode));
  if (pulling) {
    const limit = repositoriesIn(pulling.assignment.condition ?? "");
    const reach = limit.length > 0 ? `${limit.join(", ")} of ${name}` : name;
    return pass(
      `The nodes of the AKS cluster ${cluster} pull from ${reach} with their own identity, which holds ${roleName(pulling)}: pods need no secret for it.`,
    );
  }
  const attach = attachAdvice(facts, name);
  const useless = roles.value.find((one) => givesPull(one, undefined));
  if (!useless) {
    return pass(
      `The nodes of the AKS cluster ${cluster} could pull from ${name} with their own identity, without a secret or a password that expires.`,
      attach,
    );
  }
  const inWords = mode === "AbacRepositoryPermissions" ? "ABAC mode" : "legacy mode";
  const held = `The identity of the nodes of ${cluster} holds ${roleName(useless)} on ${name}, which does not allow pulls there: the registry is in ${inWords}.`;
  return isOurAssignment(id, useless.assignment) ? fail(held, attach) : warn(held, attach);
}

function attachAdvice({ suggest, context }: ClusterFacts, name: string | undefined): string {
  const { registry, where } = registryIn(name === undefined ? [] : [name]);
  return `Grant the nodes the role that allows pulls${where}: ${suggest("setup", [["--registry", registry], ["--attach"], ["--context", context]])}`;
}

function isNamed(facts: EntryFacts): Verdict {
  const { place, inNamespace, key, host, suggest } = facts;
  const { accounts, pods, pullSecrets } = inNamespace;
  const { name, context, namespace } = place;
  if (!accounts.known) return notKnown(accounts);
  const linking = accounts.value.filter(({ imagePullSecrets }) => imagePullSecrets.includes(name));
  const living = (valueOf(pods) ?? []).filter(({ over }) => !over);
  const late = living
    .filter(({ containers }) => containers.some(({ image }) => keysForImage([key], image).length > 0))
    .filter(
      (pod) =>
        pod.imagePullSecrets.length === 0 && linking.some((account) => account.name === pod.serviceAccount),
    )
    .map((pod) => pod.name);
  if (late.length > 0) {
    const anew = suggest.kubectl(context, "delete", "pod", ...late.slice(0, 5), "--namespace", namespace);
    return warn(
      `Pod ${someOf(late)} was created before its service account named the secret, and does not get it: its next pull has no password.`,
      `Recreate them, through their deployment or by deleting them: ${anew}`,
    );
  }
  if (linking.length > 0)
    return pass(`Service account ${linking.map((one) => one.name).join(", ")} names the secret.`);
  const naming = living.filter(({ imagePullSecrets }) => imagePullSecrets.includes(name));
  if (naming.length > 0) {
    const how = naming.length === 1 ? "one pod does" : `${naming.length} pods do`;
    return pass(`No service account names the secret; ${how}.`);
  }
  const existing = new Set(pullSecrets.known ? pullSecrets.value : []);
  const astray = accounts.value.find(
    ({ imagePullSecrets }) =>
      pullSecrets.known && imagePullSecrets.length > 0 && !imagePullSecrets.some((one) => existing.has(one)),
  );
  if (astray) {
    return warn(
      `Service account ${astray.name} names ${astray.imagePullSecrets.join(", ")}, and no pull secret in ${namespace} has that name: its pods pull without a password.`,
      `Make it name this one: ${linkCommand(facts, astray)}; recreate the pods that already exist.`,
    );
  }
  return skip(
    `No service account in ${namespace} names the secret, nor does any pod that was seen: pods that pull from ${host} have to name it themselves.`,
  );
}

/** The command that makes an account name the secret. `setup` does it only for a secret that acr-pull keeps. */
function linkCommand(facts: EntryFacts, { name, imagePullSecrets }: ServiceAccountObject): string {
  return facts.isOurs && facts.writtenBy === undefined
    ? setupAgain(facts, [["--service-account", name]])
    : linkByHand(facts.suggest, facts.place, name, [...imagePullSecrets, facts.place.name]);
}
