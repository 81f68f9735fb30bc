import type { ProofImage, PullOutcome } from "../core/ports.ts";
import { credentialsOf, type PullCredential } from "../domain/docker-config.ts";
import { imageName } from "../domain/image-name.ts";
import { keysForImage } from "../domain/kubelet-match.ts";
import type { NodePlatform, PodObject } from "../domain/kubernetes-objects.ts";
import { registryHostOf } from "../domain/login-server.ts";
import { waitingContainers } from "./checks/pod.ts";
import type { PodFacts, SecretOutcome } from "./facts.ts";
import { known, unknown, valueOf, type Known } from "./known.ts";
import type { ChosenPod, SeenNamespace } from "./look-at-namespace.ts";
import type { ClusterRun } from "./run.ts";

/** How a pull of one of a pod's images ended, and with which credential. */
interface Tried {
  readonly image: string;
  readonly host: string;
  readonly asked: ProofImage;
  readonly credential: PullCredential;
  readonly outcome: PullOutcome;
}

/** What was found about the secrets of the pod's namespace, by name. */
type Outcomes = ReadonlyMap<string, SecretOutcome>;

/** Gathers the facts about one pod. Each image that it waits for is pulled with what its secrets hold for it. */
export async function seePod(
  { name, pod: chosen }: ChosenPod,
  { context, namespace, accounts }: SeenNamespace,
  secrets: Outcomes,
  run: ClusterRun,
): Promise<PodFacts> {
  const pod = valueOf(chosen);
  const [events, tried] = await Promise.all([
    pod ? run.cluster.events(namespace, name) : unknown("There is no such pod."),
    pod ? pullsOf(pod, secrets, run) : [],
  ]);
  const pulled = tried.filter(({ outcome }) => outcome.kind === "allowed");
  const lacksSecret =
    pod !== undefined && imagesOf(pod).some((image) => fitting(pod, image, secrets).length === 0);
  const [node, registries, platforms] = await Promise.all([
    pulled.length > 0 ? nodeOf(pod, run) : unknown("No image that it waits for could be pulled."),
    lacksSecret ? run.azure.registries() : unknown("Each image that it waits for has a secret."),
    Promise.all(
      pulled.map(
        async ({ image, host, asked, credential }) =>
          [image, await run.registries.platforms(host, credential, asked)] as const,
      ),
    ),
  ]);
  const account = accounts.known
    ? known(accounts.value.find((one) => one.name === pod?.serviceAccount))
    : accounts;
  return {
    context,
    namespace,
    name,
    pod: chosen,
    events,
    secrets,
    account,
    pulls: new Map(tried.map(({ image, outcome }) => [image, outcome])),
    platforms: new Map(platforms),
    node,
    nodesPull: new Set(run.attached.map(({ loginServer }) => loginServer)),
    isRegistry: run.isRegistry,
    registries,
    suggest: run.input.suggest,
  };
}

async function nodeOf(
  pod: PodObject | undefined,
  { cluster }: ClusterRun,
): Promise<Known<NodePlatform | undefined>> {
  if (pod?.node === undefined) return known(undefined);
  const nodes = await cluster.nodes();
  return nodes.known ? known(nodes.value.find(({ name }) => name === pod.node)) : nodes;
}

async function pullsOf(pod: PodObject, secrets: Outcomes, run: ClusterRun): Promise<Tried[]> {
  const tried = await Promise.all(
    imagesOf(pod).map(async (image) => {
      const { host: named, repository, reference } = imageName(image);
      const host = named.toLowerCase();
      if (!run.maySend(registryHostOf(host))) return undefined;
      const asked = { repository, tag: reference };
      const all = await Promise.all(
        fitting(pod, image, secrets).map(async (credential) => {
          const { outcome } = await run.registries.pull(host, credential, asked);
          return outcome ? [{ image, host, asked, credential, outcome }] : [];
        }),
      );
      // The kubelet tries every credential that fits, and one that works is enough.
      return all.flat().toSorted((left, right) => rank(left.outcome) - rank(right.outcome))[0];
    }),
  );
  return tried.filter((one) => one !== undefined);
}

/** The images that a pod waits for. */
function imagesOf(pod: PodObject): string[] {
  return [...new Set(waitingContainers(pod).map(({ image }) => image))];
}

/** What the kubelet would try: every fitting entry of every secret that the pod names. */
function fitting(pod: PodObject, image: string, secrets: Outcomes): PullCredential[] {
  return pod.imagePullSecrets.flatMap((name) => {
    const config = secrets.get(name)?.config;
    if (!config) return [];
    const keys = Object.keys(config.auths);
    const fits = new Set(keysForImage(keys, image));
    return credentialsOf(config).filter((_one, index) => fits.has(keys[index] ?? ""));
  });
}

function rank({ kind }: PullOutcome): number {
  return ["allowed", "image-missing", "no-pull-scope", "refused"].indexOf(kind);
}
