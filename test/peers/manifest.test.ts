// @peculiar/x509 resolves its algorithms through decorators. They need a reflection polyfill that it does not bring.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { X509CertificateGenerator } from "@peculiar/x509";
import { dump, load } from "js-yaml";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely, secretsIn } from "../canary.ts";
import { keyIds, signsIn } from "../scenarios/rotation.ts";
import { runClient, succeed } from "./clients.ts";
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

/** Somewhere to apply a manifest. */
interface Place {
  readonly sandbox: Sandbox;
  readonly kubeconfig: string;
  readonly secrets: readonly string[];
}

const namespaces = ["awesomeapps", "default"];

function inPlace(place: () => Place): void {
  const kubectl = (words: readonly string[], input = "") =>
    runClient("kubectl", words, { KUBECONFIG: place().kubeconfig, HOME: place().sandbox.folder }, input);
  const program = async (args: readonly string[]) => {
    const { sandbox, kubeconfig, secrets } = place();
    const all = [...args, "--yes", "-o", "json"];
    return runSafely(sandbox, all, { env: { KUBECONFIG: kubeconfig }, secrets });
  };
  const newFolder = () => mkdtemp(join(place().sandbox.folder, "manifest-"));

  it.each([["--server-side"], ["--server-side=false"]])(
    "kubectl apply %s takes it as it is, and kubectl diff shows nothing",
    async (side) => {
      const file = join(await newFolder(), "pull.yaml");
      const args = ["setup", "--registry", "myregistry", ...namespaces.flatMap((one) => ["-n", one])];
      args.push(
        "--secret-name",
        `applied-${side.length}`,
        "--service-account",
        "default",
        "--manifest",
        file,
      );
      const run = await program(args);
      expect(run.code, run.stderr).toBe(0);
      const applied = await kubectl(["apply", side, "--field-manager", "tests", "-f", file]);
      expect(applied.code, applied.stderr).toBe(0);
      expect(await kubectl(["diff", side, "--field-manager", "tests", "-f", file])).toMatchObject({
        code: 0,
        stdout: "",
      });
      const text = await readFile(file, "utf8");
      const again = await program(args);
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
    const { sandbox } = place();
    const folder = await newFolder();
    const manifest = join(folder, "pull");
    await mkdir(manifest);
    const { args: seal, opened } = await sealing(folder);
    const name = "acr-secret";
    const where = ["--manifest", manifest, ...seal];
    const setup = ["setup", "--registry", "myregistry", "--secret-name", name, ...where];
    setup.push(...namespaces.flatMap((one) => ["-n", one]));
    const rotate = ["rotate", "--secret-name", name, "--settle", "0s", ...where];
    const files = async () => (await readdir(manifest)).map((file) => join(manifest, file));

    /** Every credential that the nodes can read in the cluster has to work. */
    async function expectPulls(): Promise<void> {
      for (const namespace of namespaces) {
        const { code, stdout } = await kubectl(["get", "secret", name, "-n", namespace, "-o", "json"]);
        if (code !== 0) continue;
        const data = JSON.parse(stdout).data[".dockerconfigjson"];
        const { auths } = JSON.parse(Buffer.from(data, "base64").toString("utf8"));
        const keys = sandbox.world.applications.flatMap(({ passwords }) => passwords);
        for (const { password } of Object.values<{ password: string }>(auths)) {
          const key = keys.find(({ secretText }) => secretText === password);
          expect(signsIn(sandbox, key?.keyId ?? "")).toBe(true);
        }
      }
    }
    async function apply(): Promise<void> {
      for (const file of await files()) {
        const applied = await kubectl(["apply", "--server-side", "-f", "-"], await opened(file));
        expect(applied.code, applied.stderr).toBe(0);
        await expectPulls();
      }
      if (seal.length === 0) return;
      for (const file of await files()) expect(secretsIn(await readFile(file, "utf8"), sandbox)).toEqual([]);
    }
    async function step(args: readonly string[]) {
      const run = await program(args);
      expect(run.code, run.stderr).toBe(0);
      await expectPulls();
      return run.json;
    }

    const made = await program(setup);
    expect(made.code, made.stderr).toBe(0);
    const owner = "# Owner: platform\n";
    for (const file of await files())
      await writeFile(file, (await readFile(file, "utf8")).replace("---\n", `---\n${owner}`));
    await apply();
    const texts = await Promise.all((await files()).map((file) => readFile(file, "utf8")));
    expect((await step(setup)).credentials[0].action).toBe("unchanged");
    expect(await Promise.all((await files()).map((file) => readFile(file, "utf8")))).toEqual(texts);

    const old = made.json.credentials[0].keyId;
    const [begun] = (await step(rotate)).rotations;
    expect([begun.state, begun.replaced]).toEqual(["pending", old]);
    await apply();
    for (const file of await files()) {
      const past = `${new Date(Date.now() - 60_000).toISOString().slice(0, 19)}Z`;
      await writeFile(file, (await readFile(file, "utf8")).replaceAll(/("after":")[^"]+/g, `$1${past}`));
    }
    await apply();
    const [cleaned] = (await step([...rotate, "--finish"])).rotations;
    expect([cleaned.retired, cleaned.retireBlocked]).toEqual([false, "not-applied"]);
    await apply();
    const [finished] = (await step([...rotate, "--finish"])).rotations;
    expect([finished.state, finished.retired, finished.keyId]).toEqual(["rotated", true, begun.keyId]);
    expect([keyIds(sandbox).includes(old), signsIn(sandbox, old)]).toEqual([false, false]);
    await apply();
    for (const file of await files()) expect(await readFile(file, "utf8")).toMatch(owner);
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
