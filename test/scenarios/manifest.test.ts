import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretsIn } from "../canary.ts";
import { documentsIn, sealWith, sync } from "../gitops/reconciler.ts";
import { entryOf, livePasswords, runProgram, secretOf, setup, spawnProgram } from "../program.ts";

let sandbox: Sandbox;
let folder: string;
let file: string;
beforeEach(async () => {
  sandbox = await startSandbox();
  folder = await mkdtemp(join(tmpdir(), "acr-pull-manifest-"));
  file = join(folder, "pull.yaml");
});
afterEach(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

const text = () => readFile(file, "utf8");
const manifest = (...args: readonly string[]) => setup(sandbox, ["--manifest", file, ...args]);

/** Keeps Flux and Argo CD from deleting what is not acr-pull's. */
const kept = {
  "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
};

describe("setup with a manifest", () => {
  it("writes a document for each namespace, and nothing to the cluster", async () => {
    const run = await manifest("-n", "awesomeapps", "-n", "default");
    expect(run.code).toBe(0);
    expect(run.json.manifest).toBe(file);
    expect(run.json.secrets.map(({ action }: { action: string }) => action)).toEqual(["created", "created"]);
    const documents = documentsIn(file);
    expect(documents.map(({ kind, metadata }) => [kind, metadata.namespace, metadata.name])).toEqual([
      ["Secret", "awesomeapps", "acr-secret"],
      ["Secret", "default", "acr-secret"],
    ]);
    for (const document of documents) {
      expect(Object.keys(document)).toEqual(["apiVersion", "kind", "metadata", "type", "data"]);
      expect(Object.keys(document.metadata)).toEqual(["name", "namespace", "labels", "annotations"]);
      expect(document.metadata.labels).toEqual({
        "acr-pull/managed": "true",
        "app.kubernetes.io/managed-by": "acr-pull",
      });
      expect(JSON.stringify(document)).not.toContain("null,");
    }
    expect(secretOf(sandbox, "awesomeapps")).toBeUndefined();
    expect(secretOf(sandbox, "default")).toBeUndefined();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["pull.yaml"]);
  });

  it("makes secrets that pull when they are applied", async () => {
    await manifest();
    await sync(sandbox, file);
    expect(entryOf(sandbox)?.password).toBe(livePasswords(sandbox)[0]?.secretText);
    const verify = await runProgram(sandbox, ["verify", "-n", "awesomeapps", "-o", "json"]);
    expect(verify.code).toBe(0);
  });

  it("changes no byte when it is run again, before and after the manifest was applied", async () => {
    await manifest("-n", "awesomeapps", "--service-account", "default");
    const before = await text();
    const again = await manifest("-n", "awesomeapps", "--service-account", "default");
    expect(again.json.secrets[0].action).toBe("unchanged");
    expect(again.json.serviceAccounts[0].action).toBe("unchanged");
    expect(again.json.verification.status).toBe("passed");
    await sync(sandbox, file);
    expect((await manifest("-n", "awesomeapps", "--service-account", "default")).code).toBe(0);
    expect(await text()).toBe(before);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("keeps every byte of what others have in the file", async () => {
    const foreign = [
      "# ours\r\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: awesomeapps} # kept\ndata: {script: |\n   x }\n",
      "---\n{{ template }}: [\n",
      "--- # third\nkind: Secret\nmetadata:\n  name: acr-secret\n  namespace: other\n",
    ].join("");
    await writeFile(file, foreign);
    expect((await manifest()).code).toBe(0);
    expect((await text()).startsWith(foreign)).toBe(true);
    const whole = await text();
    await manifest();
    expect(await text()).toBe(whole);
  });

  it("takes the key that the cluster has already", async () => {
    await setup(sandbox);
    const live = entryOf(sandbox)?.password;
    const run = await manifest();
    expect(run.json.credentials[0].action).toBe("copied");
    expect(documentsIn(file)[0].data[".dockerconfigjson"]).toBe(
      (secretOf(sandbox)?.["data"] as Record<string, string> | undefined)?.[".dockerconfigjson"],
    );
    expect(livePasswords(sandbox).map(({ secretText }) => secretText)).toEqual([live]);
  });

  it("gives another namespace the key that the manifest holds", async () => {
    await manifest();
    const run = await manifest("-n", "awesomeapps", "-n", "default");
    expect(run.json.secrets.map(({ action }: { action: string }) => action)).toEqual([
      "unchanged",
      "created",
    ]);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("names every secret that the service account has, for its list is applied as a whole", async () => {
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "web", namespace: "awesomeapps" },
      imagePullSecrets: [{ name: "others" }],
    });
    await manifest("-n", "awesomeapps", "--service-account", "web");
    expect(documentsIn(file)[1]).toEqual({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "web", namespace: "awesomeapps", annotations: kept },
      imagePullSecrets: [{ name: "others" }, { name: "acr-secret" }],
    });
  });

  it("makes a document for a namespace that is to be made", async () => {
    expect((await manifest("-n", "fresh")).json.error.code).toBe("kubernetes.namespace-not-found");
    expect((await manifest("-n", "fresh", "--create-namespace")).code).toBe(0);
    expect(documentsIn(file)[0]).toEqual({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "fresh", annotations: kept },
    });
    await sync(sandbox, file);
    expect(secretOf(sandbox, "fresh")).toBeDefined();
  });

  it("needs no cluster where its id is given, and reads the manifest back all the same", async () => {
    const env = { KUBECONFIG: "/dev/null" };
    const args = ["--manifest", file, "-n", "awesomeapps"];
    const unnamed = await setup(sandbox, args, { env });
    expect([unnamed.code, unnamed.json.error.code]).toEqual([2, "kubernetes.no-current-context"]);
    const clusterId = sandbox.world.clusters[0]?.objects["namespaces"]?.find(
      ({ metadata }) => metadata.name === "kube-system",
    )?.metadata.uid;
    const run = await setup(sandbox, [...args, "--cluster-id", clusterId ?? ""], { env });
    expect(run.code, run.stderr).toBe(0);
    const before = await text();
    const again = await setup(sandbox, [...args, "--cluster-id", clusterId ?? ""], { env });
    expect(again.json.secrets[0].action).toBe("unchanged");
    await sync(sandbox, file);
    expect((await manifest()).json.secrets[0].action).toBe("unchanged");
    expect(await text()).toBe(before);
    expect(livePasswords(sandbox)).toHaveLength(1);
    const linked = [...args, "--cluster-id", clusterId ?? "", "--service-account", "default"];
    expect((await setup(sandbox, linked, { env })).json.error.code).toBe("manifest.needs-cluster");
  });

  it("writes nothing in a dry run", async () => {
    const run = await manifest("--dry-run");
    expect(run.code).toBe(0);
    expect(await readdir(folder)).toEqual([]);
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it("continues after a run that was killed, and leaves no key behind", async () => {
    const begun = spawnProgram(
      sandbox,
      ["setup", "--registry", "myregistry", "-n", "awesomeapps", "--manifest", file, "--yes", "-v"],
      { started: (kill) => void killWhenMade(kill) },
    );
    await begun;
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(await readdir(folder)).toEqual([".pull.yaml.acr-pull"]);
    expect(await readFile(join(folder, ".pull.yaml.acr-pull"), "utf8")).not.toContain(
      livePasswords(sandbox)[0]?.secretText,
    );
    expect((await manifest()).code).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(await readdir(folder)).toEqual(["pull.yaml"]);
  });

  async function killWhenMade(kill: (signal: NodeJS.Signals) => void) {
    while (livePasswords(sandbox).length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    kill("SIGKILL");
  }

  it("warns of a password that anybody can read, and not of a sealed one", async () => {
    expect((await manifest()).stderr).toContain("in a form that anybody can read");
    const sealed = await manifest("--seal-with", "false");
    expect(sealed.stderr).not.toContain("anybody can read");
  });

  it("refuses to take entries of others out of the cluster's secret", async () => {
    const config = { auths: { "other.example": { username: "u", password: "p" } } };
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "acr-secret", namespace: "awesomeapps" },
      data: { ".dockerconfigjson": Buffer.from(JSON.stringify(config)).toString("base64") },
    });
    const run = await manifest();
    expect(run.code).toBe(2);
    expect(run.json.error).toMatchObject({ code: "manifest.drops-entries" });
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it.each([
    [["--manifest", "-"], "usage.invalid-value"],
    [["--seal-with", "kubeseal"], "usage.conflict"],
    [["--manifest", "x", "--seal-with", "kubeseal | tee"], "usage.invalid-value"],
    [["--manifest", "/dev/null"], "manifest.unreadable"],
    [["--manifest", "/no-such-folder/x.yaml"], "manifest.unwritable"],
    [["--manifest", "/no-such-folder/x/"], "manifest.unwritable"],
    [["--manifest", "x", "--context", "sandbox", "--context", "sandbox-staging"], "usage.conflict"],
  ])("refuses %j", async (args, code) => {
    const run = await setup(sandbox, args);
    expect([run.code, run.json.error.code]).toEqual([2, code]);
  });
});

describe("setup with a manifest that is sealed", () => {
  const seal = (...args: readonly string[]) => manifest("--seal-with", sealWith, ...args);

  it("writes what the command answers, and the password nowhere", async () => {
    const log = join(folder, "log");
    const run = await setup(sandbox, ["--manifest", file, "--seal-with", sealWith], {
      env: { SEALER_LOG: log },
    });
    expect(run.code).toBe(0);
    expect(documentsIn(file).map(({ kind }) => kind)).toEqual(["SealedSecret"]);
    for (const name of await readdir(folder)) {
      const told = secretsIn(await readFile(join(folder, name), "utf8"), sandbox);
      // The log holds the environment of the command, which contains the user's own variables.
      expect(told.filter((what) => !what.includes("sandbox-caller"))).toEqual([]);
    }
    await sync(sandbox, file);
    expect(entryOf(sandbox)?.password).toBe(livePasswords(sandbox)[0]?.secretText);
  });

  it("changes no byte when it is run again, before and after it was applied", async () => {
    await seal();
    const before = await text();
    const again = await seal();
    expect(again.json.secrets[0].action).toBe("unchanged");
    expect(again.json.verification).toMatchObject({ status: "skipped", reason: "sealed" });
    expect(again.json.credentials[0]).toMatchObject({ action: "unchanged" });
    await sync(sandbox, file);
    const applied = await seal();
    expect(applied.json.verification.status).toBe("passed");
    expect(await text()).toBe(before);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("gives another namespace the password as soon as the cluster holds it", async () => {
    await seal();
    const early = await seal("-n", "awesomeapps", "-n", "default");
    expect([early.code, early.json.error.code]).toEqual([2, "manifest.sealed"]);
    await sync(sandbox, file);
    const run = await seal("-n", "awesomeapps", "-n", "default");
    expect(run.json.secrets.map(({ action }: { action: string }) => action)).toEqual([
      "unchanged",
      "created",
    ]);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("seals a document that was readable", async () => {
    await manifest();
    const run = await seal();
    expect(run.code).toBe(0);
    expect(documentsIn(file).map(({ kind }) => kind)).toEqual(["SealedSecret"]);
    expect(secretsIn(await text(), sandbox)).toEqual([]);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("makes another key when the one that is sealed is gone", async () => {
    await seal();
    const [key] = livePasswords(sandbox);
    key!.removedAt = Date.now();
    const run = await seal();
    expect(run.json.credentials[0].action).toBe("created");
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it.each([
    ["cat", "manifest.not-sealed"],
    ["false", "manifest.seal-failed"],
    ["true", "manifest.seal-failed"],
    ["no-such-command", "manifest.seal-failed"],
  ])("makes no key when %s does not seal", async (command, code) => {
    const run = await manifest("--seal-with", command);
    expect([run.code, run.json.error.code]).toEqual([2, code]);
    expect(livePasswords(sandbox)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses a document whose annotations SOPS has encrypted too, and names the expression", async () => {
    await writeFile(
      file,
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: acr-secret\n  namespace: awesomeapps\n  annotations:\n    acr-pull/entries: ENC[AES256_GCM,data:x,type:str]\ndata: {}\nsops: {mac: x}\n",
    );
    const run = await seal();
    expect([run.code, run.json.error.code]).toEqual([2, "manifest.marks-sealed"]);
    expect(run.json.error.hint).toContain("--encrypted-regex '^(data|stringData)$'");
  });
});
