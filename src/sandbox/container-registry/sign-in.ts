import {
  registryRights,
  pullRights,
  type PullRights,
  type RegistryRights,
  type RepositoryAction,
  type SignInRefusal,
} from "./pull-rights.ts";
import { authenticationRequired, registryAnswer, registryError, type Scope } from "./answers.ts";
import type { RegistryTokens } from "./registry-token.ts";
import { formBody, type Route, type SandboxRequest, type SandboxResponse } from "../service.ts";
import { registryAudience, resourceManagerAudiences, verifyToken } from "../entra/token.ts";
import type { RegistryRecord, World } from "../world.ts";

/*
 * Where clients of a registry get their tokens:
 * https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md and Token-BasicAuth.md
 */

/** The user name that comes with a refresh token in place of a password, as `az acr login --expose-token` says. */
const tokenUser = "00000000-0000-0000-0000-000000000000";

const refusals: Readonly<Record<SignInRefusal, string>> = {
  "unknown-application": "Application not registered with AAD.",
  "wrong-secret": "Invalid clientid or client secret.",
  "no-role": authenticationRequired,
};

const repositoryActions: readonly RepositoryAction[] = [
  "pull",
  "push",
  "delete",
  "metadata_read",
  "metadata_write",
];

/** The token endpoints of a registry. */
export function signInRoutes(world: World, registry: RegistryRecord, tokens: RegistryTokens): Route[] {
  const endpoints = new SignIn(world, registry, tokens);
  return [
    { method: "POST", pattern: /^\/oauth2\/exchange$/, handle: (request) => endpoints.exchange(request) },
    { method: "POST", pattern: /^\/oauth2\/token$/, handle: (request) => endpoints.grant(request) },
    { method: "GET", pattern: /^\/oauth2\/token$/, handle: (request) => endpoints.basic(request) },
  ];
}

/** The user name and password of a request with basic authentication. */
export function basicCredential(
  request: SandboxRequest,
): { readonly username: string; readonly password: string } | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [, username, password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  return username === undefined || password === undefined ? undefined : { username, password };
}

/** How a registry answers a user name with a password or a refresh token. It reads the directory once. */
export async function receive(
  world: World,
  registry: RegistryRecord,
  tokens: RegistryTokens,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<PullRights> {
  return username === tokenUser || username === ""
    ? receiveToken(world, registry, tokens, password)
    : pullRights(world, registry, username, password, world.replication.read());
}

/** The reason for a refusal, in the registry's words. */
export function refusalText(reason: SignInRefusal): string {
  return refusals[reason];
}

/** The part of the requested scopes that the rights cover. */
export function grantedScopes(scopes: readonly string[], rights: RegistryRights): Scope[] {
  return scopes.flatMap((scope): Scope[] => {
    const [, type, name = "", list = ""] = /^(repository|registry):(.+):([^:]*)$/.exec(scope) ?? [];
    const asked = list.split(",");
    if (type === "registry") {
      return name === "catalog" && asked.includes("*") && rights.catalog
        ? [{ type, name, actions: ["*"] }]
        : [];
    }
    const actions = repositoryActions.filter(
      (action) => (asked.includes(action) || asked.includes("*")) && rights.allows(action, name),
    );
    return type === "repository" && actions.length > 0 ? [{ type, name, actions }] : [];
  });
}

async function receiveToken(
  world: World,
  registry: RegistryRecord,
  tokens: RegistryTokens,
  token: string,
): Promise<PullRights> {
  const holder = await tokens.read(token);
  if (!holder) return { kind: "refused", reason: "wrong-secret" };
  const received = admit(world, registry, holder.principalId);
  const { access } = holder;
  // An access token allows only what it was granted. msi-acrpull and External Secrets write such tokens into secrets.
  return access && received.kind === "admitted"
    ? { ...received, rights: within(received.rights, access) }
    : received;
}

function within(rights: RegistryRights, access: readonly Scope[]): RegistryRights {
  return {
    any: rights.any,
    catalog: rights.catalog && access.some(({ type, name }) => type === "registry" && name === "catalog"),
    allows: (action, name) =>
      rights.allows(action, name) &&
      access.some((one) => one.type === "repository" && one.name === name && one.actions.includes(action)),
  };
}

function admit(world: World, registry: RegistryRecord, principalId: string): PullRights {
  const rights = registryRights(world, registry, principalId, world.replication.read());
  return rights.any ? { kind: "admitted", principalId, rights } : { kind: "refused", reason: "no-role" };
}

class SignIn {
  readonly #world: World;
  readonly #registry: RegistryRecord;
  readonly #tokens: RegistryTokens;

  constructor(world: World, registry: RegistryRecord, tokens: RegistryTokens) {
    this.#world = world;
    this.#registry = registry;
    this.#tokens = tokens;
  }

  /** Exchanges a token of Entra for a refresh token of the registry. */
  async exchange(request: SandboxRequest): Promise<SandboxResponse> {
    const form = formBody(request);
    if (form.get("grant_type") !== "access_token") return unsupported("grant_type");
    if (!this.#isMine(form)) return unsupported("service");
    const audiences = [...resourceManagerAudiences, registryAudience];
    const identity = await verifyToken(this.#world, form.get("access_token") ?? "", audiences).catch(
      () => undefined,
    );
    const received = identity && admit(this.#world, this.#registry, identity.objectId);
    if (received?.kind !== "admitted") return unauthorized(authenticationRequired);
    return registryAnswer(200, { refresh_token: await this.#tokens.refresh(received.principalId) });
  }

  /** An access token by POST: for a password, or for a refresh token. */
  async grant(request: SandboxRequest): Promise<SandboxResponse> {
    const form = formBody(request);
    const grant = form.get("grant_type");
    if (!this.#isMine(form)) return unsupported("service");
    if (grant === "password" && !this.#registry.refusesPasswordGrant) {
      const credential = { username: form.get("username") ?? "", password: form.get("password") ?? "" };
      const received = await receive(this.#world, this.#registry, this.#tokens, credential);
      return this.#answer(received, form);
    }
    if (grant === "refresh_token") {
      const token = form.get("refresh_token") ?? "";
      if ((await this.#tokens.read(token))?.access) return unauthorized(refusals["wrong-secret"]);
      return this.#answer(await receiveToken(this.#world, this.#registry, this.#tokens, token), form);
    }
    return unsupported("grant_type");
  }

  /** An access token by GET, with user name and password in the header. */
  async basic(request: SandboxRequest): Promise<SandboxResponse> {
    if (!this.#isMine(request.query)) return unsupported("service");
    const credential = basicCredential(request);
    if (!credential) return unauthorized(authenticationRequired);
    return this.#answer(await receive(this.#world, this.#registry, this.#tokens, credential), request.query);
  }

  /** Issues a token even to a caller that may do nothing of what it asked. The token then grants less, or nothing. */
  async #answer(received: PullRights, asked: URLSearchParams): Promise<SandboxResponse> {
    if (received.kind === "refused") return unauthorized(refusals[received.reason]);
    const access = grantedScopes(scopesIn(asked), received.rights);
    return registryAnswer(200, { access_token: await this.#tokens.access(received.principalId, access) });
  }

  #isMine(asked: URLSearchParams): boolean {
    return asked.get("service") === this.#registry.loginServer;
  }
}

function scopesIn(asked: URLSearchParams): string[] {
  return asked
    .getAll("scope")
    .flatMap((scope) => scope.split(" "))
    .filter((scope) => scope !== "");
}

function unauthorized(message: string): SandboxResponse {
  return registryError(401, "UNAUTHORIZED", message);
}

function unsupported(what: string): SandboxResponse {
  return registryError(
    400,
    "UNSUPPORTED",
    `The operation is unsupported: ${what} is missing or not supported.`,
  );
}
