import type { ProofImage, PullOutcome, RegistryLooks } from "../core/ports.ts";
import type { PullCredential } from "../domain/docker-config.ts";
import { ActionableError } from "../domain/errors.ts";
import { Once } from "../domain/once.ts";
import { seen, unknown, type Known } from "./known.ts";

/** How a pull ended, or why the registry could not be asked. Neither if it was not asked. */
export interface Tried {
  readonly outcome?: PullOutcome;
  readonly unreachable?: ActionableError;
}

/** Registries as verify asks them: a credential is tried only once for the same image, however many secrets hold it. */
export class RegistrySight {
  readonly #registry: RegistryLooks;
  readonly #signal: AbortSignal;
  readonly #once = new Once();
  /** Numbers that stand for passwords, so that no password becomes part of a cache key. */
  readonly #passwords = new Map<string, number>();

  constructor(registry: RegistryLooks, signal: AbortSignal) {
    this.#registry = registry;
    this.#signal = signal;
  }

  /** Pulls as a node does. */
  pull(host: string, credential: PullCredential, image: ProofImage): Promise<Tried> {
    return this.#once.do("pull", [host, this.#keyOf(credential), image], async () => {
      try {
        return { outcome: await this.#registry.tryPull(host, credential, image, this.#signal) };
      } catch (error) {
        if (this.#signal.aborted || !(error instanceof ActionableError)) throw error;
        return { unreachable: error };
      }
    });
  }

  /** The platforms that an image is built for. */
  platforms(host: string, credential: PullCredential, image: ProofImage): Promise<Known<readonly string[]>> {
    return this.#once.do("platforms", [host, this.#keyOf(credential), image], async () => {
      const read = this.#registry.findPlatforms(host, credential, image, this.#signal);
      const found = await seen(read, this.#signal);
      if (!found.known) return found;
      const { value } = found;
      return value ? { known: true, value } : unknown("The platforms of the image could not be read.");
    });
  }

  #keyOf({ username, password }: PullCredential): string {
    const text = password.reveal();
    const number = this.#passwords.get(text) ?? this.#passwords.size;
    this.#passwords.set(text, number);
    return `${username} ${number}`;
  }
}
