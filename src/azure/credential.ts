import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import type { AuthChoice, AuthMethod } from "../domain/identity.ts";
import { isGuid } from "../domain/names.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import type { FailedTokenRequest } from "./token-request.ts";
import { unmetChallengeError } from "./claims-challenge.ts";
import { signInError, signInFailure, wrongTenantError } from "./sign-in-errors.ts";
import { openTokenSource, type TokenSource, type TokenSourceOptions } from "./token-source.ts";
import { readClaims, type TokenClaims } from "./token-claims.ts";

/** How to sign in, and where. */
export interface CredentialOptions extends TokenSourceOptions {
  readonly auth: AuthChoice;
}

/**
 * The caller's sign-in. Each scope's token is requested once and shared by all clients until five minutes before it
 * expires. A request is stopped when nobody waits for its token any longer. Failures are ActionableErrors:
 * `azure.not-signed-in`, `azure.mfa-required`, `azure.wrong-tenant`, `azure.wrong-cloud`, `azure.conditional-access`,
 * `azure.unreachable`, `azure.untrusted-certificate`, `azure.timed-out`, `azure.no-browser`.
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

/** A token that was requested and has not come yet. */
interface PendingToken {
  readonly token: Promise<AccessToken>;
  /** Ends the request. */
  readonly stop: AbortController;
  /** How many callers wait for the token. */
  waiting: number;
}

class SharedCredential implements Credential {
  readonly method: AuthMethod;
  readonly asksPerson: boolean;
  readonly #options: CredentialOptions;
  readonly #tokens = new Map<string, AccessToken>();
  readonly #underway = new Map<string, PendingToken>();
  #source: Promise<TokenSource> | undefined;
  /** Scopes take turns, so that a person signs in for one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #lastFailure: FailedTokenRequest | undefined;
  #askedAhead = false;

  constructor(options: CredentialOptions) {
    this.#options = options;
    this.method = options.auth === "auto" ? chooseMethod(options.env) : options.auth;
    this.asksPerson = this.method === "device-code" || this.method === "browser";
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
    const key = JSON.stringify([scope, claims]);
    const request = this.#underway.get(key) ?? this.#begin(key, scope, claims);
    request.waiting += 1;
    try {
      return await untilAborted(request.token, abortSignal as AbortSignal | undefined);
    } finally {
      request.waiting -= 1;
      // Others may wait for the same token, so only the last one to give up ends the request.
      if (request.waiting === 0) {
        this.#forget(key, request);
        request.stop.abort(abortSignal?.aborted ? (abortSignal as AbortSignal).reason : undefined);
      }
    }
  }

  /** Ignores failures: a caller that needs one of these tokens asks again and gets the error. */
  #askAhead(): void {
    const { ahead } = this.#options;
    if (!ahead || this.#askedAhead || this.method !== "cli") return;
    this.#askedAhead = true;
    for (const scope of ahead.scopes) this.getToken(scope, { abortSignal: ahead.signal }).catch(() => {});
  }

  async claims(scope: string, signal: AbortSignal): Promise<TokenClaims> {
    return readClaims((await this.getToken(scope, { abortSignal: signal })).token);
  }

  #begin(key: string, scope: string, claims: string | undefined): PendingToken {
    const stop = new AbortController();
    const token = this.#inTurn(() => this.#fetch(scope, claims, stop.signal), stop.signal);
    const request = { token, stop, waiting: 0 };
    this.#underway.set(key, request);
    return request;
  }

  /** Makes the next caller ask again. Another request may already have taken this one's place. */
  #forget(key: string, request: PendingToken): void {
    if (this.#underway.get(key) === request) this.#underway.delete(key);
  }

  /**
   * If a turn fails, those that wait for theirs fail too: a person who did not sign in is not asked again for the next
   * scope. An aborted turn says nothing about the person.
   */
  #inTurn<T>(work: () => Promise<T>, givenUp: AbortSignal): Promise<T> {
    if (!this.asksPerson) return work();
    const mine = this.#turn.then(work);
    const turn = mine.catch((error: unknown) => {
      if (!givenUp.aborted) throw error;
    });
    this.#turn = turn;
    // The next caller asks again.
    turn.catch(() => {
      if (this.#turn === turn) this.#turn = Promise.resolve();
    });
    return mine;
  }

  async #fetch(scope: string, claims: string | undefined, signal: AbortSignal): Promise<AccessToken> {
    const { tenant, cloud } = this.#options;
    if (claims !== undefined && this.method === "cli") {
      // Only az itself can ask the person for more.
      const known = this.#tokens.get(scope);
      throw unmetChallengeError({
        method: this.method,
        claims,
        tenant: tenant ?? (known && readClaims(known.token).tid),
        scope: scope === cloud.resourceManagerScope ? undefined : scope,
      });
    }
    this.#lastFailure = undefined;
    let token: AccessToken | null;
    try {
      const onFailure = (failure: FailedTokenRequest) => {
        this.#lastFailure = failure;
      };
      this.#source ??= openTokenSource(this.method, this.#options, onFailure).catch((error: unknown) => {
        this.#source = undefined;
        throw error;
      });
      const ask = await this.#source;
      token = await ask(scope, claims, signal);
    } catch (error) {
      const { env } = this.#options;
      throw await signInFailure(error, this.#lastFailure, { method: this.method, env, tenant });
    }
    if (!token) {
      const { env } = this.#options;
      throw signInError("no token was issued", { method: this.method, env, tenant });
    }
    const { tid } = readClaims(token.token);
    if (
      tenant !== undefined &&
      isGuid(tenant) &&
      tid !== undefined &&
      tid.toLowerCase() !== tenant.toLowerCase()
    ) {
      throw wrongTenantError(`${this.method} is signed in to ${tid}, and --tenant is ${tenant}.`);
    }
    this.#tokens.set(scope, token);
    return token;
  }
}
