import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import type { AuthChoice, AuthMethod } from "../domain/identity.ts";
import { isGuid } from "../domain/names.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import { signInFailure, unmetChallenge, wrongTenantError, type SignInAttempt } from "./sign-in-errors.ts";
import { openTokenSource, type TokenSource, type TokenSourceOptions } from "./token-source.ts";
import { readClaims, type TokenClaims } from "./token-claims.ts";

/** How to sign in, and where. */
export interface CredentialOptions extends TokenSourceOptions {
  readonly auth: AuthChoice;
  /**
   * The scopes of tokens that are needed sooner or later. The Azure CLI is asked for all of them at once, because what
   * it was signed in with may be valid for only minutes, as after azure/login.
   */
  readonly ahead?: readonly string[];
  /** Ends what was asked for. A caller's own signal ends only its wait. */
  readonly signal: AbortSignal;
}

/**
 * The caller's sign-in. Each scope's token is requested once and shared by all clients until five minutes before it
 * expires. Failures are ActionableErrors:
 * `azure.not-signed-in`, `azure.mfa-required`, `azure.wrong-tenant`, `azure.wrong-cloud`, `azure.conditional-access`,
 * `azure.unreachable`, `azure.untrusted-certificate`.
 */
export interface Credential extends TokenCredential {
  readonly method: AuthMethod;
  /** Whether a person has to take part in the sign-in. */
  readonly asksPerson: boolean;
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;
  /** What the token for a scope says about its holder. */
  claims(scope: string, signal: AbortSignal): Promise<TokenClaims>;
}

/**
 * Chooses the method that fits this environment, without any request: the one whose variables are complete, otherwise
 * the Azure CLI. The metadata service of virtual machines is not tried, because anywhere else it would only time out.
 */
export function chooseMethod(env: CredentialOptions["env"]): AuthMethod {
  const has = (...names: string[]) => names.every((name) => (env[name] ?? "") !== "");
  if (has("AZURE_TENANT_ID", "AZURE_CLIENT_ID")) {
    if (has("AZURE_CLIENT_SECRET") || has("AZURE_CLIENT_CERTIFICATE_PATH")) return "environment";
    if (has("AZURE_FEDERATED_TOKEN_FILE")) return "workload-identity";
    if (has("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")) return "github";
  }
  if (has("SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")) {
    return "azure-pipelines";
  }
  const hasIdentity = has("IDENTITY_ENDPOINT") || has("MSI_ENDPOINT");
  return hasIdentity && !isCloudShell(env) ? "managed-identity" : "cli";
}

/**
 * Cloud Shell has an endpoint of managed identities, which gives the person's tokens for a few services. Its Azure CLI
 * uses that too, until the person runs az login.
 * Source: https://github.com/Azure/CloudShell/blob/master/linux/tools.Dockerfile
 */
function isCloudShell(env: CredentialOptions["env"]): boolean {
  return Boolean(env["ACC_CLOUD"]) || (env["AZUREPS_HOST_ENVIRONMENT"] ?? "").startsWith("cloud-shell/");
}

/** Makes the credential. No request is sent before the first token is needed. */
export function createCredential(options: CredentialOptions): Credential {
  return new SharedCredential(options);
}

const renewBeforeMs = 5 * 60_000;

class SharedCredential implements Credential {
  readonly method: AuthMethod;
  readonly asksPerson: boolean;
  readonly #options: CredentialOptions;
  readonly #attempt: SignInAttempt;
  readonly #tokens = new Map<string, AccessToken>();
  readonly #underway = new Map<string, Promise<AccessToken>>();
  #source: Promise<TokenSource> | undefined;
  /** Scopes take turns if a person signs in, who does it for one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #askedAhead = false;

  constructor(options: CredentialOptions) {
    const { auth, cloud, env, tenant } = options;
    this.#options = options;
    this.method = auth === "auto" ? chooseMethod(env) : auth;
    this.asksPerson = this.method === "device-code" || this.method === "browser";
    this.#attempt = { method: this.method, env, tenant, federationAudience: cloud.federationAudience };
  }

  async getToken(
    scopes: string | string[],
    { claims, abortSignal }: GetTokenOptions = {},
  ): Promise<AccessToken> {
    const scope = typeof scopes === "string" ? scopes : scopes.join(" ");
    this.#askAhead();
    const known = this.#tokens.get(scope);
    // Claims come from a service that did not accept the known token.
    if (known && claims === undefined && Date.now() < known.expiresOnTimestamp - renewBeforeMs) return known;
    const request = this.#request(scope, claims);
    return await untilAborted(request, abortSignal as AbortSignal | undefined);
  }

  async claims(scope: string, signal: AbortSignal): Promise<TokenClaims> {
    return readClaims((await this.getToken(scope, { abortSignal: signal })).token);
  }

  /** Ignores failures: a caller that needs one of these tokens asks again and gets the error. */
  #askAhead(): void {
    if (this.#askedAhead || this.method !== "cli") return;
    this.#askedAhead = true;
    for (const scope of this.#options.ahead ?? []) this.getToken(scope).catch(() => {});
  }

  #request(scope: string, claims: string | undefined): Promise<AccessToken> {
    const key = JSON.stringify([scope, claims]);
    const known = this.#underway.get(key);
    if (known) return known;
    const asked = this.asksPerson
      ? this.#inTurn(() => this.#fetch(scope, claims))
      : this.#fetch(scope, claims);
    this.#underway.set(key, asked);
    const forget = () => this.#underway.delete(key);
    asked.then(forget, forget);
    return asked;
  }

  /** If a turn fails, those that wait for theirs fail too: a person who did not sign in is not asked again at once. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine;
    mine.catch(() => {
      if (this.#turn === mine) this.#turn = Promise.resolve();
    });
    return mine;
  }

  async #fetch(scope: string, claims: string | undefined): Promise<AccessToken> {
    const { tenant, cloud, signal } = this.#options;
    if (claims !== undefined && this.method === "cli") {
      const known = this.#tokens.get(scope);
      throw unmetChallenge(
        claims,
        tenant ?? (known && readClaims(known.token).tid),
        scope === cloud.resourceManagerScope ? undefined : scope,
      );
    }
    this.#attempt.failure = undefined;
    try {
      this.#source ??= openTokenSource(this.#options, this.#attempt).catch((error: unknown) => {
        this.#source = undefined;
        throw error;
      });
      const ask = await untilAborted(this.#source, signal);
      const token = await ask(scope, claims, signal);
      checkTenant(readClaims(token.token).tid, this.#attempt);
      this.#tokens.set(scope, token);
      return token;
    } catch (error) {
      signal.throwIfAborted();
      throw signInFailure(error, this.#attempt);
    }
  }
}

/** A domain cannot be compared with the id in a token. */
function checkTenant(signedInTo: string | undefined, { method, tenant }: SignInAttempt): void {
  if (tenant === undefined || !isGuid(tenant) || signedInTo === undefined) return;
  if (signedInTo.toLowerCase() === tenant.toLowerCase()) return;
  throw wrongTenantError(`${method} is signed in to ${signedInTo}, and --tenant is ${tenant}.`);
}
