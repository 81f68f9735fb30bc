import { selectNamespaces } from "../../../core/cluster/namespaces.ts";
import { listNamespaceChoices, type NamespaceChoices } from "../../../core/choices/namespace-choices.ts";
import {
  findPrincipalCandidates,
  type PrincipalCandidates,
} from "../../../core/choices/principal-candidates.ts";
import { lookAtSecrets, type LookedAtSecret } from "../../../core/choices/secret-outlook.ts";
import {
  listServiceAccountChoices,
  type ServiceAccountChoices,
} from "../../../core/choices/service-account-choices.ts";
import { findStandingRights, type StandingChoice } from "../../../core/choices/standing-rights.ts";
import { onlyRegistry } from "../../../core/setup/find-registry.ts";
import type { RegistryRights, ClusterTarget } from "../../../core/ports.ts";
import { Once } from "../../../domain/once.ts";
import type {
  ListedRegistry,
  Registry,
  RegistryLookup,
  RegistryReference,
  RegistrySearch,
} from "../../../domain/registry.ts";
import {
  type AzureConnection,
  type Connections,
  type KubeContexts,
  azureSignIn,
  clusterRequest,
} from "../../connections.ts";
import type { SetupAnswers } from "../options.ts";
import type { SignedIn } from "../../ask/common-questions.ts";

/**
 * Looks up what the questions show. Each thing is requested once while the answers that it depends on stay the same,
 * unless the result is a problem that somebody may fix. The results serve only lists and remarks: before the plan,
 * everything that matters is looked up again.
 */
export class Lookups {
  readonly #connections: Connections;
  readonly #signal: AbortSignal;
  readonly #once = new Once();

  /** @param signal the signal of the whole run, because several questions may wait for the same thing */
  constructor(connections: Connections, signal: AbortSignal) {
    this.#connections = connections;
    this.#signal = signal;
  }

  azure(answers: SetupAnswers): Promise<AzureConnection> {
    return this.#connections.azure(answers);
  }

  /** @throws ActionableError when nobody is signed in */
  async signedIn(answers: SetupAnswers): Promise<SignedIn> {
    return await this.#once.do("signed-in", azureSignIn(answers), async () => {
      const azure = await this.azure(answers);
      return { caller: await azure.directory.caller(this.#signal), method: azure.method };
    });
  }

  /** Every registry that can be seen where the answers say to look, sorted by name. */
  async registries(answers: SetupAnswers): Promise<readonly ListedRegistry[]> {
    const scope = scopeOf(answers);
    return await this.#once.do(
      "registries",
      [azureSignIn(answers), scope],
      async () => {
        const { registries } = await this.azure(answers);
        const listed = await registries.listRegistries(scope, this.#signal);
        return found(listed).toSorted((left, right) => left.name.localeCompare(right.name, "en"));
      },
      (listed) => listed.length > 0,
    );
  }

  /** The registries that a reference names, found by separate requests. */
  async findRegistries(answers: SetupAnswers, reference: RegistryReference): Promise<RegistryLookup> {
    const scope = scopeOf(answers);
    return await this.#once.do(
      "registry",
      [azureSignIn(answers), scope, reference],
      async () => {
        const { registries } = await this.azure(answers);
        return await registries.findRegistries(reference, scope, this.#signal);
      },
      ({ registries }) => registries.length === 1,
    );
  }

  /** Notes that the registry came from the list, so that it is not looked up again. */
  choose(answers: SetupAnswers, reference: RegistryReference, registry: Registry): void {
    void this.#once.do("registry", [azureSignIn(answers), scopeOf(answers), reference], () =>
      Promise.resolve({ registries: [registry], others: [], unseen: [] }),
    );
  }

  /**
   * The chosen registry.
   * @throws ActionableError `registry.not-found`, `registry.not-seen`, `registry.ambiguous`
   */
  async registry(answers: SetupAnswers): Promise<Registry> {
    const { registry: reference } = answers;
    if (!reference) throw new TypeError("the registry is asked for first");
    return onlyRegistry(await this.findRegistries(answers, reference), {
      registry: reference,
      ...scopeOf(answers),
    });
  }

  async registryRights(answers: SetupAnswers): Promise<RegistryRights | undefined> {
    const { id } = await this.registry(answers);
    return await this.#once.do("rights", [azureSignIn(answers), id], async () =>
      (await this.azure(answers)).roles.registryRights(id, this.#signal),
    );
  }

  /** The principals that hold a role on the chosen registry. */
  async principals(answers: SetupAnswers): Promise<PrincipalCandidates> {
    const registry = await this.registry(answers);
    return await this.#once.do(
      "principals",
      [azureSignIn(answers), registry.id],
      async () => findPrincipalCandidates({ registry }, await this.azure(answers), this.#signal),
      ({ unlisted }) => unlisted === undefined,
    );
  }

  /** What the principal of each chosen cluster may already do. */
  async standing(answers: SetupAnswers): Promise<ReadonlyArray<StandingChoice | undefined>> {
    const registry = await this.registry(answers);
    const { servicePrincipal, clusterId } = answers;
    return await this.#once.do(
      "standing",
      [azureSignIn(answers), clusterRequest(answers), registry.id, servicePrincipal, clusterId],
      async () => {
        const [azure, clusters] = await Promise.all([this.azure(answers), this.clusters(answers)]);
        const wish = { registry, servicePrincipal, clusterId };
        return findStandingRights(
          wish,
          clusters.map(({ cluster }) => cluster),
          azure,
          this.#signal,
        );
      },
    );
  }

  contexts({ kubeconfig }: SetupAnswers): Promise<KubeContexts> {
    return this.#connections.contexts(kubeconfig);
  }

  clusters(answers: SetupAnswers): Promise<readonly ClusterTarget[]> {
    return this.#connections.clusters(answers);
  }

  async namespaces(answers: SetupAnswers): Promise<NamespaceChoices> {
    return await this.#once.do(
      "namespaces",
      clusterRequest(answers),
      async () =>
        listNamespaceChoices(
          (await this.clusters(answers)).map(({ cluster }) => cluster),
          this.#signal,
        ),
      ({ unlisted }) => unlisted.length === 0,
    );
  }

  /** Every chosen namespace of every chosen context. */
  async places(answers: SetupAnswers) {
    const { namespaces, namespaceSelector: selector } = answers;
    return await this.#once.do("places", [clusterRequest(answers), namespaces, selector], async () => {
      const clusters = await this.clusters(answers);
      const places = clusters.map(async ({ cluster, defaultNamespace }) => {
        const wish = { namespaces, namespaceSelector: selector };
        const { names } = (await selectNamespaces(wish, cluster, this.#signal)) ?? {
          names: [defaultNamespace],
        };
        return names.map((name) => ({ cluster, namespace: name }));
      });
      return (await Promise.all(places)).flat();
    });
  }

  async serviceAccounts(answers: SetupAnswers): Promise<ServiceAccountChoices> {
    const places = await this.places(answers);
    return await this.#once.do(
      "service-accounts",
      namesOf(places),
      () => listServiceAccountChoices(places, this.#signal),
      ({ unlisted }) => unlisted.length === 0,
    );
  }

  /** What already exists where secrets with this name would be written. */
  async secrets(answers: SetupAnswers, name: string): Promise<readonly LookedAtSecret[]> {
    const [{ loginServer }, places] = await Promise.all([this.registry(answers), this.places(answers)]);
    const { adopt, createNamespace } = answers;
    return await this.#once.do(
      "secrets",
      [loginServer, name, adopt, createNamespace, namesOf(places)],
      () =>
        lookAtSecrets(
          places.map((place) => ({ ...place, name })),
          { loginServer, adopt, createNamespace },
          this.#signal,
        ),
      (looked) => looked.every(({ outlook }) => !["refused", "unreadable"].includes(outlook.kind)),
    );
  }

  async passwordPolicy(answers: SetupAnswers) {
    return await this.#once.do("password-policy", azureSignIn(answers), async () =>
      (await this.azure(answers)).directory.passwordPolicy(undefined, this.#signal),
    );
  }
}

/** What was found. @throws the reason if nothing was found and something could not be seen */
function found<Found extends Registry>({ registries, unseen }: RegistrySearch<Found>): readonly Found[] {
  if (registries.length === 0 && unseen[0]) throw unseen[0];
  return registries;
}

function scopeOf({ subscription }: SetupAnswers) {
  return { subscription };
}

function namesOf(
  places: ReadonlyArray<{ readonly cluster: { readonly context: string }; readonly namespace: string }>,
): string[] {
  return places.map(({ cluster, namespace }) => `${cluster.context}/${namespace}`);
}
