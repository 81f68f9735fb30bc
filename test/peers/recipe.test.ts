import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { dockerConfigOf, entryOf, secretOf, setup } from "../program.ts";
import { Clients } from "./clients.ts";
import { lacks } from "./peer.ts";

/**
 * Microsoft's commands, word for word, except for the login server, which the originals compose by hand:
 * https://learn.microsoft.com/azure/container-registry/container-registry-auth-kubernetes
 */
const recipe = `
ACR_REGISTRY_ID=$(az acr show --name $ACR_NAME --query "id" --output tsv)
PASSWORD=$(az ad sp create-for-rbac --name $SERVICE_PRINCIPAL_NAME --scopes $ACR_REGISTRY_ID --role acrpull --query "password" --output tsv)
USER_NAME=$(az ad sp list --display-name $SERVICE_PRINCIPAL_NAME --query "[].appId" --output tsv)
kubectl create secret docker-registry $SECRET_NAME \\
    --namespace awesomeapps \\
    --docker-server=$LOGIN_SERVER \\
    --docker-username=$USER_NAME \\
    --docker-password=$PASSWORD
`;

describe.skipIf(lacks("az", "kubectl", "skopeo"))("the recipe's secret (needs az, kubectl, skopeo)", () => {
  let sandbox: Sandbox;
  let clients: Clients;

  beforeAll(async () => {
    sandbox = await startSandbox();
    clients = await Clients.of(sandbox);
  });
  afterAll(async () => {
    await sandbox.close();
  });

  const follow = (secret: string) =>
    clients.shell(recipe, {
      ACR_NAME: "myregistry",
      LOGIN_SERVER: clients.loginServer(),
      SERVICE_PRINCIPAL_NAME: `principal-of-${secret}`,
      SECRET_NAME: secret,
    });

  it("is made by the recipe's own commands, pulls, and cannot be made again", async () => {
    expect(await follow("by-recipe")).toBe("secret/by-recipe created");
    const bytes = await clients.authFile("by-recipe");
    expect(await clients.pulls(bytes)).toBe(true);
    await expect(follow("by-recipe")).rejects.toThrow(
      'failed to create secret secrets "by-recipe" already exists',
    );
    // The second attempt failed half way: the secret is the same, but its password is dead.
    expect(await clients.pulls(await clients.authFile("by-recipe"))).toBe(false);
  });

  it("is refused by setup, and with --adopt given an entry of ours that leaves the recipe's password alone", async () => {
    await follow("adopted");
    const recipeBytes = await clients.authFile("adopted");
    const uid = secretOf(sandbox, "awesomeapps", "adopted")?.metadata.uid;
    const recipeUser = entryOf(sandbox, "myregistry", "awesomeapps", "adopted")?.username;
    const writes = sandbox.requests.mutating().length;

    const refusal = await setup(sandbox, ["--secret-name", "adopted"]);
    expect(refusal.code).toBe(2);
    expect(refusal.json.error).toMatchObject({
      code: "secret.not-ours",
      message: expect.stringContaining("kubectl-create"),
      hint: expect.stringContaining("--adopt"),
    });
    expect(sandbox.requests.mutating().length).toBe(writes);

    const run = await setup(sandbox, ["--secret-name", "adopted", "--adopt"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.secrets).toMatchObject([{ action: "updated" }]);
    expect(secretOf(sandbox, "awesomeapps", "adopted")?.metadata.uid).toBe(uid);
    expect(entryOf(sandbox, "myregistry", "awesomeapps", "adopted")?.username).not.toBe(recipeUser);
    expect(await clients.pulls(await clients.authFile("adopted"))).toBe(true);
    expect(await clients.pulls(recipeBytes)).toBe(true);
  });

  it("of another registry keeps its entry when setup adopts it", async () => {
    await clients.kubectl(
      "create secret docker-registry other --namespace awesomeapps --docker-server=other.example --docker-username=u --docker-password=p --docker-email=u@other.example",
    );
    const before = dockerConfigOf(sandbox, "awesomeapps", "other").auths["other.example"];
    expect((await setup(sandbox, ["--secret-name", "other"])).json.error.code).toBe("secret.not-ours");
    const run = await setup(sandbox, ["--secret-name", "other", "--adopt"]);
    expect(run.code, run.stderr).toBe(0);
    const { auths } = dockerConfigOf(sandbox, "awesomeapps", "other");
    expect(Object.keys(auths).sort()).toEqual([clients.loginServer(), "other.example"].sort());
    expect(auths["other.example"]).toEqual(before);
    expect(await clients.pulls(await clients.authFile("other"))).toBe(true);
  });
});
