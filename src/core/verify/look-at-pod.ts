import { credentialsOf, type PullCredential } from "../../domain/docker-config.ts";
import { imageName } from "../../domain/image-name.ts";
import { keysForImage } from "../../domain/kubelet-match.ts";
import type { NodePlatform, PodObject } from "../../domain/kubernetes-objects.ts";
import { registryHostOf } from "../../domain/login-server.ts";
import { known, unknown, type Known } from "../checks/check.ts";
import { waitsForImage } from "../checks/cluster/pod.ts";
import type { PodFacts, SecretOutcome } from "../checks/facts.ts";
import type { Suggest } from "../suggest.ts";
import type { ClusterReads, ProofImage, PullOutcome } from "../ports.ts";
import type { AzureSight } from "./look-at-azure.ts";
import type { ChosenPod, SeenNamespace } from "./look-at-namespace.ts";
import { seen, type RegistrySight } from "./look-at-registry.ts";

/** What is needed to look at a pod. */
export interface PodSight {
  readonly cluster: ClusterReads;
  readonly azure: Pick<AzureSight, "registries">;
  readonly registries: RegistrySight;
  readonly isRegistry: (host: string) => boolean;
  readonly maySend: (host: string) => boolean;
  /** What was found about the secrets of its namespace, by name. */
  readonly secrets: ReadonlyMap<string, SecretOutcome>;
  /** The platforms of the cluster's nodes. Read only if an image of a pod could be pulled. */
  readonly listNodes: () => Promise<Known<readonly NodePlatform[]>>;
  /** Login servers that the nodes pull from by their own identity. */
  readonly nodesPull: ReadonlySet<string>;
  readonly suggest: Suggest;
}

/** How a pull of one of a pod's images ended, and with which credential. */
interface Tried {
  readonly image: string;
  readonly host: string;
  readonly asked: ProofImage;
  readonly credential: PullCredential;
  readonly outcome: PullOutcome;
}

/** Gathers the facts about one pod. Each image that it waits for is pulled with what its secrets hold for it. */
export async function seePod(
  { name, pod: chosen }: ChosenPod,
  { context, namespace, accounts }: SeenNamespace,
  sight: PodSight,
  signal: AbortSignal,
): Promise<PodFacts> {
  const pod = chosen.known ? chosen.value : undefined;
  const [events, tried] = await Promise.all([
    pod
      ? seen(sight.cluster.listPodEvents(namespace, name, signal), signal)
      : unknown("There is no such pod."),
    pod ? pullsOf(pod, sight) : [],
  ]);
  const pulled = tried.filter(({ outcome }) => outcome.kind === "allowed");
  const [node, registries, platforms] = await Promise.all([
    pulled.length > 0 ? nodeOf(pod, sight) : unknown("No image that it waits for could be pulled."),
    pod && waitingImages(pod).some((image) => fitting(pod, image, sight).length === 0)
      ? sight.azure.registries()
      : unknown("Each image that it waits for has a secret."),
    Promise.all(
      pulled.map(
        async ({ image, host, asked, credential }) =>
          [image, await sight.registries.platforms(host, credential, asked)] as const,
      ),
    ),
  ]);
  const account = accounts.known
    ? known(accounts.value.find((one) => one.name === pod?.serviceAccount))
    : accounts;
  const { secrets, isRegistry, nodesPull, suggest } = sight;
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
    isRegistry,
    nodesPull,
    registries,
    suggest,
  };
}

async function nodeOf(
  pod: PodObject | undefined,
  { listNodes }: PodSight,
): Promise<Known<NodePlatform | undefined>> {
  if (pod?.node === undefined) return known(undefined);
  const nodes = await listNodes();
  return nodes.known ? known(nodes.value.find(({ name }) => name === pod.node)) : nodes;
}

async function pullsOf(pod: PodObject, sight: PodSight): Promise<Tried[]> {
  const tried = await Promise.all(
    waitingImages(pod).map(async (image) => {
      const { host, repository, reference } = imageName(image);
      const server = host.toLowerCase();
      if (!sight.maySend(registryHostOf(server))) return undefined;
      const asked = { repository, tag: reference };
      const all = await Promise.all(
        fitting(pod, image, sight).map(async (credential) => {
          const one = await sight.registries.pull(server, credential, asked);
          return one.kind === "answered"
            ? [{ image, host: server, asked, credential, outcome: one.outcome }]
            : [];
        }),
      );
      // The kubelet tries every credential that fits, and one that works is enough.
      return all.flat().toSorted((left, right) => rank(left.outcome) - rank(right.outcome))[0];
    }),
  );
  return tried.filter((one) => one !== undefined);
}

function waitingImages({ containers }: PodObject): string[] {
  const waiting = containers.filter((one) => waitsForImage.has(one.waiting ?? ""));
  return [...new Set(waiting.map(({ image }) => image))];
}

/** What the kubelet would try: every fitting entry of every secret that the pod names. */
function fitting(pod: PodObject, image: string, { secrets }: PodSight): PullCredential[] {
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
