import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { azureCliAppId, issueToken, resourceManagerAudiences } from "../src/sandbox/entra/token.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";

/** An `az` in which the sandbox's first person is signed in: it hands out tokens, and knows nothing else. */
export interface AzOfAPerson {
  /** Variables that let the program find it, and nothing else to sign in with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Signs the person in again, as `az login` does. */
  logIn(multiFactor: boolean): Promise<void>;
}

/** Makes one, in which nobody is signed in yet. */
export async function azOfAPerson(sandbox: Sandbox): Promise<AzOfAPerson> {
  const { world } = sandbox;
  const folder = await mkdtemp(join(sandbox.folder, "az-"));
  const az = join(folder, "az");
  await writeFile(
    az,
    `#!/bin/sh\ncase "$*" in "cloud show"*) echo ${world.azureUrl};; *localhost*) cat ${folder}/graph;; *) cat ${folder}/arm;; esac\n`,
  );
  await chmod(az, 0o755);
  const [record] = world.users;
  if (!record) throw new Error("the tenant has no member");
  const [arm] = resourceManagerAudiences;
  const audiences = { arm, graph: "https://graph.microsoft.com/" };
  return {
    env: {
      AZURE_TENANT_ID: undefined,
      AZURE_CLIENT_ID: undefined,
      AZURE_CLIENT_SECRET: undefined,
      PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`,
    },
    async logIn(multiFactor) {
      for (const [file, audience] of Object.entries(audiences)) {
        const scope = "Application.ReadWrite.All Directory.AccessAsUser.All user_impersonation";
        const grant = { kind: "user", record, clientId: azureCliAppId, scope } as const;
        const accessToken = await issueToken(world, { audience, subject: { ...grant, multiFactor } });
        const answer = JSON.stringify({ accessToken, expires_on: Math.floor(Date.now() / 1000) + 3600 });
        await writeFile(join(folder, file), answer);
      }
    },
  };
}
