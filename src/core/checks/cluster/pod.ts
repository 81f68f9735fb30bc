import { usualSecretName } from "../../../domain/names.ts";
import { imageName, imageText } from "../../../domain/image-name.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import { keysForImage } from "../../../domain/kubelet-match.ts";
import { registryHostOf } from "../../../domain/login-server.ts";
import type { ContainerImage, PodObject } from "../../../domain/kubernetes-objects.ts";
import { fail, notKnown, pass, skip, warn, type Check, type Verdict } from "../check.ts";
import type { PullOutcome } from "../../ports.ts";
import type { PodFacts, SecretOutcome } from "../facts.ts";
import { byNodes } from "./pod-by-nodes.ts";
import { withoutSecret } from "./pod-without-secret.ts";
import { buildFor } from "../remedies.ts";

const docs = "https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff";
/** The most characters that are quoted of what the kubelet says. */
const mostQuoted = 300;
/**
 * The reasons that the kubelet gives for a container that does not get its image.
 * Source: kubernetes pkg/kubelet/images/types.go
 */
export const waitsForImage: ReadonlySet<string> = new Set([
  "ImagePullBackOff",
  "ErrImagePull",
  "RegistryUnavailable",
  "InvalidImageName",
  "ErrImageNeverPull",
  "ImageInspectError",
  "SignatureValidationFailed",
]);
/** Those of them that concern the node alone, and neither a secret nor a registry. */
const ofTheNode: ReadonlySet<string> = new Set(["ImageInspectError", "SignatureValidationFailed"]);

/** Why does the pod not get its image? Secrets are matched to images as the kubelet does it. */
export const pod: Check<PodFacts> = {
  id: "pod",
  needs: [],
  look: (facts) => {
    const { pod: chosen, name, namespace, context, suggest } = facts;
    if (!chosen.known) return notKnown(chosen);
    const found = chosen.value;
    if (!found) {
      return fail(`There is no pod ${name} in namespace ${namespace}.`, {
        hint: `List them: ${suggest.kubectl(context, "get", "pods", "--namespace", namespace)}`,
        docs,
      });
    }
    const waiting = found.containers.filter((one) => waitsForImage.has(one.waiting ?? ""));
    const [first] = waiting;
    if (!first) return pass(`Pod ${name} is not waiting for an image.`);
    const verdicts = waiting.map((one) => causeOf(one, found, facts));
    return verdicts.find(({ status }) => status === "fail") ?? verdicts[0];
  },
};

function causeOf(container: ContainerImage, found: PodObject, facts: PodFacts): Verdict {
  const { host, repository, reference } = imageName(withoutScheme(container.image));
  const image = inOneLine(container.image);
  const what = `Pod ${found.name} waits for ${image} (${container.waiting ?? ""})`;
  if (!facts.isRegistry(host.toLowerCase())) {
    return skip(`${what}, which is not an image in an Azure container registry.`, {
      ids: { cause: "other-registry" },
    });
  }
  const ofNode = causeAtNode(what, container, found, facts);
  if (ofNode) return ofNode;
  const named = found.imagePullSecrets;
  if (named.length === 0 && facts.nodesPull.has(registryHostOf(host.toLowerCase())))
    return byNodes(what, found, facts, kubeletSaid(container, facts));
  if (named.length === 0) return withoutSecret(what, container, found, facts);
  const outcomes = named.map((name) => facts.secrets.get(name)).filter((one) => one !== undefined);
  const malformed = outcomes.find(({ failed }) => failed?.id === "secret-parses");
  if (malformed) return because(what, malformed, malformed.failed);
  const fitting = outcomes
    .map((one) => ({
      one,
      keys: keysForImage(Object.keys(one.config?.auths ?? {}), `${host}/${repository}`),
    }))
    .filter(({ keys }) => keys.length > 0);
  if (fitting.length === 0) {
    const failed = outcomes.find((one) => one.failed !== undefined);
    if (failed) return because(what, failed, failed.failed);
    return otherHost(what, host, outcomes, facts);
  }
  const outcome = facts.pulls.get(container.image);
  if (outcome?.kind === "allowed") {
    return misfit(what, container, found, facts) ?? recovering(what, container, found, facts);
  }
  if (outcome?.kind === "image-missing") {
    return fail(`${what}: ${host} has no such image.`, {
      hint: `Push it, or name another in the pod's template: ${facts.suggest.kubectl(facts.context, "get", "pod", found.name, "--namespace", found.namespace, "--output", "yaml")}`,
      docs,
      ids: { cause: "image", pod: found.name },
    });
  }
  for (const { one, keys } of fitting) {
    const cause = keys.map((key) => one.entries.get(key)).find((result) => explains(result, outcome));
    if (cause) return because(what, one, cause);
  }
  const said =
    outcome === undefined
      ? `. ${kubeletSaid(container, facts)}`.trimEnd()
      : ` (${inOneLine(outcome.reason)}).`;
  return fail(
    `${what}: ${host} does not let the credential in its secrets pull ${inOneLine(repository)}${said}`,
    {
      hint: `See what the role is limited to: ${facts.suggest("verify", [
        ["--namespace", found.namespace],
        ["--context", facts.context],
        ["--image", imageText({ repository, tag: reference })],
      ])}`,
      docs,
      ids: { cause: "pull-scope", pod: found.name },
    },
  );
}

/** Whether a failing check can be the cause. A credential that signs in but may not pull has the right password. */
function explains(
  result: SecretOutcome["failed"],
  outcome: PullOutcome | undefined,
): result is NonNullable<SecretOutcome["failed"]> {
  if (result === undefined) return false;
  return outcome?.kind !== "no-pull-scope" || /^(?:role-|pull-scope$)/.test(result.id);
}

/** Somebody may have pasted a URL. Then the name is at fault, but it still shows which registry was meant. */
function withoutScheme(image: string): string {
  return image.replace(/^https?:\/\//i, "");
}

/** The cause, if the kubelet does not get as far as asking a registry. */
function causeAtNode(
  what: string,
  container: ContainerImage,
  found: PodObject,
  facts: PodFacts,
): Verdict | undefined {
  const { context, suggest } = facts;
  const about = ["pod", found.name, "--namespace", found.namespace] as const;
  const template = suggest.kubectl(context, "get", ...about, "--output", "yaml");
  if (container.waiting === "InvalidImageName") {
    return fail(`${what}, which is not a valid image name.`, {
      hint: `Write it in the pod's template as HOST/REPOSITORY:TAG, without a scheme and with the repository in lower case: ${template}`,
      docs,
      ids: { cause: "image-name", pod: found.name },
    });
  }
  if (container.waiting === "ErrImageNeverPull") {
    return fail(
      `${what}: its imagePullPolicy is Never, so nothing is pulled, and node ${found.node ?? ""} does not have the image.`,
      {
        hint: `Set imagePullPolicy to IfNotPresent in the pod's template: ${template}`,
        docs: "https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy",
        ids: { cause: "pull-policy", pod: found.name },
      },
    );
  }
  if (!ofTheNode.has(container.waiting ?? "")) return undefined;
  return fail(`${what}: its node cannot use the image. ${kubeletSaid(container, facts)}`.trim(), {
    hint: `See what the node says: ${suggest.kubectl(context, "describe", ...about)}`,
    docs,
    ids: { cause: "node", pod: found.name },
  });
}

/** The cause, if the image can be pulled but is not built for the node's platform. */
function misfit(
  what: string,
  { image }: ContainerImage,
  found: PodObject,
  { platforms, node }: PodFacts,
): Verdict | undefined {
  const there = platforms.get(image);
  if (!there?.known || !node.known || !node.value) return undefined;
  const { name, os, architecture } = node.value;
  if (there.value.length === 0 || there.value.includes(`${os}/${architecture}`)) return undefined;
  return fail(
    `${what}, which is built for ${there.value.join(", ")}, but its node ${name} is ${os}/${architecture}.`,
    {
      hint: `Build it for the node too: ${buildFor([...there.value, `${os}/${architecture}`], withoutScheme(image))}; or give the pod a node selector on kubernetes.io/os and kubernetes.io/arch.`,
      docs: "https://docs.docker.com/build/building/multi-platform/",
      ids: { cause: "image-platform", pod: found.name, node: name },
    },
  );
}

function because(what: string, { name }: SecretOutcome, cause: SecretOutcome["failed"]): Verdict {
  return fail(`${what}: its secret ${name} fails ${cause?.id ?? ""}. ${cause?.message ?? ""}`, {
    hint: cause?.hint,
    docs: cause?.docs ?? docs,
    ids: { ...cause?.ids, cause: cause?.id ?? "", secret: name },
  });
}

function otherHost(what: string, host: string, outcomes: readonly SecretOutcome[], facts: PodFacts): Verdict {
  const { namespace, context, name, registries, suggest } = facts;
  const names = outcomes.map((one) => one.name).join(", ");
  const hosts = outcomes.flatMap(({ config }) => Object.keys(config?.auths ?? {})).map(inOneLine);
  const server = host.toLowerCase();
  const isCase = host !== server && hosts.some((one) => registryHostIn(one) === server);
  const whole = registryHostOf(server);
  const isLoginServer =
    !registries.known || registries.value.some(({ loginServer }) => loginServer === whole);
  const add = suggest("setup", [
    ["--registry", server],
    ["--namespace", namespace],
    ["--context", context],
    ["--secret-name", outcomes[0]?.name ?? usualSecretName],
    ["--adopt"],
  ]);
  const image = suggest.kubectl(context, "get", "pod", name, "--namespace", namespace, "--output", "yaml");
  return fail(
    `${what}, and no entry in its secrets (${names}) is for ${inOneLine(host)}: they are for ${hosts.length === 0 ? "nothing" : hosts.join(", ")}.`,
    {
      hint: isCase
        ? `The kubelet's comparison is case-sensitive: name the image by ${server} in the pod's template: ${image}`
        : whole !== server
          ? `It is a regional endpoint of ${inOneLine(whole)}: name the image by that in the pod's template: ${image}`
          : isLoginServer
            ? `Name the image by the registry's login server, or add the entry: ${add}`
            : `Azure shows no registry with the login server ${inOneLine(host)}: name the image in the pod's template by its registry's login server: ${image}`,
      docs,
      ids: { cause: "host", pod: name },
    },
  );
}

/** The host that a key of a secret means. */
function registryHostIn(key: string): string {
  return (
    key
      .replace(/^https?:\/\//i, "")
      .split("/")[0]
      ?.toLowerCase() ?? ""
  );
}

/** All is in order now. The kubelet tries again within five minutes. */
function recovering(what: string, container: ContainerImage, found: PodObject, facts: PodFacts): Verdict {
  const { context, suggest } = facts;
  return warn(
    `${what}, but the credential in its secrets pulls it from here now: the kubelet retries within five minutes. ${kubeletSaid(container, facts)}`.trim(),
    {
      hint: `If it still waits then, the node cannot reach the registry: ${suggest.kubectl(context, "describe", "pod", found.name, "--namespace", found.namespace)}. To retry at once, recreate it: ${suggest.kubectl(context, "delete", "pod", found.name, "--namespace", found.namespace)}`,
      docs,
      ids: { cause: "none", pod: found.name, ...(found.node !== undefined && { node: found.node }) },
    },
  );
}

/** What the kubelet last said about an image. Some events with the reason Failed say only that it waits. */
function kubeletSaid({ image, message }: ContainerImage, { events }: PodFacts): string {
  const [last] = (events.known ? events.value : [])
    .filter((one) => one.reason === "Failed" && one.message.includes(`"${image}"`))
    .toSorted((left, right) => right.at - left.at);
  const said = last?.message ?? message;
  return said === "" ? "" : `The kubelet says: ${inOneLine(said).slice(0, mostQuoted)}`;
}
