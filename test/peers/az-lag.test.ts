import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Clients, type RecipeCredential } from "./clients.ts";
import { lacks } from "./peer.ts";

describe.skipIf(lacks("az", "kubectl", "skopeo"))(
  "az and replication lag (needs az, kubectl, skopeo)",
  () => {
    let sandbox: Sandbox;
    let clients: Clients;

    beforeAll(async () => {
      // Long enough that even a slow az comes too early.
      sandbox = await startSandbox({ replicationLag: "6s" });
      clients = await Clients.of(sandbox);
      const { AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_TENANT_ID } = sandbox.environment;
      // Reads reach the replicas in turn. After this many reads, az reaches a lagging one only where it waits out the
      // lag.
      await clients.az(
        `login --service-principal -u ${AZURE_CLIENT_ID} --password=${AZURE_CLIENT_SECRET} --tenant ${AZURE_TENANT_ID}`,
      );
    });
    afterAll(async () => {
      await sandbox.close();
    });

    it("meets the errors that az knows as lag and waits out, until its credential pulls", async () => {
      const registryId = await clients.az("acr show --name myregistry --query id --output tsv");
      const { code, stdout, stderr } = await clients.tryAz(
        `ad sp create-for-rbac --name lagging --scopes ${registryId} --role acrpull`,
      );
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/Creating service principal failed with error .*Retrying: 1\/36/);
      expect(stderr).toMatch(/Retrying role assignment creation: 1\/36/);
      const { appId, password } = JSON.parse(stdout) as RecipeCredential;
      await clients.kubectl(
        `create secret docker-registry lagging -n awesomeapps --docker-server=${clients.loginServer()} --docker-username=${appId} --docker-password=${password}`,
      );
      const authFile = await clients.authFile("lagging");
      await expect.poll(() => clients.pulls(authFile), { timeout: 30_000 }).toBe(true);
    }, 120_000);
  },
);
