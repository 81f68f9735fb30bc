import pMap from "p-map";
import { hasCode } from "../domain/errors.ts";
import { credentialsIn } from "../domain/pull-secret.ts";
import { placeOf, type StateTarget } from "../domain/state.ts";
import { changeToRelease } from "../domain/target-entry.ts";
import { width } from "./apply.ts";
import { isOurUser, secretIn, userNameOf, type SecretUsers, type World } from "./world.ts";

/**
 * What still pulls with the secrets of targets that are to go, and will not any longer. A service account that `setup`
 * linked is no user: it is unlinked.
 */
export async function findUsers(world: World, leaving: readonly StateTarget[]): Promise<SecretUsers> {
  const { cluster, signal } = world;
  const naming = await pMap(leaving, (target) => namesIn(world, target), { concurrency: width });
  const isLast = leaving.length === world.state.targets.length;
  const places = new Set(leaving.map(placeOf));
  const everywhere = isLast ? await cluster.listPullSecrets(signal) : undefined;
  const copies = (everywhere ?? [])
    .filter((secret) => !places.has(`${secret.namespace}/${secret.name}`))
    .filter((secret) => credentialsIn(secret).some(({ username }) => isOurUser(world, username)))
    .map(({ namespace, name }) => `${namespace}/${name}`);
  return { naming: naming.flat(), copies };
}

/** Pods and service accounts that name a target's secret, in words. Those that may not be listed are nobody's. */
async function namesIn(world: World, target: StateTarget): Promise<string[]> {
  const { cluster, signal, registry } = world;
  const { namespace, secret: name, serviceAccounts } = target;
  const secret = secretIn(world, target);
  const end = secret && changeToRelease(secret, registry.loginServer, userNameOf(world) ?? "");
  if (!end) return [];
  const goes = end === "delete";
  const [accounts, pods] = await Promise.all([
    unlessForbidden(cluster.listAccountLinks(namespace, signal)),
    unlessForbidden(cluster.listPods(namespace, signal)),
  ]);
  const inAccounts = accounts
    .filter((account) => account.imagePullSecrets.includes(name) && !serviceAccounts.includes(account.name))
    .map((account) => `service account ${namespace}/${account.name}`);
  // A secret that stays serves other registries.
  const inPods = pods
    .filter((pod) => !pod.over && pod.imagePullSecrets.includes(name))
    .filter(
      ({ containers }) =>
        goes || containers.some(({ image }) => image.startsWith(`${registry.loginServer}/`)),
    )
    .map((pod) => `pod ${namespace}/${pod.name}`);
  return [...(goes ? inAccounts : []), ...inPods];
}

async function unlessForbidden<T>(listing: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await listing;
  } catch (error) {
    if (hasCode(error, "kubernetes.forbidden")) return [];
    throw error;
  }
}
