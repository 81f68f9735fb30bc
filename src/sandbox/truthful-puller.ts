import { pullRights } from "./container-registry/pull-rights.ts";
import { sameId } from "./directory-records.ts";
import { exists } from "./replication.ts";
import type { KeyringEntry } from "./kubernetes/kubelet-keyring.ts";
import type { RegistryRecord, World } from "./world.ts";

type Credential = Pick<KeyringEntry, "username" | "password">;

/** Tries credentials at the registries, as after all writes. It keeps its answers, so it serves for one check only. */
export class TruthfulPuller {
  /** Every repository, as `LOGIN_SERVER/REPOSITORY`. An empty registry has a made-up one. */
  readonly images: readonly string[];
  readonly loginServers: readonly string[];
  readonly #world: World;
  readonly #repositories = new Map<string, { registry: RegistryRecord; repository: string }>();
  readonly #answers = new Map<string, boolean>();

  constructor(world: World) {
    this.#world = world;
    for (const registry of world.registries) {
      // An empty registry also grants or refuses pulls.
      const repositories = registry.images.map(({ repository }) => repository);
      for (const repository of repositories.length > 0 ? repositories : ["any"]) {
        this.#repositories.set(`${registry.loginServer}/${repository}`, { registry, repository });
      }
    }
    this.images = [...this.#repositories.keys()];
    this.loginServers = world.registries.map(({ loginServer }) => loginServer);
  }

  /** Whether the credential may pull the image. */
  can(image: string, credential: Credential): boolean {
    return this.#once(`pull ${image}`, credential, ({ username, password }) => {
      const target = this.#repositories.get(image);
      if (!target) return false;
      const received = pullRights(this.#world, target.registry, username, password);
      return received.kind === "admitted" && received.rights.allows("pull", target.repository);
    });
  }

  /** Whether the registry lets the credential sign in, whatever it may do there. */
  signsIn(loginServer: string, credential: Credential): boolean {
    return this.#once(`sign in ${loginServer}`, credential, ({ username, password }) => {
      const registry = this.#world.registries.find((one) => one.loginServer === loginServer);
      return registry ? pullRights(this.#world, registry, username, password).kind === "admitted" : false;
    });
  }

  /** Whether the password has expired, and nobody removed it. */
  hasExpired(credential: Credential): boolean {
    return this.#once("expired", credential, ({ username, password }) =>
      [...this.#world.applications, ...this.#world.servicePrincipals].some(
        ({ appId, passwords }) =>
          sameId(appId, username) &&
          passwords.some(
            (one) => one.secretText === password && exists(one) && Date.parse(one.endDateTime) <= Date.now(),
          ),
      ),
    );
  }

  #once(what: string, credential: Credential, ask: (credential: Credential) => boolean): boolean {
    const question = `${what} ${credential.username} ${credential.password}`;
    const answer = this.#answers.get(question) ?? ask(credential);
    this.#answers.set(question, answer);
    return answer;
  }
}
