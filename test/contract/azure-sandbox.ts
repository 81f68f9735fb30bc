import { createAzureService } from "../../src/sandbox/azure-service.ts";
import { createContainerRegistry } from "../../src/sandbox/container-registry/container-registry.ts";
import { azureCliAppId, issueToken } from "../../src/sandbox/entra/token.ts";
import { newWorld } from "../../src/sandbox/new-world.ts";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import type { SandboxResponse } from "../../src/sandbox/service.ts";
import { readSandboxOptions, type SandboxOptions } from "../../src/sandbox/world-options.ts";
import type { World } from "../../src/sandbox/world.ts";
import type { Recording } from "./azure-recordings.ts";

/** A sandbox's Azure, asked without a server in between, by its caller or by its user. */
export class AskedAzure {
  readonly world: World;
  /** Resource id of the first registry. */
  readonly registryId: string;
  readonly #handle: (line: string, headers: Record<string, string>, body: string) => Promise<SandboxResponse>;

  constructor(options: SandboxOptions = {}) {
    const { world } = newWorld(
      readSandboxOptions(
        { caller: { graphPermissions: ["Application.ReadWrite.All"] }, ...options },
        "contract",
      ),
    );
    const [registry] = world.registries;
    if (!registry) throw new Error("a world without a registry");
    world.azureUrl = "https://localhost:18443";
    registry.loginServer = "localhost:18444";
    this.world = world;
    this.registryId = registryResourceId(registry);
    const azure = createAzureService(world);
    const login = createContainerRegistry(world, registry);
    this.#handle = async (line, headers, body) => {
      const [method = "", target = ""] = line.split(" ");
      const url = new URL(target, world.azureUrl);
      return (/^\/(?:v2|oauth2)\//.test(url.pathname) ? login : azure).handle({
        method,
        path: url.pathname,
        query: url.searchParams,
        headers,
        body: Buffer.from(body),
        remoteAddress: "192.0.2.7",
        closed: new AbortController().signal,
      });
    };
  }

  /** Asks Resource Manager (`METHOD /path?query`), with JSON. */
  async arm(line: string, body?: object): Promise<Recording["response"]> {
    return this.#ask(line, await this.token("https://management.azure.com/"), body);
  }

  /** The same for Graph, as a person if `asUser` is set. */
  async graph(line: string, body?: object, asUser = false): Promise<Recording["response"]> {
    return this.#ask(line, await this.token("https://graph.microsoft.com/", asUser), body);
  }

  /** Asks Entra or the registry with a form, and without a token. */
  async form(line: string, form?: Record<string, string>): Promise<Recording["response"]> {
    return answerOf(await this.#handle(line, {}, new URLSearchParams(form).toString()));
  }

  token(audience: string, asUser = false): Promise<string> {
    const { world } = this;
    const [user] = world.users;
    const caller = world.servicePrincipals.find(({ id }) => id === world.caller.objectId);
    if (!user || !caller) throw new Error("nobody to sign in as");
    const subject = asUser
      ? ({ kind: "user", record: user, clientId: azureCliAppId, scope: "user_impersonation" } as const)
      : ({ kind: "service-principal", record: caller } as const);
    return issueToken(world, { audience, subject });
  }

  async #ask(line: string, token: string, body?: object): Promise<Recording["response"]> {
    const headers = { authorization: `Bearer ${token}` };
    return answerOf(await this.#handle(line, headers, body === undefined ? "" : JSON.stringify(body)));
  }
}

/** An answer as it would be on the wire. */
function answerOf({ status, headers = {}, body }: SandboxResponse): Recording["response"] {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
  const usual = typeof body === "object" ? { "content-type": "application/json; charset=utf-8" } : {};
  return {
    status,
    headers: { ...usual, ...Object.fromEntries(named) },
    body: text === null ? null : JSON.parse(text),
  };
}
