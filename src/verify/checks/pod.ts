import { imageName, imageText, type ImageName } from "../../domain/image-name.ts";
import { keysForImage } from "../../domain/kubelet-match.ts";
import type { ContainerImage, PodObject } from "../../domain/kubernetes-objects.ts";
import { registryHostOf } from "../../domain/login-server.ts";
import { fail, notKnown, pass, skip, warn, type Check, type CheckResult, type Verdict } from "../check.ts";
import type { PodFacts, SecretOutcome } from "../facts.ts";
import { valueOf } from "../known.ts";
import { buildAdvice, linkByHand } from "../remedies.ts";

/** Checks of a pod that waits for an image, or was asked for by name. */
export const podChecks: ReadonlyArray<Check<PodFacts>> = [{ id: "pod", needs: [], look: pod }];

/**
 * The reasons that the kubelet gives for a container that does not get its image.
 * Source: kubernetes pkg/kubelet/images/types.go
 */
const waitingReasons: ReadonlySet<string | undefined> = new Set([
  "ImagePullBackOff",
  "ErrImagePull",
  "RegistryUnavailable",
  "InvalidImageName",
  "ErrImageNeverPull",
  "ImageInspectError",
  "SignatureValidationFailed",
]);

/** The containers of a pod that wait for their images. */
export function waitingContainers({ containers }: PodObject): ContainerImage[] {
  return containers.filter(({ waiting }) => waitingReasons.has(waiting));
}

/** A container that waits, and what is known about it. */
interface Waiting {
  readonly facts: PodFacts;
  readonly pod: PodObject;
  readonly container: ContainerImage;
  /** The parts of its image's name. */
  readonly image: ImageName;
  /** `Pod P waits for IMAGE (REASON)`. */
  readonly what: string;
  /** What the kubelet last said about the image, as a sentence after a space; empty if that is not known. */
  readonly said: string;
  /** The commands that show the pod and its events, and that delete it so that its deployment makes another. */
  readonly commands: Readonly<Record<"yaml" | "describe" | "delete", string>>;
}

/** Why does the pod not get its image? Secrets are matched to images as the kubelet does it. */
function pod(facts: PodFacts): Verdict | undefined {
  const { pod: chosen, name, namespace, context, suggest } = facts;
  if (!chosen.known) return notKnown(chosen);
  const pod = chosen.value;
  if (!pod) {
    const list = suggest.kubectl(context, "get", "pods", "--namespace", namespace);
    return fail(`There is no pod ${name} in namespace ${namespace}.`, `List them: ${list}`);
  }
  const verdicts = waitingContainers(pod).map((container) => causeOf(waitingOf(container, pod, facts)));
  if (verdicts.length === 0) return pass(`Pod ${name} is not waiting for an image.`);
  return verdicts.find(({ status }) => status === "fail") ?? verdicts[0];
}

function waitingOf(container: ContainerImage, pod: PodObject, facts: PodFacts): Waiting {
  const { suggest, context } = facts;
  const of = ["pod", pod.name, "--namespace", pod.namespace] as const;
  return {
    facts,
    pod,
    container,
    image: imageName(withoutScheme(container.image)),
    what: `Pod ${pod.name} waits for ${container.image} (${container.waiting ?? ""})`,
    said: kubeletSaid(container, facts),
    commands: {
      yaml: suggest.kubectl(context, "get", ...of, "--output", "yaml"),
      describe: suggest.kubectl(context, "describe", ...of),
      delete: suggest.kubectl(context, "delete", ...of),
    },
  };
}

function causeOf(waiting: Waiting): Verdict {
  const { facts, pod, image, what, said, commands } = waiting;
  const { host, repository } = image;
  const server = registryHostOf(host);
  if (!facts.isRegistry(host.toLowerCase()))
    return skip(`${what}, which is not an image in an Azure container registry.`);
  const atNode = causeAtNode(waiting);
  if (atNode) return atNode;
  if (pod.imagePullSecrets.length === 0 && facts.nodesPull.has(server)) {
    return warn(
      `${what} without a pull secret: it pulls with the identity of its node, which may pull from there.${said}`,
      `A new role assignment takes up to ten minutes to take effect, and a node remembers a refusal for up to thirty. Wait, then recreate the pod: ${commands.delete}. If that does not help, check that the registry has the image.`,
    );
  }
  if (pod.imagePullSecrets.length === 0) return withoutSecret(waiting);
  const outcomes = pod.imagePullSecrets.flatMap((name) => facts.secrets.get(name) ?? []);
  const malformed = outcomes.find(({ failed }) => failed?.id === "secret-parses");
  if (malformed?.failed) return because(what, malformed, malformed.failed);
  const fitting = outcomes.filter((one) => keysFor(one, image).length > 0);
  if (fitting.length === 0) {
    const broken = outcomes.find(({ failed }) => failed !== undefined);
    return broken?.failed ? because(what, broken, broken.failed) : otherHost(waiting, outcomes);
  }
  const outcome = facts.pulls.get(waiting.container.image);
  if (outcome?.kind === "allowed") return misfit(waiting) ?? recovering(waiting);
  if (outcome?.kind === "image-missing") {
    return fail(
      `${what}: ${host} has no such image.`,
      `Push it, or name another in the pod's template: ${commands.yaml}`,
    );
  }
  // A credential that signs in but may not pull has the right password.
  const explains = ({ id }: CheckResult) =>
    outcome?.kind !== "no-pull-scope" || /^(?:role|pull-scope)/.test(id);
  for (const one of fitting) {
    const failed = keysFor(one, image).flatMap((key) => one.entries.get(key) ?? []);
    const cause = failed.find(explains);
    if (cause) return because(what, one, cause);
  }
  const limits = facts.suggest("verify", [
    ["--namespace", pod.namespace],
    ["--context", facts.context],
    ["--image", imageText({ repository, tag: image.reference })],
  ]);
  return fail(
    `${what}: ${host} does not let the credential in its secrets pull ${repository}${outcome ? ` (${outcome.reason}).` : `.${said}`}`,
    `See what the role is limited to: ${limits}`,
  );
}

/** The keys of a secret that the kubelet would try for an image. */
function keysFor({ config }: SecretOutcome, { host, repository }: ImageName): string[] {
  return keysForImage(Object.keys(config?.auths ?? {}), `${host}/${repository}`);
}

/** Somebody may have pasted a URL. Then the name is at fault, but it still shows which registry was meant. */
function withoutScheme(image: string): string {
  return image.replace(/^https?:\/\//i, "");
}

/** The cause, if the kubelet does not get as far as asking a registry. */
function causeAtNode({ container: { waiting }, pod, what, said, commands }: Waiting): Verdict | undefined {
  if (waiting === "InvalidImageName") {
    return fail(
      `${what}, which is not a valid image name.`,
      `Write it in the pod's template as HOST/REPOSITORY:TAG, without a scheme and with the repository in lower case: ${commands.yaml}`,
    );
  }
  if (waiting === "ErrImageNeverPull") {
    return fail(
      `${what}: its imagePullPolicy is Never, so nothing is pulled, and node ${pod.node ?? ""} does not have the image.`,
      `Set imagePullPolicy to IfNotPresent in the pod's template: ${commands.yaml}`,
    );
  }
  if (waiting !== "ImageInspectError" && waiting !== "SignatureValidationFailed") return undefined;
  return fail(
    `${what}: its node cannot use the image.${said}`,
    `See what the node says: ${commands.describe}`,
  );
}

/** Why a pod waits that names no secret, and that got none from its service account when it was created. */
function withoutSecret({ facts, pod, image, what, commands }: Waiting): Verdict {
  const { account, context, namespace, secrets, suggest } = facts;
  const { serviceAccount } = pod;
  if (!account.known) {
    return fail(
      `${what} without a pull secret: it names none, and got none from its service account ${serviceAccount}, which you may not read.`,
      account.fix,
    );
  }
  const linked = account.value?.imagePullSecrets ?? [];
  const fits = (one: SecretOutcome) => keysFor(one, image).length > 0;
  // A secret that was not looked at may help.
  const helping = linked.filter((name) => {
    const one = secrets.get(name);
    return one === undefined || fits(one);
  });
  if (helping.length > 0) {
    return fail(
      `${what} without a pull secret: it was created before its service account ${serviceAccount} named ${helping.join(", ")}, so it does not get it.`,
      `Recreate it, through its deployment or by deleting it: ${commands.delete}`,
    );
  }
  const ready = [...secrets.values()].find((one) => one.failed === undefined && fits(one));
  const link =
    ready && !ready.isOurs
      ? linkByHand(suggest, facts, serviceAccount, [...linked, ready.name])
      : suggest("setup", [
          ["--registry", registryHostOf(image.host)],
          ["--namespace", namespace],
          ["--context", context],
          ...(ready ? [["--secret-name", ready.name] as const] : []),
          ["--service-account", serviceAccount],
        ]);
  if (!account.value) {
    const create = ["create", "serviceaccount", serviceAccount, "--namespace", namespace];
    return fail(
      `${what} without a pull secret: it names none, and its service account ${serviceAccount} is gone.`,
      `Recreate the account (${suggest.kubectl(context, ...create)}) and link it: ${link}; then recreate the pod: ${commands.delete}.`,
    );
  }
  const other = linked.length === 0 ? "" : ` for ${image.host}`;
  return fail(
    `${what} without a pull secret${other}: neither it nor its service account ${serviceAccount} names one.`,
    `Link the account: ${link}; then recreate the pod: ${commands.delete}. Or name the secret in the pod's imagePullSecrets.`,
  );
}

function because(what: string, { name }: SecretOutcome, { id, message, fix }: CheckResult): Verdict {
  return fail(`${what}: its secret ${name} fails ${id}. ${message}`, fix);
}

/** Why no entry in the pod's secrets is for its image. */
function otherHost({ facts, image, what, commands }: Waiting, outcomes: readonly SecretOutcome[]): Verdict {
  const { host } = image;
  const [server, whole] = [host.toLowerCase(), registryHostOf(host)];
  const hosts = outcomes.flatMap(({ config }) => Object.keys(config?.auths ?? {}));
  const inLowerCase = outcomes.some((one) => keysFor(one, { ...image, host: server }).length > 0);
  const isLoginServer = valueOf(facts.registries)?.some(({ loginServer }) => loginServer === whole) ?? true;
  const rename = (why: string) => `${why} in the pod's template: ${commands.yaml}`;
  const add = facts.suggest("setup", [
    ["--registry", server],
    ["--namespace", facts.namespace],
    ["--context", facts.context],
    ["--secret-name", outcomes[0]?.name ?? ""],
    ["--adopt"],
  ]);
  return fail(
    `${what}, and no entry in its secrets (${outcomes.map(({ name }) => name).join(", ")}) is for ${host}: they are for ${hosts.length === 0 ? "nothing" : hosts.join(", ")}.`,
    host !== server && inLowerCase
      ? rename(`The kubelet's comparison is case-sensitive: name the image by ${server}`)
      : whole !== server
        ? rename(`It is a regional endpoint of ${whole}: name the image by that`)
        : isLoginServer
          ? `Name the image by the registry's login server, or add the entry: ${add}`
          : rename(
              `Azure shows no registry with the login server ${host}: name the image by its registry's login server`,
            ),
  );
}

/** The cause, if the image can be pulled but is not built for the node's platform. */
function misfit({ facts, container, what }: Waiting): Verdict | undefined {
  const platforms = facts.platforms.get(container.image);
  const there = platforms && valueOf(platforms);
  const node = valueOf(facts.node);
  if (!there || !node) return undefined;
  const own = `${node.os}/${node.architecture}`;
  if (there.length === 0 || there.includes(own)) return undefined;
  return fail(
    `${what}, which is built for ${there.join(", ")}, but its node ${node.name} is ${own}.`,
    buildAdvice([...there, own], withoutScheme(container.image)),
  );
}

/** All is in order now. The kubelet tries again within five minutes. */
function recovering({ what, said, commands }: Waiting): Verdict {
  return warn(
    `${what}, but the credential in its secrets pulls it from here now: the kubelet retries within five minutes.${said}`,
    `If it still waits then, the node cannot reach the registry: ${commands.describe}. To retry at once, recreate it: ${commands.delete}`,
  );
}

/** What the kubelet last said about an image. Some events with the reason Failed say only that it waits. */
function kubeletSaid({ image, message }: ContainerImage, { events }: PodFacts): string {
  const [last] = (valueOf(events) ?? [])
    .filter((one) => one.reason === "Failed" && one.message.includes(`"${image}"`))
    .toSorted((left, right) => right.at - left.at);
  const said = last?.message ?? message;
  return said === "" ? "" : ` The kubelet says: ${said.slice(0, 300)}`;
}
