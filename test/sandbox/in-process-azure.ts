import { entraRoutes } from "../../src/sandbox/entra/entra.ts";
import { graphRoutes } from "../../src/sandbox/graph/graph.ts";
import { newWorld } from "../../src/sandbox/new-world.ts";
import { dispatch, type SandboxRequest, type SandboxResponse } from "../../src/sandbox/service.ts";
import { issueToken } from "../../src/sandbox/entra/token.ts";
import { readSandboxOptions, type SandboxOptions } from "../../src/sandbox/world-options.ts";
import type { ServicePrincipalRecord, UserRecord, World } from "../../src/sandbox/world.ts";

export type Answer = SandboxResponse & { readonly body: Record<string, unknown> };

/** Entra and Graph of a world, asked without a server in between. */
export interface InProcessAzure {
  readonly world: World;
  /** Posts a form to the token endpoint of a tenant. */
  token(form: Record<string, string>, tenant?: string, path?: string): Promise<Answer>;
  /** Asks Graph as the caller of the world, or as the holder of the token. */
  graph(
    method: string,
    path: string,
    body?: unknown,
    options?: { token?: string; headers?: Record<string, string> },
  ): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** A Graph token for a principal or user of the world. */
  tokenOf(subject: ServicePrincipalRecord | UserRecord): Promise<string>;
}

export function inProcessAzure(options: SandboxOptions = {}): InProcessAzure {
  const { world } = newWorld(readSandboxOptions(options, "test"));
  world.azureUrl = "https://localhost:18443";
  const routes = [...entraRoutes(world), ...graphRoutes(world)];

  const ask = async (
    method: string,
    target: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<Answer> => {
    const url = new URL(target, world.azureUrl);
    const request: SandboxRequest = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body: Buffer.from(body),
      remoteAddress: "127.0.0.1",
      closed: new AbortController().signal,
    };
    const answer = await dispatch(routes, request);
    if (!answer) throw new Error(`no route for ${method} ${target}`);
    return { ...answer, body: (answer.body ?? {}) as Record<string, unknown> };
  };

  const tokenOf = (subject: ServicePrincipalRecord | UserRecord) =>
    issueToken(world, {
      audience: "https://graph.microsoft.com/",
      subject:
        "userPrincipalName" in subject
          ? { kind: "user", record: subject, clientId: "client", scope: "Directory.AccessAsUser.All" }
          : { kind: "service-principal", record: subject },
    });

  const caller = () => world.servicePrincipals.find(({ id }) => id === world.caller.objectId)!;
  return {
    world,
    tokenOf,
    token: (form, tenant = world.tenantId, path = "token") =>
      ask("POST", `/${tenant}/oauth2/v2.0/${path}`, {}, new URLSearchParams(form).toString()),
    graph: async (method, path, body, { token, headers } = {}) =>
      ask(
        method,
        `/v1.0${path}`,
        { authorization: `Bearer ${token ?? (await tokenOf(caller()))}`, ...headers },
        body === undefined ? "" : JSON.stringify(body),
      ),
    get: (path) => ask("GET", path, {}, ""),
  };
}

/** Far longer than any test takes. The fresh replica knows everything, the other two know nothing new. */
export const endlessLag = 3_600_000;
