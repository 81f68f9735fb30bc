import { Agent } from "node:https";
import { createAzureHttp, type AzureHttp } from "../../src/azure/azure-http.ts";
import type { Credential } from "../../src/azure/credential.ts";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { ScriptedServer } from "../scripted-server.ts";

/** An Azure service that answers as a test scripts it, and how to reach it. */
export interface ScriptedAzure {
  readonly server: ScriptedServer;
  readonly url: string;
  /** Its token is `first`, or `second` if there are claims to satisfy. */
  readonly credential: Credential;
  /** The claims that each token had to satisfy. */
  readonly claimsAsked: ReadonlyArray<string | undefined>;
  readonly http: (timeoutMs?: number) => AzureHttp;
}

/** Starts one. The caller stops its server. */
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
