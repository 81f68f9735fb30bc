import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { dockerConfigOf, setup } from "../program.ts";
import { TerminalRun } from "../terminal.ts";
import { Clients, type RecipeCredential } from "./clients.ts";
import { lacks } from "./peer.ts";

interface Assignment {
  readonly roleDefinitionName: string;
  readonly principalName: string;
  readonly principalType: string;
  readonly scope: string;
  /** Whether az shows a null or leaves it out depends on its version. */
  readonly condition?: string | null;
}

describe.skipIf(lacks("az", "kubectl", "skopeo"))("the recipe's az (needs az, kubectl, skopeo)", () => {
  let sandbox: Sandbox;
  let clients: Clients;
  let registryId = "";
  let abacId = "";

  beforeAll(async () => {
    // az looks up the names of principals by id, which Application.ReadWrite.OwnedBy does not allow.
    const graphPermissions = ["Application.ReadWrite.OwnedBy", "Directory.Read.All"];
    sandbox = await startSandbox({ caller: { graphPermissions } });
    clients = await Clients.of(sandbox);
    registryId = await clients.az("acr show --name myregistry --query id --output tsv");
    abacId = await clients.az("acr show --name abacregistry --query id --output tsv");
  });
  afterAll(async () => {
    await sandbox.close();
  });

  it("registers the cloud and signs in anew, and then sees what it saw by the configuration it found", async () => {
    const questions = ["az account list --all --query [].id", "az acr list --query [].id"].join("\n");
    const signIn = [
      "az cloud register -n anew --endpoint-resource-manager $ACR_PULL_CLOUD",
      "az cloud set -n anew",
      // With the equals sign: one secret in 64 starts with a dash, and az would take it for an option.
      'az login --service-principal -u $AZURE_CLIENT_ID --password="$AZURE_CLIENT_SECRET" -t $AZURE_TENANT_ID -o none',
    ].join("\n");
    const found = await clients.shell(questions);
    expect(found).toContain(registryId);
    const anew = { AZURE_CONFIG_DIR: await clients.newPath() };
    expect(await clients.shell(`${signIn}\n${questions}`, anew)).toBe(found);
  });

  /** The recipe's principal, and a file with the pull secret that holds its password. */
  async function followRecipe(name: string, scope = registryId, registry?: string) {
    const credential = await clients.azJson<RecipeCredential>(
      `ad sp create-for-rbac --name ${name} --scopes ${scope} --role acrpull`,
    );
    return { ...credential, secret: await pullSecret(name, credential, registry) };
  }

  /** A file with the pull secret that the recipe's kubectl makes of a password. */
  async function pullSecret(name: string, { appId, password }: RecipeCredential, registry?: string) {
    await clients.kubectl(
      `create secret docker-registry ${name} --namespace awesomeapps --docker-server=${clients.loginServer(registry)} --docker-username=${appId} --docker-password=${password}`,
    );
    return clients.authFile(name);
  }

  /** A file with a pull secret for another password. */
  const withPassword = (credential: RecipeCredential) =>
    clients.file(
      "auth.json",
      JSON.stringify({
        auths: {
          [clients.loginServer()]: {
            auth: Buffer.from(`${credential.appId}:${credential.password}`).toString("base64"),
          },
        },
      }),
    );

  it("gives, in four commands, a credential that pulls", async () => {
    const recipe = await followRecipe("my-principal");
    expect(recipe.password).toHaveLength(40);
    expect(await clients.az(`ad sp list --display-name my-principal --query [].appId --output tsv`)).toBe(
      recipe.appId,
    );
    expect(await clients.pulls(recipe.secret)).toBe(true);
  });

  it("assigns a role once, however often it is told to, and lists it", async () => {
    const { appId } = await followRecipe("assigned");
    await clients.az(`role assignment create --assignee ${appId} --scope ${registryId} --role acrpush`);
    await clients.az(`role assignment create --assignee ${appId} --scope ${registryId} --role acrpush`);
    const listed = await clients.azJson<Assignment[]>(
      `role assignment list --scope ${registryId} --assignee ${appId}`,
    );
    expect(listed.map(({ roleDefinitionName }) => roleDefinitionName).sort()).toEqual(["AcrPull", "AcrPush"]);
    expect(listed[0]).toMatchObject({ principalName: appId, principalType: "ServicePrincipal" });
    const onRegistry = await clients.azJson<Assignment[]>(`role assignment list --scope ${registryId}`);
    expect(onRegistry.map(({ principalName }) => principalName)).toContain(appId);
    expect(new Set(onRegistry.map(({ scope }) => scope))).toEqual(new Set([registryId]));
  });

  it("finds applications by how their names begin, in any letter case", async () => {
    await clients.az("ad app create --display-name Start-one");
    await clients.az("ad app create --display-name start-two");
    const named = "--query [].displayName --output tsv";
    const found = await clients.az(`ad app list --filter startswith(displayName,'START-') ${named}`);
    expect(found.split("\n").sort()).toEqual(["Start-one", "start-two"]);
    expect(await clients.az(`ad app list --display-name start-t ${named}`)).toBe("start-two");
  });

  it("lists every assignment, also of people whom it may not read", async () => {
    const listed = await clients.azJson<Assignment[]>("role assignment list --all");
    expect(listed.map(({ principalType }) => principalType)).toEqual(
      expect.arrayContaining(["ServicePrincipal", "User"]),
    );
  });

  it("on a registry in ABAC mode gives a credential that pulls nothing, and says nothing of it", async () => {
    const { secret } = await followRecipe("useless", abacId, "abacregistry");
    expect(await clients.pulls(secret, "abacregistry")).toBe(false);
  });

  describe("does harm:", () => {
    it("create-for-rbac under a name that is taken kills the password in use", async () => {
      const inUse = await followRecipe("taken-name");
      const second = await clients.azJson<RecipeCredential>(
        `ad sp create-for-rbac --name taken-name --scopes ${registryId} --role acrpull`,
      );
      expect(second.appId).toBe(inUse.appId);
      expect(await clients.pulls(inUse.secret)).toBe(false);
      expect(await clients.pulls(await withPassword(second))).toBe(true);
    });

    it("ad app credential reset kills the password in use, and spares it only with --append", async () => {
      const inUse = await followRecipe("reset-application");
      const reset = `ad app credential reset --id ${inUse.appId}`;
      const added = await clients.azJson<RecipeCredential>(`${reset} --append`);
      expect(await clients.pulls(inUse.secret)).toBe(true);
      const replaced = await clients.azJson<RecipeCredential>(reset);
      expect(await clients.pulls(inUse.secret)).toBe(false);
      expect(await clients.pulls(await withPassword(added))).toBe(false);
      expect(await clients.pulls(await withPassword(replaced))).toBe(true);
    });

    it("ad sp credential reset kills what it made before, and leaves the recipe's own password alive and unseen", async () => {
      const recipe = await followRecipe("reset-principal");
      const reset = `ad sp credential reset --id ${recipe.appId}`;
      const inUse = await clients.azJson<RecipeCredential>(reset);
      const inUseSecret = await withPassword(inUse);
      expect(await clients.pulls(inUseSecret)).toBe(true);
      const replaced = await clients.azJson<RecipeCredential>(reset);
      expect(await clients.pulls(inUseSecret)).toBe(false);
      expect(await clients.pulls(await withPassword(replaced))).toBe(true);
      expect(await clients.pulls(recipe.secret)).toBe(true);
      const listed = await clients.azJson<Array<{ hint: string }>>(
        `ad sp credential list --id ${recipe.appId}`,
      );
      expect(listed.map(({ hint }) => hint)).toEqual([replaced.password.slice(0, 3)]);
    });
  });

  it("signs in to the registry with a token of its own, and skopeo lists with what it was given", async () => {
    const given = await clients.azJson<{ username: string; accessToken: string; loginServer: string }>(
      "acr login --name myregistry --expose-token",
    );
    expect(given.loginServer).toBe(clients.loginServer());
    const creds = `${given.username}:${given.accessToken}`;
    const image = `docker://${given.loginServer}/my-awesome-app`;
    const { code, stderr } = await clients.skopeo(`list-tags --creds ${creds} ${image}`);
    expect(code, stderr).toBe(0);
  });

  describe("beside acr-pull", () => {
    it("shows the login server that the secret holds, and the role that setup granted", async () => {
      const run = await setup(sandbox, ["--secret-name", "seen-by-az"]);
      expect(run.code, run.stderr).toBe(0);
      const loginServer = await clients.az("acr show --name myregistry --query loginServer --output tsv");
      expect(Object.keys(dockerConfigOf(sandbox, "awesomeapps", "seen-by-az").auths)).toEqual([loginServer]);
      const { appId } = run.json.servicePrincipals[0];
      const listed = await clients.azJson<Assignment[]>(`role assignment list --scope ${registryId}`);
      const granted = listed.filter(({ principalName }) => principalName === appId);
      expect(granted).toEqual([
        expect.objectContaining({
          id: run.json.roleAssignments[0].id,
          roleDefinitionName: "AcrPull",
          scope: registryId,
        }),
      ]);
      expect(granted[0]?.condition ?? null).toBeNull();
      const keys = await clients.azJson<unknown[]>(`ad app credential list --id ${appId}`);
      expect(keys).toEqual([expect.objectContaining({ keyId: run.json.credentials[0].keyId })]);
    });

    it("signs setup in, with no password in its environment", async () => {
      const env = { AZURE_CLIENT_ID: undefined, AZURE_CLIENT_SECRET: undefined };
      const run = await setup(sandbox, ["--secret-name", "by-az-login", "--auth", "cli"], { env });
      expect(run.code, run.stderr).toBe(0);
      expect(await clients.pulls(await clients.authFile("by-az-login"))).toBe(true);
      const auto = await setup(sandbox, ["--secret-name", "by-az-login"], { env });
      expect(auto.code, auto.stderr).toBe(0);
      expect(auto.json.secrets).toMatchObject([{ action: "unchanged" }]);
    });

    it("and signed out, leaves setup to say that nobody is signed in", async () => {
      const run = await setup(sandbox, ["--auth", "cli"], {
        env: { AZURE_CONFIG_DIR: await clients.newPath() },
      });
      expect(run.code).toBe(3);
      expect(run.json.error).toMatchObject({ hint: expect.stringContaining("az login") });
    });

    it("finds a colleague's passwords alive after setup, also on the principal that it was told to share", async () => {
      const colleague = await followRecipe("colleague");
      const own = await setup(sandbox, ["-n", "default", "--secret-name", "own"]);
      expect(own.code, own.stderr).toBe(0);
      const shared = await setup(sandbox, [
        "-n",
        "default",
        "--secret-name",
        "shared",
        "--service-principal",
        colleague.appId,
      ]);
      expect(shared.code, shared.stderr).toBe(0);
      expect(shared.json.servicePrincipals).toMatchObject([{ appId: colleague.appId, action: "reused" }]);
      expect(await clients.pulls(await clients.authFile("own", "default"))).toBe(true);
      expect(await clients.pulls(await clients.authFile("shared", "default"))).toBe(true);
      expect(await clients.pulls(colleague.secret)).toBe(true);
    });

    it("kills setup's key by a reset, and the same setup again makes the secret pull", async () => {
      const args = ["-n", "default", "--secret-name", "mended"];
      const first = await setup(sandbox, args);
      expect(await clients.pulls(await clients.authFile("mended", "default"))).toBe(true);
      await clients.az(`ad app credential reset --id ${first.json.servicePrincipals[0].appId}`);
      expect(await clients.pulls(await clients.authFile("mended", "default"))).toBe(false);
      const again = await setup(sandbox, args);
      expect(again.code, again.stderr).toBe(0);
      expect(again.json.credentials).toMatchObject([{ action: "created" }]);
      expect(await clients.pulls(await clients.authFile("mended", "default"))).toBe(true);
    });
  });

  it("names the login of az before the first question of setup, and works by it", async () => {
    const run = await TerminalRun.start(sandbox, ["setup", "--registry", "myregistry", "-n", "default"], {
      columns: 140,
      env: { AZURE_CLIENT_ID: undefined, AZURE_CLIENT_SECRET: undefined, AZURE_TENANT_ID: undefined },
    });
    await run.until(`Signed in as service principal ${sandbox.world.caller.appId}, by the Azure CLI`);
    await run.until("Which clusters");
    run.press("ctrl-c");
    expect(await run.exit()).toBe(130);
  });
});
