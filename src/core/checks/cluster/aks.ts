import { inOneLine } from "../../../domain/in-one-line.ts";
import { isManagedHost } from "../../../domain/managed-cluster.ts";
import { isOurAssignment } from "../../../domain/role-assignment.ts";
import { repositoriesIn } from "../../../domain/role.ts";
import { fail, notKnown, pass, warn, type Check, type Verdict } from "../check.ts";
import { givesPull, roleName } from "../credential/outcomes.ts";
import type { ClusterFacts, NodesOnRegistry } from "../facts.ts";
import { registryIn } from "../remedies.ts";

const docs = "https://learn.microsoft.com/azure/aks/cluster-container-registry-integration";

/** Is it an AKS cluster, and do its nodes pull by their own identity, without a secret? */
export const aks: Check<ClusterFacts> = {
  id: "aks",
  needs: [],
  look: (facts) => {
    const { apiHost, context, nodes, registry } = facts;
    if (!isManagedHost(apiHost)) return undefined;
    const cluster = nodes.known ? nodes.value?.cluster : undefined;
    if (!nodes.known || !cluster) {
      const why = nodes.known
        ? "The account signed in does not see the managed cluster, so what its nodes may do is not known."
        : `What its nodes may do is not known: ${nodes.why}`;
      return pass(
        `Context ${context} points to an AKS cluster, whose nodes can pull with their own identity, without a secret or a password that expires. ${why}`,
        { hint: attachHint(facts, registry?.name), docs },
      );
    }
    const name = inOneLine(cluster.name);
    if (cluster.pullsByServiceAccount) {
      return pass(
        `Context ${context} points to the AKS cluster ${name}, whose pods pull as the identities of their service accounts, and not as the nodes: those without one need a pull secret.`,
      );
    }
    if (!cluster.kubeletIdentity) {
      return pass(
        `Context ${context} points to the AKS cluster ${name}, whose nodes sign in to Azure as a service principal: pods need a pull secret.`,
      );
    }
    const verdicts = (nodes.value?.registries ?? []).map((one) => verdictOn(one, name, facts));
    const worst =
      verdicts.find(({ status }) => status === "fail") ?? verdicts.find((one) => one.status !== "pass");
    if (worst) return worst;
    const [first] = verdicts;
    if (first) return { ...first, message: verdicts.map(({ message }) => message).join(" ") };
    return pass(
      `Context ${context} points to the AKS cluster ${name}, whose nodes can pull with their own identity, without a secret or a password that expires.`,
      { hint: attachHint(facts, registry?.name), docs },
    );
  },
};

/** What the nodes may do with one registry. */
function verdictOn({ registry, roles }: NodesOnRegistry, cluster: string, facts: ClusterFacts): Verdict {
  if (!roles.known) return notKnown(roles);
  const { name, id, roleAssignmentMode: mode } = registry;
  const hint = attachHint(facts, name);
  const pulling = roles.value.find((one) => givesPull(one, mode));
  if (pulling) {
    const limit = repositoriesIn(pulling.assignment.condition ?? "").map(inOneLine);
    const reach = limit.length > 0 ? `${limit.join(", ")} of ${name}` : name;
    return pass(
      `The nodes of the AKS cluster ${cluster} pull from ${reach} with their own identity, which holds ${roleName(pulling)}: pods need no secret for it.`,
      { ids: { assignmentId: pulling.assignment.id } },
    );
  }
  const inWords = mode === "AbacRepositoryPermissions" ? "ABAC mode" : "legacy mode";
  const useless = roles.value.find((one) => givesPull(one, undefined));
  if (!useless) {
    return pass(
      `The nodes of the AKS cluster ${cluster} could pull from ${name} with their own identity, without a secret or a password that expires.`,
      { hint, docs },
    );
  }
  const held = `The identity of the nodes of ${cluster} holds ${roleName(useless)} on ${name}, which does not allow pulls there: the registry is in ${inWords}.`;
  const ids = { assignmentId: useless.assignment.id };
  return isOurAssignment(id, useless.assignment)
    ? fail(held, { hint, docs, ids })
    : warn(held, { hint, docs, ids });
}

function attachHint({ suggest, context }: ClusterFacts, name: string | undefined): string {
  const { registry, where } = registryIn(name === undefined ? [] : [name]);
  return `Grant the nodes the role that allows pulls${where}: ${suggest("setup", [["--registry", registry], ["--attach"], ["--context", context]])}`;
}
