import type { PullCredential } from "../../domain/docker-config.ts";
import type { SecretText } from "../../domain/secret-text.ts";

/*
 * Whether a credential works, according to Entra and the registry.
 *
 * Both may be stale. For some minutes, a new password is sometimes accepted and sometimes refused, a removed password
 * is still accepted, and a new role is not in the tokens yet. One acceptance proves only that one front end knows the
 * credential.
 */

/** Entra's answer to a credential. */
export type SignInOutcome =
  | { readonly kind: "accepted" }
  /** Refused, but waiting may help if the credential is new. */
  | {
      readonly kind: "refused";
      readonly reason: string;
      /** Whether Entra says that the password has expired. It sometimes says so about a new one. */
      readonly expired: boolean;
      /** When, by Entra's clock; absent if unknown. */
      readonly at?: Date;
      /** The number after `AADSTS`; absent if unknown. */
      readonly number?: number;
    };

/** Signs in to Entra as a service principal whose password is known. */
export interface SignIn {
  /**
   * Tries once.
   * @throws ActionableError `azure.conditional-access` and `azure.wrong-tenant`, which waiting does not change
   */
  signIn(appId: string, password: SecretText, signal: AbortSignal): Promise<SignInOutcome>;
}

/** What to pull to prove that a credential works. */
export interface ProofImage {
  readonly repository: string;
  /** A tag or a digest. If it is given, its manifest is requested too. */
  readonly tag?: string | undefined;
}

/** How an attempt to pull ended, if the attempt itself did not fail. */
export type PullOutcome =
  | { readonly kind: "allowed" }
  /** 401 at the token endpoint: wrong or unknown credential, or no role (yet). */
  | { readonly kind: "refused"; readonly reason: string }
  /** Signed in, but the token does not allow a pull of the repository. */
  | { readonly kind: "no-pull-scope"; readonly reason: string }
  /** May pull, but there is no such repository or tag. */
  | { readonly kind: "image-missing"; readonly reason: string };

/** Uses a registry's data plane as a node does. */
export interface PullProof {
  /**
   * Signs in and asks for the right to pull. Uses a new connection, because the sign-ins of many nodes reach many
   * front ends.
   * @throws ActionableError `registry.firewall`, `registry.unreachable`, `registry.untrusted-certificate`,
   *   `registry.throttled`, `registry.failed`
   */
  tryPull(
    loginServer: string,
    credential: PullCredential,
    image: ProofImage,
    signal: AbortSignal,
  ): Promise<PullOutcome>;
  /**
   * Sends one anonymous request, to learn before any write whether this machine can reach the registry.
   * @throws as tryPull does
   */
  checkReachable(loginServer: string, signal: AbortSignal): Promise<void>;
}

/** What `verify` asks a registry's data plane. */
export interface RegistryLooks extends Pick<PullProof, "tryPull"> {
  /**
   * The platforms of an image, such as `linux/amd64`, from its index or from the configuration of its only manifest;
   * undefined if that cannot be read.
   * @throws as tryPull does
   */
  findPlatforms(
    loginServer: string,
    credential: PullCredential,
    image: ProofImage,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined>;
}
