import type { PullCredential } from "../../../domain/docker-config.ts";
import { credentialsOf } from "../../../domain/docker-config.ts";
import { imageName } from "../../../domain/image-name.ts";
import { keysForImage } from "../../../domain/kubelet-match.ts";
import type { PodObject } from "../../../domain/kubernetes-objects.ts";
import { registryHostOf } from "../../../domain/login-server.ts";
import { known, unknown } from "../../checks/check.ts";
import { waitsForImage } from "../../checks/cluster/pod.ts";
import type { PodFacts, SecretOutcome, Suggest } from "../../checks/facts.ts";
import type { ClusterReads, PullOutcome } from "../../ports.ts";
import type { RegistrySight } from "./registry-sight.ts";
import type { SeenNamespace } from "./see-namespace.ts";
import { seen } from "./seeing.ts";

/** What a pod is looked at with. */
export interface PodSight {
  readonly cluster: ClusterReads;
  readonly registries: RegistrySight;
  readonly isRegistry: (host: string) => boolean;
  readonly maySend: (host: string) => boolean;
  /** How the secrets of its namespace fared, by name. */
  readonly secrets: ReadonlyMap<string, SecretOutcome>;
  readonly suggest: Suggest;
}

/** Gathers what is to be known of one pod: each image that it waits for is pulled with what its secrets hold for it. */
export async function seePod(
  { name, pod }: SeenNamespace["waiting"][number],
  { context, namespace, accounts }: SeenNamespace,
  sight: PodSight,
  signal: AbortSignal,
): Promise<PodFacts> {
  const [events, pulls] = await Promise.all([
    pod
      ? seen(sight.cluster.listPodEvents(namespace, name, signal), signal)
      : unknown("There is no such pod."),
    pod ? pullsOf(pod, sight) : new Map<string, PullOutcome>(),
  ]);
  const account = accounts.known
    ? known(accounts.value.find((one) => one.name === pod?.serviceAccount))
    : accounts;
  const { secrets, isRegistry, suggest } = sight;
  return { context, namespace, name, pod, events, secrets, account, pulls, isRegistry, suggest };
}

async function pullsOf(pod: PodObject, sight: PodSight): Promise<Map<string, PullOutcome>> {
  const images = [
    ...new Set(
      pod.containers.filter(({ waiting }) => waitsForImage.has(waiting ?? "")).map(({ image }) => image),
    ),
  ];
  const tried = await Promise.all(
    images.map(async (image) => {
      const { host, repository, reference } = imageName(image);
      const server = host.toLowerCase();
      if (!sight.maySend(registryHostOf(server))) return undefined;
      const outcomes = await Promise.all(
        fitting(pod, image, sight).map((credential) =>
          sight.registries.pull(server, credential, { repository, tag: reference }),
        ),
      );
      const answers = outcomes.flatMap((one) => (one.kind === "answered" ? [one.outcome] : []));
      // The kubelet tries all that fit, and one that works is enough.
      const best = answers.toSorted((left, right) => rank(left) - rank(right))[0];
      return best && ([image, best] as const);
    }),
  );
  return new Map(tried.filter((one) => one !== undefined));
}

/** What the kubelet would try: every entry that fits, of every secret that the pod names. */
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
