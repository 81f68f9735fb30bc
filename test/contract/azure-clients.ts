import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnsecuredJWT } from "jose";
import { createAzureHttp } from "../../src/azure/azure-http.ts";
import type { Cloud } from "../../src/azure/cloud.ts";
import type { Credential } from "../../src/azure/credential.ts";
import { createDirectoryClient } from "../../src/azure/directory-client.ts";
import { createRegistryResourceClient } from "../../src/azure/registry-resource-client.ts";
import { createResourceManager } from "../../src/azure/resource-manager.ts";
import { createRoleClient } from "../../src/azure/role-client.ts";
import { createSignInClient } from "../../src/azure/sign-in-client.ts";
import type { PullCredential } from "../../src/domain/docker-config.ts";
import { SecretText } from "../../src/domain/secret-text.ts";
import { PullClient } from "../../src/registry/pull-client.ts";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { ScriptedServer, type Answer } from "../scripted-server.ts";
import { trustInProcess } from "../trust-in-process.ts";
import type { Json, Recording } from "./azure-recordings.ts";

/** The program's clients, each connected to a server that replays recorded answers. */
export interface Clients extends Awaited<ReturnType<typeof openClients>> {}

/** The tenant of the signed-in caller, where recordings name a tenant. */
export const tenant = "6e288dbc-9a75-4319-84cf-bb037fab9cd1";

export async function openClients() {
  const authority = await createCertificateAuthority();
  const server = new ScriptedServer(await authority.issue());
  await server.start();
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-contract-"));
  await writeFile(join(folder, "ca.pem"), authority.certificate);
  const distrust = trustInProcess(join(folder, "ca.pem"));
  const url = `https://localhost:${server.port}`;
  const cloud: Cloud = {
    name: "AzureCloud",
    authorityHost: url,
    resourceManager: url,
    resourceManagerScope: "https://management.azure.com/.default",
    graph: url,
    graphScope: "https://graph.microsoft.com/.default",
    federationAudience: "api://AzureADTokenExchange",
    registrySuffixes: [".azurecr.io"],
    isWellKnown: true,
    demandsMultiFactor: true,
  };
  const credential: Credential = {
    method: "environment",
    asksPerson: false,
    getToken: () => Promise.resolve({ token: "token", expiresOnTimestamp: Date.now() + 3_600_000 }),
    claims: () =>
      Promise.resolve({
        oid: "d1b50ec4-1a11-49a0-8c39-da517c80bd7b",
        tid: tenant,
        kind: "service-principal",
        name: "caller",
        roles: ["Application.ReadWrite.OwnedBy"],
        directoryRoles: undefined,
        multiFactor: undefined,
      }),
  };
  const http = createAzureHttp({ variables: {}, agent: new Agent({ ca: authority.certificate }) });
  const resourceManager = () => createResourceManager(cloud, credential, http);
  const pullCredential: PullCredential = { username: "APP", password: new SecretText("SECRET") };
  return {
    server,
    loginServer: `localhost:${server.port}`,
    pullCredential,
    // New for each question: what a client learns about versions or audiences is for one run.
    registries: () => createRegistryResourceClient(cloud, resourceManager()),
    roles: () => createRoleClient(resourceManager()),
    directory: () => createDirectoryClient(cloud, credential, http),
    signIn: () => createSignInClient(cloud, http, () => Promise.resolve("TENANT")),
    pulls: new PullClient({ variables: {} }),
    async close() {
      distrust();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A recorded answer as a server can give it. */
export function asAnswer({ response: { status, headers, body } }: Recording): Answer {
  // The recorded length is that of the body before it was scrubbed.
  const { "content-length": _, ...rest } = headers;
  return { status, headers: rest, ...(body === null ? {} : { json: withToken(body) }) };
}

/** A token that says what the recorded one said. */
function withToken({ "x-decoded": decoded, ...body }: Json): Json {
  if (decoded === undefined || body.access_token === undefined) return body;
  return { ...body, access_token: new UnsecuredJWT({ access: decoded.claims.access }).encode() };
}
