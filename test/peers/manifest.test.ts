// @peculiar/x509 resolves its algorithms through decorators. They need a reflection polyfill that it does not bring.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { X509CertificateGenerator } from "@peculiar/x509";
import { dump, load } from "js-yaml";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { succeed } from "./clients.ts";
import { applyIn, kubectlIn, lifeByManifest, namespaces, programIn, type Place } from "./manifest-life.ts";
import { lacks } from "./peer.ts";
import { clusterPeers, startCluster, type RealCluster } from "./real-cluster.ts";

/** A way to seal documents, and what the controller in the cluster makes of one. */
interface Sealing {
  readonly args: readonly string[];
  readonly opened: (file: string) => Promise<string>;
}

const plain = async (): Promise<Sealing> => ({ args: [], opened: (file) => readFile(file, "utf8") });

/** kubeseal, with a key pair such as its controller has. */
async function kubeseal(folder: string): Promise<Sealing> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048 };
  const publicExponent = new Uint8Array([1, 0, 1]);
  const keys = await webcrypto.subtle.generateKey({ ...algorithm, publicExponent }, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=sealed-secrets",
    keys,
    notAfter: new Date(Date.now() + 86_400_000),
  });
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  await writeFile(cert, certificate.toString("pem"));
  await writeFile(
    key,
    `-----BEGIN PRIVATE KEY-----\n${pkcs8.replaceAll(/.{64}/g, "$&\n").trimEnd()}\n-----END PRIVATE KEY-----\n`,
  );
  return {
    args: ["--seal-with", `kubeseal --format yaml --cert '${cert}'`],
    async opened(file) {
      const words = ["--recovery-unseal", "--recovery-private-key", key, "--format", "yaml"];
      const text = await succeed("kubeseal", words, {}, await readFile(file, "utf8"));
      // oxlint-disable-next-line typescript/no-explicit-any
      const secret = load(text) as any;
      // The controller names the SealedSecret in the cluster as the owner. There is none here.
      delete secret.metadata.ownerReferences;
      return dump(secret);
    },
  };
}

/** sops with an age key. */
async function sops(folder: string): Promise<Sealing> {
  const key = join(folder, "age.txt");
  await succeed("age-keygen", ["-o", key], {});
  const recipient = await succeed("age-keygen", ["-y", key], {});
  const how = "encrypt --input-type yaml --output-type yaml --filename-override pull.yaml";
  return {
    args: ["--seal-with", `sops ${how} --age ${recipient} --encrypted-regex '^(data|stringData)$'`],
    // The tests move the end of the grace period, which is not encrypted but is covered by the MAC.
    opened: (file) => succeed("sops", ["decrypt", "--ignore-mac", file], { SOPS_AGE_KEY_FILE: key }),
  };
}

function inPlace(place: () => Place): void {
  it.each([["--server-side"], ["--server-side=false"]])(
    "kubectl apply %s takes it as it is, and kubectl diff shows nothing",
    async (side) => {
      const file = join(await mkdtemp(join(place().sandbox.folder, "manifest-")), "pull.yaml");
      const args = ["setup", "--registry", "myregistry", ...namespaces.flatMap((one) => ["-n", one])];
      args.push(
        "--secret-name",
        `applied-${side.length}`,
        "--service-account",
        "default",
        "--manifest",
        file,
      );
      const run = await programIn(place(), [...args, "--yes"]);
      expect(run.code, run.stderr).toBe(0);
      const how = [side, "--field-manager", "tests", "-f", file];
      const applied = await kubectlIn(place(), ["apply", ...how]);
      expect(applied.code, applied.stderr).toBe(0);
      expect(await kubectlIn(place(), ["diff", ...how])).toMatchObject({
        code: 0,
        stdout: "",
      });
      const text = await readFile(file, "utf8");
      const again = await programIn(place(), [...args, "--yes"]);
      expect(again.json.secrets.map(({ action }: { action: string }) => action)).toEqual([
        "unchanged",
        "unchanged",
      ]);
      expect(await readFile(file, "utf8")).toBe(text);
    },
  );

  it.each([
    ["as readable documents", plain],
    ["sealed by kubeseal", kubeseal],
    ["encrypted by sops", sops],
  ])("a password is set up, rotated and retired %s, and no pull fails", async (_how, sealing) => {
    const { args, opened } = await sealing(await mkdtemp(join(place().sandbox.folder, "sealing-")));
    const states = await lifeByManifest(place(), {
      args,
      async apply(files, applied) {
        for (const file of files) {
          await applyIn(place(), await opened(file));
          await applied();
        }
      },
    });
    expect(states).toEqual(["ok", "ok"]);
  });
}

const sealers = ["kubectl", "kubeseal", "sops", "age-keygen"] as const;

describe.skipIf(lacks(...sealers))(
  "a manifest, kubectl and the sandbox (needs kubectl, kubeseal, sops, age-keygen)",
  () => {
    let sandbox: Sandbox;
    beforeEach(async () => {
      sandbox = await startSandbox({ checkInvariants: true });
    });
    afterEach(async () => {
      await sandbox.close();
      if (sandbox.violations.length > 0) throw new Error(JSON.stringify(sandbox.violations));
    });
    inPlace(() => ({ sandbox, kubeconfig: sandbox.kubeconfigPath, secrets: [] }));
  },
);

describe.skipIf(lacks(...clusterPeers, ...sealers))(
  "a manifest, kubectl and Kubernetes' own API server (needs etcd, kube-apiserver, kube-controller-manager, kubectl, kubeseal, sops, age-keygen)",
  () => {
    let sandbox: Sandbox;
    let real: RealCluster;
    beforeAll(async () => {
      real = await startCluster();
      await real.api("POST", "/api/v1/namespaces", { metadata: { name: "awesomeapps" } });
    }, 120_000);
    afterAll(() => real.close());
    beforeEach(async () => {
      sandbox = await startSandbox();
    });
    afterEach(async () => {
      await sandbox.close();
      for (const namespace of namespaces) {
        await real.api("DELETE", `/api/v1/namespaces/${namespace}/secrets`);
      }
    });
    inPlace(() => ({ sandbox, kubeconfig: real.admin.kubeconfigPath, secrets: [real.admin.token] }));
  },
);
