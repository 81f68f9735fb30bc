import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import type { PipelineResponse } from "@azure/core-rest-pipeline";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { AuthChoice, AuthMethod } from "../domain/identity.ts";
import { isGuid } from "../domain/names.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import { azureError, unansweredError } from "./azure-errors.ts";
import type { AzureHttp } from "./azure-http.ts";
import { entraDescription, isBusy, signInError, wrongTenantError } from "./sign-in-errors.ts";
import { isOnPath } from "./is-on-path.ts";
import { readAnswer, ServiceFailure } from "./service-failure.ts";
import { StoppableSignIn } from "./stoppable-sign-in.ts";
import { checkNamedFile, passwordIn } from "./environment-credential.ts";
import { passwordSource } from "./password-source.ts";
import { createSdkCredential, type TokenSource, type TokenSourceOptions } from "./token-source.ts";
import { readClaims, type TokenClaims } from "./token-claims.ts";

/** How to sign in, where. */
export interface CredentialOptions extends TokenSourceOptions {
  readonly auth: AuthChoice;
  readonly http: AzureHttp;
}

/**
 * Who is signed in. A token is asked for once per scope and shared by all clients until five minutes before its
 * end. Failures are ActionableErrors: `azure.not-signed-in`, `azure.wrong-tenant`, `azure.conditional-access`,
 * `azure.unreachable`, `azure.untrusted-certificate`, `azure.timed-out`, `azure.no-browser`. Nobody is asked any
 * longer than somebody waits for the token.
 */
export interface Credential extends TokenCredential {
  readonly method: AuthMethod;
  /** Whether a person has to do something for it. */
  readonly asksPerson: boolean;
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;
  /** What the token for a scope says of its holder. */
  claims(scope: string, signal: AbortSignal): Promise<TokenClaims>;
}

/**
 * Which method fits this environment, without asking anybody: what its variables name in full, else the Azure CLI.
 * The metadata service of virtual machines is not tried, for elsewhere that only ends by a time out.
 */
export function chooseMethod(env: CredentialOptions["env"]): AuthMethod {
  const has = (...names: string[]) => names.every((name) => (env[name] ?? "") !== "");
  if (has("AZURE_TENANT_ID", "AZURE_CLIENT_ID")) {
    if (has("AZURE_CLIENT_SECRET") || has("AZURE_CLIENT_CERTIFICATE_PATH")) return "environment";
    if (has("AZURE_FEDERATED_TOKEN_FILE")) return "workload-identity";
  }
  return has("IDENTITY_ENDPOINT") || has("MSI_ENDPOINT") ? "managed-identity" : "cli";
}

/** Makes the credential; nothing is asked before the first token is needed. */
export function createCredential(options: CredentialOptions): Credential {
  return new SharedCredential(options);
}

const renewBeforeMs = 5 * 60_000;

/** One token being asked for. */
interface TokenRequest {
  readonly token: Promise<AccessToken>;
  /** Ends the asking. */
  readonly stop: AbortController;
  /** How many wait for it. */
  waiting: number;
}

class SharedCredential implements Credential {
  readonly method: AuthMethod;
  readonly asksPerson: boolean;
  readonly #options: CredentialOptions;
  readonly #tokens = new Map<string, AccessToken>();
  readonly #underway = new Map<string, TokenRequest>();
  readonly #signIn = new StoppableSignIn();
  #source: Promise<TokenSource> | undefined;
  /** A person is asked once, not once for each scope at the same time. */
  #turn: Promise<unknown> = Promise.resolve();
  #lastFailure: ExchangeError | PipelineResponse | undefined;

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
    const known = this.#tokens.get(scope);
    // With claims a service says that the token it was shown is not good enough.
    if (known && claims === undefined && Date.now() < known.expiresOnTimestamp - renewBeforeMs) return known;
    const key = JSON.stringify([scope, claims]);
    const request = this.#underway.get(key) ?? this.#begin(key, scope, claims);
    request.waiting += 1;
    try {
      return await untilAborted(request.token, abortSignal as AbortSignal | undefined);
    } finally {
      request.waiting -= 1;
      // Others may wait for the same token, so only the last who gives up ends the asking for it.
      if (request.waiting === 0) {
        this.#forget(key, request);
        request.stop.abort(abortSignal?.aborted ? (abortSignal as AbortSignal).reason : undefined);
      }
    }
  }

  async claims(scope: string, signal: AbortSignal): Promise<TokenClaims> {
    return readClaims((await this.getToken(scope, { abortSignal: signal })).token);
  }

  #begin(key: string, scope: string, claims: string | undefined): TokenRequest {
    const stop = new AbortController();
    const token = this.#inTurn(() => this.#fetch(scope, claims, stop.signal), stop.signal);
    const request = { token, stop, waiting: 0 };
    this.#underway.set(key, request);
    return request;
  }

  /** Whoever comes later begins anew; another request may stand there already. */
  #forget(key: string, request: TokenRequest): void {
    if (this.#underway.get(key) === request) this.#underway.delete(key);
  }

  /**
   * Whoever waits for a turn fails with the one before: a person who did not sign in is not asked once more for the
   * next scope. A turn that was given up says nothing of the person.
   */
  #inTurn<T>(work: () => Promise<T>, givenUp: AbortSignal): Promise<T> {
    if (!this.asksPerson) return work();
    const mine = this.#turn.then(work);
    const turn = mine.catch((error: unknown) => {
      if (!givenUp.aborted) throw error;
    });
    this.#turn = turn;
    // Whoever comes later asks anew.
    turn.catch(() => {
      if (this.#turn === turn) this.#turn = Promise.resolve();
    });
    return mine;
  }

  async #fetch(scope: string, claims: string | undefined, signal: AbortSignal): Promise<AccessToken> {
    const { tenant } = this.#options;
    this.#lastFailure = undefined;
    let token: AccessToken | null;
    try {
      this.#source ??= this.#createSource().catch((error: unknown) => {
        this.#source = undefined;
        throw error;
      });
      const ask = await this.#source;
      token = await ask(scope, claims, signal);
    } catch (error) {
      throw await this.#failure(error);
    }
    if (!token) throw signInError("no token was issued", this.method, tenant, undefined);
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

  async #failure(error: unknown): Promise<unknown> {
    if (error instanceof ActionableError) return error;
    // The SDK tells only in words, or not at all, what went wrong on the way.
    const last = this.#lastFailure;
    if (last instanceof ExchangeError) return unansweredError(last, "sign in");
    if (last && isBusy(last.status)) {
      const answer = readAnswer(last.status, last.headers, undefined);
      return azureError(new ServiceFailure(answer), { doing: "sign in", area: "directory" });
    }
    const { env, tenant } = this.#options;
    if (this.method === "cli" && !(await isOnPath("az", env))) {
      return new ActionableError(
        "Not signed in: the Azure CLI, which would say who is, is not installed.",
        {
          code: "azure.not-signed-in",
          hint: "Install it and run az login; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or use --auth device-code.",
          docs: "https://aka.ms/azure-cli",
          exitCode: exitCode.notAllowed,
        },
        { cause: error },
      );
    }
    if (this.method === "browser" && error instanceof Error && "syscall" in error) {
      return new ActionableError(
        "No browser could be started here.",
        {
          code: "azure.no-browser",
          hint: "Sign in on another screen with --auth device-code.",
          exitCode: exitCode.notAllowed,
        },
        { cause: error },
      );
    }
    const inWords = error instanceof Error ? error.message : String(error);
    return signInError(entraDescription(last?.bodyAsText) || inWords, this.method, tenant, error);
  }

  async #createSource(): Promise<TokenSource> {
    const { http, env, tenant, cloud } = this.#options;
    const onFailure = (failure: ExchangeError | PipelineResponse) => {
      this.#lastFailure = failure;
    };
    const principal = this.method === "environment" ? passwordIn(env, tenant) : undefined;
    if (principal) return passwordSource(principal, cloud, http, onFailure);
    // Asking for a token twice gives two tokens, which does no harm.
    const client = http.clientOptions({ mayRepeat: () => true, writes: () => false }, onFailure);
    const stopping = { policy: this.#signIn.policy, position: "perCall" as const };
    const additionalPolicies = [stopping, ...client.additionalPolicies];
    const credential = await createSdkCredential(this.method, this.#options, {
      ...client,
      additionalPolicies,
    });
    return async (scope, claims, signal) => {
      // Each time anew, as the SDK reads it: a token in a file is replaced before its end.
      await checkNamedFile(this.method, env, signal);
      return this.#signIn.run(signal, () =>
        credential.getToken(scope, claims === undefined ? {} : { claims }),
      );
    };
  }
}
