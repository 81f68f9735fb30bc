import type { KeyringEntry } from "./kubernetes/kubelet-keyring.ts";
import { registryEntries } from "./pull-secret-content.ts";
import type { KubernetesObject } from "./world.ts";

/** What a command under test is meant to remove: a registry's entries in one cluster, and what exists only for them. */
export interface Departure {
  readonly context: string;
  readonly loginServer: string;
  /** Absent: in every namespace. */
  readonly namespaces?: readonly string[];
  /** Absent: in secrets of any name. */
  readonly secretName?: string;
}

/** The cluster and namespace of a secret or service account. */
export interface Place {
  readonly context: string;
  readonly namespace: string;
}

/**
 * What may be removed, and nothing else. A secret may lose the registry's entries, and then no longer pull its
 * images. The secret itself may be deleted only if the program created it and it holds nothing of others. A service
 * account may lose the secret's name.
 */
export class MeantToGo {
  #departures: readonly Departure[] = [];

  /** From now on, only these departures are expected. */
  expect(departures: readonly Departure[]): void {
    this.#departures = departures;
  }

  /** Whether a secret may lose its entries for the registry of an image. */
  mayLose(place: Place, secretName: string, image: string): boolean {
    return this.#of(place, secretName).some(({ loginServer }) => image.startsWith(`${loginServer}/`));
  }

  /** Whether a secret with this content may be deleted. */
  mayDelete(
    place: Place,
    { metadata }: KubernetesObject,
    entries: readonly KeyringEntry[],
    images: readonly string[],
  ): boolean {
    const going = new Set(
      this.#of(place, metadata.name).flatMap(({ loginServer }) =>
        registryEntries(entries, loginServer, images),
      ),
    );
    const made = metadata.labels?.["app.kubernetes.io/managed-by"] === "acr-pull";
    return made && this.#of(place, metadata.name).length > 0 && entries.every((entry) => going.has(entry));
  }

  /** Whether a service account may lose the name of a secret. */
  mayUnlink(place: Place, secretName: string): boolean {
    return this.#of(place, secretName).length > 0;
  }

  #of({ context, namespace }: Place, name: string): Departure[] {
    return this.#departures.filter(
      (one) =>
        one.context === context &&
        (one.namespaces?.includes(namespace) ?? true) &&
        (one.secretName ?? name) === name,
    );
  }
}
