import pMap from "p-map";
import { ActionableError } from "../../domain/errors.ts";
import type { Cluster } from "../ports.ts";

/** A namespace of one cluster whose service accounts are wanted. */
export interface ServiceAccountPlace {
  readonly cluster: Pick<Cluster, "context" | "listAccountLinks">;
  readonly namespace: string;
}

/** A service account of one or more of the chosen namespaces. */
export interface ServiceAccountChoice {
  readonly name: string;
  /** The places without it, as `context/namespace`. Places that could not be listed do not count. */
  readonly missingIn: readonly string[];
}

/** The service accounts to choose from, and the namespaces where they could not be listed. */
export interface ServiceAccountChoices {
  /** `default`, then those that every place has, then the others; each group by name. */
  readonly accounts: readonly ServiceAccountChoice[];
  readonly unlisted: ReadonlyArray<{
    readonly context: string;
    readonly namespace: string;
    readonly error: ActionableError;
  }>;
}

/** The account of Pods that name none. Kubernetes makes it with each namespace, and again after it is deleted. */
const usual = "default";
const listsAtOnce = 10;

/**
 * Lists the service accounts of all places. A namespace that does not exist yet counts as having `default` alone.
 * Every failure to list comes back in `unlisted`, because a service account can also be typed.
 * Source: https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts
 */
export async function listServiceAccountChoices(
  places: readonly ServiceAccountPlace[],
  signal: AbortSignal,
): Promise<ServiceAccountChoices> {
  const lists = await pMap(places, (place) => listOne(place, signal), { concurrency: listsAtOnce });
  const listed = lists.flatMap(({ place, names }) => (names instanceof Set ? [{ place, names }] : []));
  const all = new Set(listed.flatMap(({ names }) => [...names]));
  const accounts = [...all].map((name) => ({
    name,
    missingIn: listed.filter(({ names }) => !names.has(name)).map(({ place }) => placeName(place)),
  }));
  return {
    accounts: accounts.sort(usualThenEverywhere),
    unlisted: lists.flatMap(({ place, names: error }) =>
      error instanceof ActionableError
        ? [{ context: place.cluster.context, namespace: place.namespace, error }]
        : [],
    ),
  };
}

async function listOne(
  place: ServiceAccountPlace,
  signal: AbortSignal,
): Promise<{ place: ServiceAccountPlace; names: ReadonlySet<string> | ActionableError }> {
  try {
    const accounts = await place.cluster.listAccountLinks(place.namespace, signal);
    return { place, names: new Set([usual, ...accounts.map(({ name }) => name)]) };
  } catch (error) {
    if (error instanceof ActionableError && !signal.aborted) return { place, names: error };
    throw error;
  }
}

function placeName({ cluster, namespace }: ServiceAccountPlace): string {
  return `${cluster.context}/${namespace}`;
}

function usualThenEverywhere(left: ServiceAccountChoice, right: ServiceAccountChoice): number {
  const rank = ({ name, missingIn }: ServiceAccountChoice) =>
    name === usual ? 0 : missingIn.length === 0 ? 1 : 2;
  return rank(left) - rank(right) || (left.name < right.name ? -1 : 1);
}
