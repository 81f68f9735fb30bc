import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { programPath, runProgram, type ResultDocument } from "../program.ts";
import { lacks } from "./peer.ts";

/** What a user types inside the sandbox. The results are in files in $OUT. */
const script = String.raw`
bytes() { kubectl get secret acr-secret -n awesomeapps -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d; }

acr-pull setup --registry myregistry -n awesomeapps -y -o json > "$OUT/first.json"
kubectl get secret acr-secret -n awesomeapps -o json > "$OUT/secret.json"
bytes > "$OUT/auth.json"
LOGIN_SERVER=$(bytes | grep -o 'localhost:[0-9]*' | head -n 1)
skopeo list-tags --authfile "$OUT/auth.json" "docker://$LOGIN_SERVER/my-awesome-app" > "$OUT/tags.json"
if skopeo list-tags --creds "$AZURE_CLIENT_ID:another" "docker://$LOGIN_SERVER/my-awesome-app" 2> "$OUT/refusal"
then exit 90
fi
acr-pull setup --registry myregistry -n awesomeapps -y -o json > "$OUT/again.json"
kubectl get secret acr-secret -n awesomeapps -o json > "$OUT/secret-again.json"
kubectl acr-pull setup --registry abacregistry -n awesomeapps -y -o json > "$OUT/second.json"
bytes > "$OUT/merged.json"
for SERVER in $(grep -o 'localhost:[0-9]*' "$OUT/merged.json" | sort -u)
do skopeo list-tags --authfile "$OUT/merged.json" "docker://$SERVER/my-awesome-app" >> "$OUT/both"
done
exit 7
`;

describe.skipIf(lacks("kubectl", "skopeo"))(
  "a script inside `acr-pull sandbox -- sh -c …` (needs kubectl, skopeo)",
  () => {
    let folder = "";
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "acr-pull-script-"));
    });
    afterAll(async () => {
      await rm(folder, { recursive: true });
    });

    const text = (name: string) => readFile(join(folder, name), "utf8");
    const json = async (name: string): Promise<ResultDocument> => JSON.parse(await text(name));

    it("sets up, pulls, changes nothing the second time and, as a plugin of kubectl, merges a second registry", async () => {
      const run = await runProgram(undefined, ["sandbox", "--", "sh", "-euc", script], {
        env: { OUT: folder },
      });
      expect(run.code, run.stderr).toBe(7);

      const first = await json("first.json");
      expect(first).toMatchObject({ schemaVersion: 1, command: "setup", ok: true, exitCode: 0 });
      expect(first.secrets).toMatchObject([{ namespace: "awesomeapps", action: "created" }]);
      expect(await json("secret.json")).toMatchObject({
        type: "kubernetes.io/dockerconfigjson",
        metadata: {
          labels: { "acr-pull/managed": "true" },
          annotations: { "acr-pull/entries": expect.stringContaining(first.credentials[0].keyId as string) },
        },
      });
      expect(await json("tags.json")).toMatchObject({ Tags: ["v1"] });
      expect(await text("refusal")).toMatch(/Invalid clientid|unauthorized/i);

      const again = await json("again.json");
      expect(again.credentials[0].keyId).toBe(first.credentials[0].keyId);
      const { servicePrincipals, roleAssignments, credentials, secrets } = again;
      for (const { action } of [...servicePrincipals, ...roleAssignments, ...credentials, ...secrets]) {
        expect(action).toBe("unchanged");
      }
      expect(await json("secret-again.json")).toEqual(await json("secret.json"));

      const second = await json("second.json");
      expect(second.secrets).toMatchObject([{ action: "updated" }]);
      expect(second.roleAssignments).toMatchObject([{ role: "Container Registry Repository Reader" }]);
      const merged = await json("merged.json");
      expect(Object.keys(merged.auths).sort()).toEqual(
        [first.registry.loginServer, second.registry.loginServer].sort(),
      );
      expect((await text("both")).match(/"v1"/g)).toHaveLength(2);
    });
  },
);

it.skipIf(lacks("docker-registry"))(
  "takes its real registries along when it is killed (needs docker-registry)",
  async () => {
    const temporary = await mkdtemp(join(tmpdir(), "acr-pull-killed-"));
    const registries = async () =>
      (await readdir(temporary)).filter((name) => name.startsWith("acr-pull-registry-"));
    const child = spawn(process.execPath, [programPath, "sandbox", "--registry-server", "docker-registry"], {
      env: { ...process.env, TMPDIR: temporary },
    });
    for await (const chunk of child.stderr) {
      if (String(chunk).includes("Ctrl-C ends the sandbox")) break;
    }
    expect(await registries()).toHaveLength(2);
    child.kill("SIGKILL");
    // A folder is removed only after the process that writes to it has ended.
    await vi.waitFor(async () => expect(await registries()).toEqual([]), { timeout: 10_000 });
    await rm(temporary, { recursive: true });
  },
);
