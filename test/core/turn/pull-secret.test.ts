import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WritableCluster } from "../../../src/core/ports.ts";
import {
  changeFor,
  readEntryBack,
  writeEntry,
  type DesiredEntry,
} from "../../../src/core/turn/write-entry.ts";
import { judgeTarget, type TargetState } from "../../../src/core/turn/pull-secret.ts";
import { readTarget, type Target, type Writable } from "../../../src/core/cluster/read-targets.ts";
import {
  dockerConfigKey,
  emptyDockerConfig,
  formatDockerConfig,
  parseDockerConfig,
  withCredential,
  type PullCredential,
} from "../../../src/domain/docker-config.ts";
import type { SecretChange } from "../../../src/domain/kubernetes-objects.ts";
import { formatMarks, type PendingMark } from "../../../src/domain/ownership.ts";
import type { PullSecret } from "../../../src/domain/pull-secret.ts";
import { SecretText } from "../../../src/domain/secret-text.ts";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { openClusters } from "../choices/sandboxed-clusters.ts";

const { signal } = new AbortController();
const loginServer = "myregistry.azurecr.io";
const policy = { loginServer, adopt: false, createNamespace: false };
const credential = (password: string): PullCredential => ({
  username: "id",
  password: new SecretText(password),
});
const mark = (keyId: string) => ({ registry: "/r", clusterId: "c", keyId });
const desired: DesiredEntry = {
  loginServer,
  credential: credential("new"),
  mark: mark("new"),
  closes: undefined,
};

/** The data and marks of a secret that holds one key. */
function holding(keyId: string, pending?: PendingMark): SecretChange {
  const config = withCredential(emptyDockerConfig, loginServer, credential(keyId));
  return {
    labels: { "acr-pull/managed": "true" },
    annotations: {
      "acr-pull/entries": formatMarks({ [loginServer]: { ...mark(keyId), ...(pending && { pending }) } }),
    },
    data: { [dockerConfigKey]: formatDockerConfig(config) },
  };
}

it("an entry under a host in capitals, which no kubelet takes for the same, is written anew", () => {
  const config = {
    auths: {
      [loginServer.toUpperCase()]: withCredential(emptyDockerConfig, loginServer, credential("new")).auths[
        loginServer
      ],
    },
  };
  const marks = { [loginServer]: mark("new") };
  const labels = { "acr-pull/managed": "true" };
  const secret = { labels, annotations: {}, data: {} } as unknown as PullSecret;
  const held = { credential: credential("new"), second: undefined, mark: marks[loginServer] };
  const change = changeFor({ kind: "present", secret, config, marks, sealed: false, ...held }, desired);
  const written = parseDockerConfig(change?.data?.[dockerConfigKey]);
  expect(Object.keys(written.auths)).toEqual([loginServer]);
});

let sandbox: Sandbox;
let cluster: WritableCluster;
let target: Writable<Target>;
/** The secret as the look saw it, with the key `old` in it. */
let seen: TargetState;
beforeEach(async () => {
  sandbox = await startSandbox({ clusters: [{ context: "blue", namespaces: ["apps"] }] });
  [cluster] = (await openClusters(sandbox, "blue")) as [WritableCluster];
  target = { cluster, namespace: "apps", name: "acr-secret" };
  const type = "kubernetes.io/dockerconfigjson";
  await cluster.createSecret({ namespace: "apps", name: "acr-secret", type, ...holding("old") }, signal);
  seen = await look();
});
afterEach(() => sandbox.close());

const look = async () => judgeTarget(target, await readTarget(target, signal), policy);

/** What somebody else writes after the look. */
async function meanwhile(change: SecretChange): Promise<void> {
  await cluster.patchSecret((await cluster.findSecret("apps", "acr-secret", signal))!, change, signal);
}

const passwordNow = async () => {
  const state = await look();
  return state.kind === "present" ? state.credential?.password.reveal() : undefined;
};

describe("a secret that is written after a look", () => {
  it("keeps what somebody added since, and has the new key beside it", async () => {
    const config = parseDockerConfig(holding("old").data?.[dockerConfigKey]);
    const added = { ...config, auths: { ...config.auths, "docker.io": { username: "u", password: "p" } } };
    await meanwhile({ labels: { team: "a" }, data: { [dockerConfigKey]: formatDockerConfig(added) } });
    const written = await writeEntry({ target, before: seen, policy, desired }, signal);
    expect(written.action).toBe("updated");
    expect(written.secret.labels).toEqual({ "acr-pull/managed": "true", team: "a" });
    const { auths } = parseDockerConfig(written.secret.data[dockerConfigKey]);
    expect(auths["docker.io"]).toEqual({ username: "u", password: "p" });
    expect(await passwordNow()).toBe("new");
  });

  it("is not written when another run brought it to the same meanwhile", async () => {
    await meanwhile(holding("new"));
    const written = await writeEntry({ target, before: seen, policy, desired }, signal);
    expect(written.action).toBe("unchanged");
  });

  it("is left alone when another run gave it a key of its own since", async () => {
    await meanwhile(holding("theirs"));
    await expect(writeEntry({ target, before: seen, policy, desired }, signal)).rejects.toMatchObject({
      code: "busy",
    });
    expect(await passwordNow()).toBe("theirs");
  });

  it("is left alone when another run put its mark there since", async () => {
    const holder = { host: "h", boot: "b", pid: 1 };
    await meanwhile(holding("old", { operation: "theirs", holder, renewedAt: "2031-02-03T04:05:06Z" }));
    await expect(writeEntry({ target, before: seen, policy, desired }, signal)).rejects.toMatchObject({
      code: "busy",
    });
    expect(await passwordNow()).toBe("old");
  });
});

describe("a secret that is read back", () => {
  beforeEach(async () => {
    await writeEntry({ target, before: seen, policy, desired }, signal);
  });

  it("gives the very credential that it holds", async () => {
    const read = await readEntryBack({ target, before: seen, policy, desired }, undefined, signal);
    expect(read.password.reveal()).toBe("new");
  });

  it("is written once more where somebody put back what was there", async () => {
    await meanwhile(holding("old"));
    const read = await readEntryBack({ target, before: seen, policy, desired }, undefined, signal);
    expect(read.password.reveal()).toBe("new");
    expect(await passwordNow()).toBe("new");
  });

  it("is left alone where another run gave it a key of its own", async () => {
    await meanwhile(holding("theirs"));
    await expect(
      readEntryBack({ target, before: seen, policy, desired }, undefined, signal),
    ).rejects.toMatchObject({
      code: "busy",
    });
    expect(await passwordNow()).toBe("theirs");
  });

  it("is given up where somebody puts back what was there each time", async () => {
    sandbox.observe((phase, { method, query }) => {
      if (phase !== "committed" || method !== "PATCH" || query.includes("dryRun")) return;
      const secret = sandbox.world.clusters[0]!.objects["secrets"]!.find(
        ({ metadata }) => metadata.namespace === "apps",
      )!;
      const { data, annotations } = holding("old");
      Object.assign(secret, { data });
      Object.assign(secret.metadata, { annotations });
    });
    await meanwhile(holding("old"));
    await expect(
      readEntryBack({ target, before: seen, policy, desired }, undefined, signal),
    ).rejects.toMatchObject({
      code: "secret.reverted",
      retryable: true,
    });
  });
});
