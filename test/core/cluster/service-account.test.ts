import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WritableCluster } from "../../../src/core/ports.ts";
import { ensureLink, rehearseUnlink, removeLink } from "../../../src/core/cluster/service-account.ts";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { openClusters } from "../choices/sandboxed-clusters.ts";

const { signal } = new AbortController();
const namespace = "apps";
const account = (name: string, ...secrets: string[]) => ({
  apiVersion: "v1",
  kind: "ServiceAccount" as const,
  metadata: { name, namespace },
  imagePullSecrets: secrets.map((secret) => ({ name: secret })),
});

let sandbox: Sandbox;
let cluster: WritableCluster;
beforeAll(async () => {
  const objects = [
    account("builder", "second", "first"),
    account("linked", "acr-secret"),
    account("raced", "theirs"),
    account("leaving", "first", "acr-secret", "second", "acr-secret"),
  ];
  sandbox = await startSandbox({ clusters: [{ context: "blue", namespaces: [namespace], objects }] });
  [cluster] = (await openClusters(sandbox, "blue")) as [WritableCluster];
});
afterAll(() => sandbox.close());

const clock = { now: () => new Date(), sleep: () => Promise.reject(new Error("nothing is waited for")) };
const link = (name: string, through: WritableCluster = cluster) =>
  ensureLink({ cluster: through, namespace, account: name, secretName: "acr-secret" }, clock, signal);
const secretsOf = async (name: string) =>
  (await cluster.findServiceAccount(namespace, name, signal))?.imagePullSecrets;

describe("a service account whose pods shall use the pull secret", () => {
  it("gets it at the end of its list, whose other entries and order stay", async () => {
    expect(await link("builder")).toBe("updated");
    expect(await secretsOf("builder")).toEqual(["second", "first", "acr-secret"]);
  });

  it("that has it already is not written", async () => {
    const before = sandbox.requests.mutating().length;
    expect(await link("linked")).toBe("unchanged");
    expect(sandbox.requests.mutating()).toHaveLength(before);
  });

  it("keeps what somebody adds to its list between the look and the write", async () => {
    let raced = false;
    const racing: Pick<WritableCluster, "findServiceAccount" | "patchServiceAccount"> = {
      async findServiceAccount(...where) {
        const found = await cluster.findServiceAccount(...where);
        if (found && !raced) {
          raced = true;
          const secrets = [...found.imagePullSecrets, "meanwhile"];
          await cluster.patchServiceAccount(found, secrets, signal);
        }
        return found;
      },
      patchServiceAccount: (...change) => cluster.patchServiceAccount(...change),
    };
    expect(await link("raced", racing as WritableCluster)).toBe("updated");
    expect(await secretsOf("raced")).toEqual(["theirs", "meanwhile", "acr-secret"]);
  });
});

describe("a service account whose pods shall use the pull secret no more", () => {
  const planned = (name: string) => ({ cluster, namespace, account: name, secretName: "acr-secret" });
  const unlink = (name: string) => removeLink(planned(name), signal);

  it("loses it, however often it stands there; other entries and their order stay", async () => {
    await rehearseUnlink(planned("leaving"), signal);
    expect(await secretsOf("leaving")).toEqual(["first", "acr-secret", "second", "acr-secret"]);
    expect(await unlink("leaving")).toBe("updated");
    expect(await secretsOf("leaving")).toEqual(["first", "second"]);
  });

  it("that has it no more, or is gone, is not written", async () => {
    const before = sandbox.requests.mutating().length;
    expect([await unlink("leaving"), await unlink("ghost")]).toEqual(["unchanged", "unchanged"]);
    expect(sandbox.requests.mutating()).toHaveLength(before);
  });
});
