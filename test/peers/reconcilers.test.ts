import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { succeed } from "./clients.ts";
import {
  applyIn,
  lifeByManifest,
  namespaces,
  programIn,
  type Delivery,
  type Place,
} from "./manifest-life.ts";
import { lacks, lacksRoot } from "./peer.ts";
import { clusterPeers, startCluster, type RealCluster } from "./real-cluster.ts";
import { reconcilerPeers, startFlux, startSealedSecrets } from "./reconcilers.ts";

const clients = ["kubectl", "kubeseal", "sops", "age-keygen"] as const;

describe.skipIf(lacks(...clusterPeers, ...reconcilerPeers, ...clients) || lacksRoot())(
  "secrets that a controller makes from Git (needs root, etcd, kube-apiserver, kube-controller-manager, the controllers of Flux and Sealed Secrets, kubectl, kubeseal, sops, age-keygen)",
  () => {
    let real: RealCluster;
    let sandbox: Sandbox;
    const deliveries = new Map<string, Delivery>();
    const place = (): Place => ({
      sandbox,
      kubeconfig: real.admin.kubeconfigPath,
      secrets: [real.admin.token],
    });
    beforeAll(async () => {
      real = await startCluster();
      await real.api("POST", "/api/v1/namespaces", { metadata: { name: "awesomeapps" } });
      const sealed = await startSealedSecrets(real);
      deliveries.set("Sealed Secrets", {
        args: ["--seal-with", `kubeseal --format yaml --cert '${sealed.certificatePath}'`],
        async apply(files, applied) {
          for (const file of files) {
            await applyIn(place(), await readFile(file, "utf8"));
            await sealed.settle(namespaces);
            await applied();
          }
        },
      });
      const key = join(real.folder, "age.txt");
      await succeed("age-keygen", ["-o", key], {});
      const recipient = await succeed("age-keygen", ["-y", key], {});
      const flux = await startFlux(real, await readFile(key, "utf8"));
      const rules = join(real.folder, "sops.yaml");
      // The tests move the end of the grace period, which is not encrypted: the MAC may not cover it.
      const rule = { age: recipient, encrypted_regex: "^(data|stringData)$", mac_only_encrypted: true };
      await writeFile(rules, JSON.stringify({ creation_rules: [rule] }));
      const how = "encrypt --input-type yaml --output-type yaml --filename-override pull.yaml";
      deliveries.set("Flux", {
        args: ["--seal-with", `sops --config '${rules}' ${how}`],
        async apply([file = ""], applied) {
          await flux.apply(dirname(file));
          await applied();
        },
      });
    }, 120_000);
    afterAll(() => real.close());
    beforeEach(async () => {
      sandbox = await startSandbox();
    });
    afterEach(async () => {
      await sandbox.close();
      for (const namespace of namespaces) {
        await real.api("DELETE", `/apis/bitnami.com/v1alpha1/namespaces/${namespace}/sealedsecrets`);
        await real.api("DELETE", `/api/v1/namespaces/${namespace}/secrets`);
      }
    });

    it.each([
      ["Sealed Secrets", "Sealed Secrets (SealedSecret awesomeapps/acr-secret)"],
      ["Flux", "Flux (Kustomization flux-system/pull)"],
    ])("made by %s: a password is set up, rotated and retired, and no pull fails", async (name, by) => {
      const delivery = deliveries.get(name);
      if (!delivery) throw new TypeError(name);
      expect(await lifeByManifest(place(), delivery)).toEqual(["ok", "ok"]);
      const verified = await programIn(place(), ["verify", "-n", "awesomeapps"]);
      expect(verified.code, verified.stderr).toBe(0);

      const writes = await real.writesDuring(async () => {
        for (const [command = "", ...args] of [
          ["setup", "--registry", "myregistry", "-n", "awesomeapps", "--expires-in", "90d"],
          ["rotate"],
          ["remove", "--registry", "myregistry"],
        ]) {
          const run = await programIn(place(), [command, ...args, "--yes"]);
          expect([command, run.code, run.json.error?.code]).toEqual([command, 2, "secret.reconciled"]);
          expect(run.json.error.message).toContain(`is written by ${by}`);
        }
      });
      expect(writes).toEqual([]);
    });

    it("applied by Flux: the document of a service account keeps its other pull secrets, and the account when it goes", async () => {
      const account = "/api/v1/namespaces/awesomeapps/serviceaccounts";
      const of = { name: "web", labels: { team: "web" } };
      await real.api("POST", account, { metadata: of, imagePullSecrets: [{ name: "theirs" }] });
      const folder = await mkdtemp(join(sandbox.folder, "manifest-"));
      const { args = [], apply } = deliveries.get("Flux") ?? {};
      const setup = ["setup", "--registry", "myregistry", "-n", "awesomeapps", "--service-account", "web"];
      const run = await programIn(place(), [...setup, "--manifest", folder, ...args, "--yes"]);
      expect(run.code, run.stderr).toBe(0);
      await apply?.([join(folder, "any")], async () => {});
      const { body } = await real.api("GET", `${account}/web`);
      expect(body.imagePullSecrets).toEqual([{ name: "theirs" }, { name: "acr-secret" }]);
      expect(body.metadata.labels).toMatchObject({ team: "web" });
      const again = await programIn(place(), [...setup, "--manifest", folder, ...args, "--yes"]);
      expect(again.json.serviceAccounts).toMatchObject([{ action: "unchanged" }]);

      // Flux deletes what is no longer in Git.
      await apply?.([join(await mkdtemp(join(sandbox.folder, "empty-")), "any")], async () => {});
      const gone = await real.api("GET", "/api/v1/namespaces/awesomeapps/secrets/acr-secret");
      expect([gone.status, (await real.api("GET", `${account}/web`)).status]).toEqual([404, 200]);
    });
  },
);
