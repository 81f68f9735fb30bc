import { randomBytes } from "node:crypto";
import { v4 as uuid } from "uuid";
import { SignInRefusal } from "./errors.ts";
import { azureCliAppId, multiFactorContext } from "./token.ts";
import type { UserRecord, World } from "../world.ts";

/** How long a device code can be used, in seconds. */
const deviceCodeLifetime = 900;

interface PendingSignIn {
  readonly clientId: string;
  readonly scope: string;
  readonly demandsMultiFactor: boolean;
  readonly expiresAt: number;
  polls: number;
  redeemed: boolean;
}

/** A user who has signed in, and the scopes that the client asked for. */
export interface SignedIn {
  readonly user: UserRecord;
  readonly scope: string;
  readonly multiFactor: boolean;
}

interface Session {
  readonly user: UserRecord;
  readonly clientId: string;
  readonly multiFactor: boolean;
}

/** Users who sign in by device code, and the refresh tokens that they were given. */
export class UserSignIns {
  readonly #world: World;
  readonly #pending = new Map<string, PendingSignIn>();
  readonly #sessions = new Map<string, Session>();

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * Begins a sign-in.
   * @throws SignInRefusal
   */
  begin(form: URLSearchParams): Record<string, unknown> {
    const clientId = this.#publicClient(form);
    const deviceCode = randomBytes(48).toString("base64url");
    const userCode = randomBytes(5).toString("hex").slice(0, 9).toUpperCase();
    const page = `${this.#world.azureUrl}/device`;
    this.#pending.set(deviceCode, {
      clientId,
      scope: form.get("scope") ?? "",
      demandsMultiFactor: demandsMultiFactor(form),
      expiresAt: Date.now() + deviceCodeLifetime * 1000,
      polls: 0,
      redeemed: false,
    });
    return {
      user_code: userCode,
      device_code: deviceCode,
      verification_uri: page,
      expires_in: deviceCodeLifetime,
      interval: 5,
      message: `To sign in, use a web browser to open the page ${page} and enter the code ${userCode} to authenticate.`,
    };
  }

  /**
   * The user who has signed in with the device code. MSAL for Python sends the scopes only when it begins.
   * @throws SignInRefusal, also while nobody has signed in
   */
  redeem(form: URLSearchParams): SignedIn {
    const clientId = this.#publicClient(form);
    const pending = this.#pending.get(form.get("device_code") ?? "");
    if (pending?.clientId !== clientId) throw new SignInRefusal(70018);
    if (pending.redeemed) throw new SignInRefusal(54005);
    if (pending.expiresAt <= Date.now()) throw new SignInRefusal(70019);
    const { user: wanted, pendingPolls = 0, declines } = this.#world.deviceSignIn ?? {};
    pending.polls += 1;
    const user = this.#world.users.find(
      (one) => wanted === undefined || one.id === wanted || one.userPrincipalName === wanted,
    );
    if (!user || pending.polls <= pendingPolls) throw new SignInRefusal(70016);
    if (declines) throw new SignInRefusal(65004);
    pending.redeemed = true;
    const multiFactor = user.multiFactor || pending.demandsMultiFactor || demandsMultiFactor(form);
    return { user, scope: form.get("scope") ?? pending.scope, multiFactor };
  }

  /**
   * The session that the refresh token belongs to.
   * @param resource what the new access token is for
   * @throws SignInRefusal
   */
  refresh(form: URLSearchParams, resource: string): Session {
    const clientId = this.#publicClient(form);
    const session = this.#sessions.get(form.get("refresh_token") ?? "");
    if (session?.clientId !== clientId) throw new SignInRefusal(70000);
    const isTooWeak = demandsMultiFactor(form) && !session.multiFactor;
    if (this.#world.policy.multiFactorRequired || isTooWeak) throw new SignInRefusal(50076, { resource });
    return session;
  }

  /** Issues a refresh token for the session. */
  remember(session: Session): string {
    const token = `1.${randomBytes(64).toString("base64url")}.${uuid()}`;
    this.#sessions.set(token, session);
    return token;
  }

  /** Nobody has consented to any application of the tenant, so only Microsoft's own client signs people in. */
  #publicClient(form: URLSearchParams): string {
    const appId = form.get("client_id");
    if (appId === null) throw new SignInRefusal(900144, { parameter: "client_id" });
    if (appId === azureCliAppId) return appId;
    const application = this.#world.applications.find((one) => one.appId === appId);
    throw application
      ? new SignInRefusal(65001, { appId, name: application.displayName })
      : new SignInRefusal(700016, { appId, tenant: this.#world.tenantId });
  }
}

/**
 * Whether a sign-in asks for a token that satisfies the challenge for multi-factor authentication.
 * https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
function demandsMultiFactor(form: URLSearchParams): boolean {
  return new RegExp(`"acrs".*"${multiFactorContext}"`).test(form.get("claims") ?? "");
}
