import type { PullCredential } from "../../domain/docker-config.ts";
import { ActionableError } from "../../domain/errors.ts";
import { Once } from "../../domain/once.ts";
import { known, unknown, type Known } from "../checks/check.ts";
import type { ProofImage, PullOutcome, RegistryLooks } from "../ports.ts";

/** How a pull ended, or why the registry could not be asked. */
export type Tried =
  | { readonly kind: "answered"; readonly outcome: PullOutcome }
  | { readonly kind: "unreachable"; readonly error: ActionableError };

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
    return this.#once.do("pull", [host, this.#keyOf(credential), image], async (): Promise<Tried> => {
      try {
        const outcome = await this.#registry.tryPull(host, credential, image, this.#signal);
        return { kind: "answered", outcome };
      } catch (error) {
        if (this.#signal.aborted || !(error instanceof ActionableError)) throw error;
        return { kind: "unreachable", error };
      }
    });
  }

  platforms(host: string, credential: PullCredential, image: ProofImage): Promise<Known<readonly string[]>> {
    return this.#once.do("platforms", [host, this.#keyOf(credential), image], async () => {
      const found = await seen(
        this.#registry.findPlatforms(host, credential, image, this.#signal),
        this.#signal,
      );
      if (!found.known) return found;
      return found.value === undefined
        ? unknown("The platforms of the image could not be read from the registry.")
        : known(found.value);
    });
  }

  #keyOf({ username, password }: PullCredential): string {
    const text = password.reveal();
    const number = this.#passwords.get(text) ?? this.#passwords.size;
    this.#passwords.set(text, number);
    return `${username} ${number}`;
  }
}

/** Codes that say that the cluster refuses the caller or cannot be reached, so that verify cannot continue. */
const noWayIn = new Set([
  "kubernetes.unauthorized",
  "kubernetes.unreachable",
  "kubernetes.untrusted-certificate",
]);

/**
 * What a read found, or why it found nothing: a missing right, or a service in trouble. The caller does without it.
 * @throws what is not a failure of the read, and failures that leave nothing to read
 */
export async function seen<T>(read: Promise<T>, signal: AbortSignal): Promise<Known<T>> {
  try {
    return known(await read);
  } catch (error) {
    if (signal.aborted || !(error instanceof ActionableError) || noWayIn.has(error.code)) throw error;
    return unknown(error.message, error.hint);
  }
}
