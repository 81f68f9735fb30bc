import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { openAzure } from "../../src/azure/azure.ts";
import type { AzureOptions } from "../../src/azure/azure.ts";
import { createAzureHttp } from "../../src/azure/azure-http.ts";
import type {
  Directory,
  PrincipalReads,
  Registries,
  RegistryReads,
  RoleReads,
  Roles,
  SignIn,
} from "../../src/core/ports.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";

/** The clients as core sees them, signed in to a sandbox of their own. */
export interface SandboxedAzure {
  readonly sandbox: Sandbox;
  readonly azure: {
    readonly registries: Registries & RegistryReads;
    readonly roles: Roles & RoleReads;
    readonly directory: Directory & PrincipalReads;
    readonly signIn: SignIn;
  };
  /** `METHOD path` of each request to Azure so far. */
  readonly lines: () => string[];
  close(): Promise<void>;
}

/** Never aborted: the time limit of a test ends what takes too long. */
export const { signal } = new AbortController();

/** Starts a sandbox and opens its cloud as its caller, unless `azureOptions` says otherwise. */
export async function sandboxedAzure(
  options: SandboxOptions = {},
  azureOptions: Partial<AzureOptions> = {},
): Promise<SandboxedAzure> {
  const sandbox = await startSandbox(options);
  const azure = await openParts(sandbox, azureOptions);
  return {
    sandbox,
    azure,
    lines: () => sandbox.requests.entries.map(({ method, path }) => `${method} ${path}`),
    close: () => sandbox.close(),
  };
}

/** Opens the cloud of a sandbox. The result also holds the parts that the clients are made of. */
export async function openParts(sandbox: Sandbox, azureOptions: Partial<AzureOptions> = {}) {
  const agent = new Agent({ keepAlive: true, ca: await readFile(sandbox.caPath) });
  const http = createAzureHttp({ variables: {}, agent });
  const azure = await openAzure(
    {
      cloud: sandbox.world.azureUrl,
      auth: "auto",
      tenant: undefined,
      env: sandbox.environment,
      onDeviceCode: () => {},
      ...azureOptions,
    },
    signal,
    http,
  );
  return { ...azure, http };
}
