import { ActionableError, hasCode, refused } from "../../domain/errors.ts";
import type { ServiceAccountObject } from "../../domain/kubernetes-objects.ts";
import type { StateTarget } from "../../domain/state.ts";
import { waitUntil } from "../../core/patience.ts";
import type { Step } from "../step.ts";
import type { Seen, World } from "../world.ts";

const mostTries = 5;
/** The controller makes `default` moments after its namespace. */
const freshNamespaceMs = 30_000;

/** Lets service accounts of targets pull with their secret. @throws ActionableError `service-account.not-found` */
export function linkAccounts(
  seen: Seen,
  targets: readonly StateTarget[],
  {
    isMade,
    isNamed,
  }: {
    /** Whether the namespace is yet to be made, and its accounts with it. */
    readonly isMade: (namespace: string) => boolean;
    /** Whether a target was named in so many words: what is wrong with it then stops the run. */
    readonly isNamed: (target: StateTarget) => boolean;
  },
): Step[] {
  return targets.flatMap((target) =>
    namesOf([target]).flatMap((one): Step[] => {
      const account = seen.accounts.get(one.place);
      const link = step("create", one, (world) => change(world, one, true));
      if (isMade(one.namespace)) return [link];
      const refusal = account instanceof ActionableError ? account : account ? undefined : missing(one);
      if (refusal && isNamed(target)) throw refusal;
      if (refusal) return [{ ...link, refusal }];
      return isLinkedTo(account, one.secret) ? [] : [link];
    }),
  );
}

function isLinkedTo(account: ServiceAccountObject | ActionableError | undefined, secret: string): boolean {
  return (
    account !== undefined &&
    !(account instanceof ActionableError) &&
    account.imagePullSecrets.includes(secret)
  );
}

/** Takes the secret out of the lists of service accounts. */
export function unlinkAccounts(seen: Seen, targets: readonly StateTarget[]): Step[] {
  return namesOf(targets).flatMap((one): Step[] =>
    isLinkedTo(seen.accounts.get(one.place), one.secret)
      ? [step("remove", one, (world) => change(world, one, false))]
      : [],
  );
}

interface Link {
  readonly namespace: string;
  readonly secret: string;
  readonly account: string;
  /** `namespace/account` */
  readonly place: string;
}

function namesOf(targets: readonly StateTarget[]): Link[] {
  return targets.flatMap(({ namespace, secret, serviceAccounts }) =>
    serviceAccounts.map((account) => ({ namespace, secret, account, place: `${namespace}/${account}` })),
  );
}

function step(action: "create" | "remove", { place, secret }: Link, run: Step["run"]): Step {
  const says = `pulls with ${secret}`;
  return {
    kind: "service account",
    action: "update",
    name: place,
    ...(action === "create" ? { after: says } : { before: says }),
    alone: true,
    run,
  };
}

/**
 * The API server replaces the list as a whole, so it is read, changed and written under its version: that keeps the
 * entries of others and their order.
 */
async function change(world: World, link: Link, isLinked: boolean): Promise<void> {
  const { cluster, clock, signal, store } = world;
  const find = () => cluster.findServiceAccount(link.namespace, link.account, signal);
  for (let tries = 1; ; tries += 1) {
    const account = isLinked
      ? await waitUntil(find, { timeoutMs: freshNamespaceMs }, clock, signal)
      : await find();
    if (!account && isLinked) throw missing(link);
    if (!account || account.imagePullSecrets.includes(link.secret) === isLinked) return;
    const others = account.imagePullSecrets.filter((name) => name !== link.secret);
    await store.ensure();
    try {
      return await cluster.patchServiceAccount(account, isLinked ? [...others, link.secret] : others, signal);
    } catch (error) {
      if (!isLinked && hasCode(error, "kubernetes.not-found")) return;
      if (tries === mostTries || !hasCode(error, "kubernetes.conflict")) throw error;
    }
  }
}

function missing({ place }: Link): ActionableError {
  return refused(
    "service-account.not-found",
    `There is no service account ${place}.`,
    "Check the name, or create it first: kubectl create serviceaccount.",
  );
}
