import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { setup, type Run } from "../program.ts";
import { Clients } from "./clients.ts";
import { lacks } from "./peer.ts";

describe.skipIf(lacks("kubectl"))("kubectl and the secret that setup wrote (needs kubectl)", () => {
  let sandbox: Sandbox;
  let clients: Clients;
  let run: Run;

  beforeAll(async () => {
    sandbox = await startSandbox({
      clusters: [
        {
          context: "sandbox",
          users: [
            {
              context: "reader",
              rules: [{ verbs: ["get"], resources: ["secrets"], namespaces: ["awesomeapps"] }],
            },
          ],
        },
      ],
    });
    clients = await Clients.of(sandbox);
    run = await setup(sandbox, ["--service-account", "default"]);
  });
  afterAll(async () => {
    await sandbox.close();
  });

  const path = async (jsonpath: string, object = "secret acr-secret") =>
    clients.kubectl(`get ${object} -n awesomeapps -o jsonpath=${jsonpath}`);

  it("shows its type, labels and marks", async () => {
    expect(run.code, run.stderr).toBe(0);
    expect(await path("{.type}")).toBe("kubernetes.io/dockerconfigjson");
    expect(JSON.parse(await path("{.metadata.labels}"))).toEqual({
      "acr-pull/managed": "true",
      "app.kubernetes.io/managed-by": "acr-pull",
    });
    const { clusterId, appId, keyId, expiresAt } = run.json.credentials[0];
    expect(JSON.parse(await path("{.metadata.annotations.acr-pull/entries}"))).toEqual({
      [clients.loginServer()]: {
        registry: run.json.registry.id,
        appId,
        keyId,
        expiresAt,
        role: "acrpull",
        clusterId,
      },
    });
  });

  it("shows the UID of kube-system as the cluster id", async () => {
    expect(await path("{.metadata.uid}", "namespace kube-system")).toBe(run.json.credentials[0].clusterId);
  });

  it("lists it in a table, by its label", async () => {
    const [head, ...rows] = (
      await clients.kubectl("get secrets --all-namespaces -l acr-pull/managed=true")
    ).split("\n");
    expect(head?.split(/\s+/)).toEqual(["NAMESPACE", "NAME", "TYPE", "DATA", "AGE"]);
    expect(rows.map((row) => row.split(/\s+/).slice(0, 4))).toEqual([
      ["awesomeapps", "acr-secret", "kubernetes.io/dockerconfigjson", "1"],
    ]);
  });

  it("shows it among the service account's pull secrets", async () => {
    expect(JSON.parse(await path("{.imagePullSecrets}", "serviceaccount default"))).toEqual([
      { name: "acr-secret" },
    ]);
  });

  it("never shows the password when it describes it", async () => {
    const described = await clients.kubectl("describe secret acr-secret -n awesomeapps");
    expect(described).toMatch(/\.dockerconfigjson:\s+\d+ bytes/);
  });

  it("is told who may write it", async () => {
    const may = async (verb: string, context: string) =>
      (await clients.tryKubectl(`auth can-i ${verb} secrets -n awesomeapps --context ${context}`)).stdout;
    expect([await may("patch", "sandbox"), await may("get", "reader"), await may("patch", "reader")]).toEqual(
      ["yes\n", "yes\n", "no\n"],
    );
  });
});
