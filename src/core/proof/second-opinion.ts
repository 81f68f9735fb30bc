import type { PullCredential } from "../../domain/docker-config.ts";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { PullOutcome, SignInOutcome } from "../ports.ts";
import type { ProofContext } from "./prove-pull.ts";

const refusalsBetweenQuestions = 4;
/** How often Entra has to give a lasting reason in a row: a part of it may not know yet that it was put right. */
const timesToBelieve = 3;

/**
 * What helps against the reasons of Entra that neither time nor another password changes, by the number after `AADSTS`:
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const remedies = new Map<number | undefined, (appId: string) => string>([
  [
    7_000_112,
    (appId) =>
      `If it is to pull, enable its service principal: az ad sp update --id ${shellQuote(appId)} --set accountEnabled=true`,
  ],
  [
    501_051,
    () =>
      "The tenant lets only assigned applications sign in to Azure Container Registry: ask an administrator to assign this one, or to require no assignment.",
  ],
]);

/**
 * What Entra says of a credential that a registry goes on refusing: a registry does not say why. Entra is asked only
 * after some refusals, so a proof that soon succeeds takes no further request.
 */
export class SecondOpinion {
  readonly #context: ProofContext;
  readonly #credential: PullCredential;
  #refusals = 0;
  #lasting = 0;
  #entra: SignInOutcome | undefined;

  constructor(context: ProofContext, credential: PullCredential) {
    this.#context = context;
    this.#credential = credential;
  }

  /** What Entra said last. Undefined if it was not asked, or did not answer. */
  get entra(): SignInOutcome | undefined {
    return this.#entra;
  }

  /**
   * Called after each try that failed.
   * @throws ActionableError `proof.refused`, `azure.conditional-access` or `azure.wrong-tenant` if Entra refuses the
   *   credential for a reason that lasts
   */
  async after({ kind }: PullOutcome, signal: AbortSignal): Promise<void> {
    if (kind !== "refused") return;
    this.#refusals += 1;
    if (this.#refusals % refusalsBetweenQuestions !== 0) return;
    const { username, password } = this.#credential;
    try {
      this.#entra = await this.#context.signIn?.signIn(username, password, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ActionableError)) throw error;
      this.#entra = undefined;
      const lasts = hasCode(error, "azure.conditional-access", "azure.wrong-tenant");
      this.#lasting = lasts ? this.#lasting + 1 : 0;
      if (this.#lasting >= timesToBelieve) throw error;
      return;
    }
    const said = this.#entra?.kind === "refused" ? this.#entra : undefined;
    const remedy = remedies.get(said?.number);
    this.#lasting = remedy ? this.#lasting + 1 : 0;
    if (!said || !remedy || this.#lasting < timesToBelieve) return;
    throw new ActionableError(`Entra refuses the credential: ${said.reason}`, {
      code: "proof.refused",
      hint: remedy(username),
      docs: "https://learn.microsoft.com/entra/identity-platform/reference-error-codes",
    });
  }
}
