import { Agent } from "node:https";
import { createAzureHttp, type AzureHttp } from "../../src/azure/azure-http.ts";
import type { Credential } from "../../src/azure/credential.ts";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { ScriptedServer } from "../scripted-server.ts";

/** A service of Azure that answers what a test tells it to, and how it is reached. */
export interface ScriptedAzure {
  readonly server: ScriptedServer;
  readonly url: string;
  /** Its token is `first`, and `second` where claims are to be satisfied. */
  readonly credential: Credential;
  /** What tokens were asked to satisfy. */
  readonly claimsAsked: ReadonlyArray<string | undefined>;
  readonly http: (timeoutMs?: number) => AzureHttp;
}

/** Starts one; its server is to be stopped. */
export async function scriptedAzure(): Promise<ScriptedAzure> {
  const authority = await createCertificateAuthority();
  const server = new ScriptedServer(await authority.issue());
  await server.start();
  const claimsAsked: Array<string | undefined> = [];
  const credential: Credential = {
    method: "environment",
    asksPerson: false,
    getToken: (_scopes, options) => {
      claimsAsked.push(options?.claims);
      const token = options?.claims === undefined ? "first" : "second";
      return Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
    },
    claims: () => Promise.reject(new TypeError("nobody asks")),
  };
  return {
    server,
    url: `https://localhost:${server.port}`,
    credential,
    claimsAsked,
    http: (timeoutMs) =>
      createAzureHttp({ variables: {}, timeoutMs, agent: new Agent({ ca: authority.certificate }) }),
  };
}
