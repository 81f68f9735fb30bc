import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { processIdentity } from "../../src/cli/this-machine.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { repositoryCondition, rolesFor } from "../../src/domain/role.ts";
import { liveAssignments, livePasswords, marksOf, secretOf, setup } from "../program.ts";
import { expectOrder, keysEverMade, twoNamespaces } from "./kills.ts";
import { expectBusy, meetAtTheMark } from "./meeting.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ checkInvariants: true });
});
afterEach(async () => {
  await sandbox.close();
});

describe("runs of setup at once", () => {
  it.each([2, 4])("%i of the same command: all succeed, and only one made a key", async (count) => {
    meetAtTheMark(sandbox, count);
    const runs = await Promise.all(Array.from({ length: count }, () => setup(sandbox, twoNamespaces)));
    expect(runs.map(({ code }) => code)).toEqual(runs.map(() => 0));
    expect(runs.filter(({ stderr }) => stderr.includes("Waiting for another run"))).toHaveLength(count - 1);
    expectOrder(sandbox);
    expect(keysEverMade(sandbox)).toHaveLength(1);
  });

  it("for different namespaces: all succeed, with one key for the cluster", async () => {
    meetAtTheMark(sandbox, 2);
    const runs = await Promise.all([
      setup(sandbox, ["-n", "awesomeapps"]),
      setup(sandbox, ["-n", "default"]),
    ]);
    expect(runs.map(({ code, stderr }) => [code, stderr]).filter(([code]) => code !== 0)).toEqual([]);
    expectOrder(sandbox);
    expect(keysEverMade(sandbox)).toHaveLength(1);
  });

  it("for different namespaces, where no secret is left of an application: all succeed, with one key more", async () => {
    expect((await setup(sandbox, ["-n", "awesomeapps"])).code).toBe(0);
    sandbox.world.clusters[0]!.objects["secrets"] = [];
    meetAtTheMark(sandbox, 2);
    const runs = await Promise.all([
      setup(sandbox, ["-n", "awesomeapps"]),
      setup(sandbox, ["-n", "default"]),
    ]);
    expect(runs.map(({ code, stderr }) => [code, stderr]).filter(([code]) => code !== 0)).toEqual([]);
    expect(keysEverMade(sandbox)).toHaveLength(2);
  });

  it("for two clusters: each gets a key of its own", async () => {
    const runs = await Promise.all(
      ["sandbox", "sandbox-staging"].map((context) => setup(sandbox, ["--context", context])),
    );
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(livePasswords(sandbox)).toHaveLength(2);
    expect(sandbox.violations).toEqual([]);
  });

  it("of which one limits the role to repositories: the other pulls within that limit, and tells it", async () => {
    const [reader] = rolesFor("acrpull", "AbacRepositoryPermissions");
    const condition = repositoryCondition(reader!, ["my-awesome-app"]);
    sandbox.observe((phase, { method, path }) => {
      if (phase !== "committed" || method !== "PUT" || !path.includes("/roleAssignments/")) return;
      Object.assign(liveAssignments(sandbox)[0]!, { condition });
    });
    const run = await setup(sandbox, ["--registry", "abacregistry", "--timeout", "30s"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toContain(
      "Another run has limited Container Registry Repository Reader to my-awesome-app",
    );
    expect(run.json.roleAssignments).toMatchObject([{ condition }]);
    expect(liveAssignments(sandbox)).toMatchObject([{ condition }]);
  });
});

const elsewhere = { host: "another-machine", boot: "another-boot", pid: 1 };
/** No process id is this high. */
const gonePid = 2 ** 30;
const marked = "11111111-1111-4111-8111-111111111111";

/** Puts a pending mark into the secret of awesomeapps, as if another run had set it that many seconds ago. */
function putMark(holder: { host: string; boot: string; pid: number }, secondsAgo: number): void {
  const secret = secretOf(sandbox);
  const [host, mark] = Object.entries(marksOf(sandbox))[0] ?? [];
  if (!secret?.metadata.annotations || host === undefined) throw new Error("no marked secret");
  const renewedAt = new Date(Date.now() - secondsAgo * 1_000).toISOString();
  const pending = { operation: marked, holder, renewedAt };
  secret.metadata.annotations["acr-pull/entries"] = JSON.stringify({ [host]: { ...mark, pending } });
}

function addKey(displayName: string): string {
  const application = sandbox.world.applications.find(({ uniqueName }) =>
    uniqueName?.startsWith("acr-pull-"),
  );
  const [like] = application?.passwords ?? [];
  if (!application || !like) throw new Error("no key yet");
  const keyId = crypto.randomUUID();
  const endDateTime = new Date(Date.now() + 86_400_000).toISOString();
  application.passwords.push({
    ...like,
    keyId,
    displayName,
    secretText: `abc${keyId}`,
    hint: "abc",
    endDateTime,
  });
  return keyId;
}

async function deadProcess(): Promise<number> {
  const child = spawn("true");
  await once(child, "exit");
  return child.pid ?? 0;
}

/** Puts a key into the secret of a namespace, as a run would. */
function hold(namespace: string, keyId: string): void {
  const secret = secretOf(sandbox, namespace);
  const key = keysEverMade(sandbox).find((one) => one.keyId === keyId);
  const application = sandbox.world.applications.find(({ passwords }) => key && passwords.includes(key));
  if (!secret?.metadata.annotations || !key || !application) throw new Error("nothing to write to or with");
  const [[host, mark] = ["", {}]] = Object.entries(marksOf(sandbox, namespace));
  const [username, password] = [application.appId, key.secretText];
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  const config = JSON.stringify({ auths: { [host]: { username, password, auth } } });
  secret["data"] = { ".dockerconfigjson": Buffer.from(config).toString("base64") };
  secret.metadata.annotations["acr-pull/entries"] = JSON.stringify({ [host]: { ...mark, keyId } });
}

describe("setup that takes a mark over", () => {
  it("does not remove the key of that operation while another namespace holds it", async () => {
    const first = await setup(sandbox, twoNamespaces);
    const keyId = addKey(`acr-pull/${first.json.credentials[0].clusterId}/${marked}`);
    hold("default", keyId);
    putMark(elsewhere, 75);
    sandbox.invariants.watch();
    const run = await setup(sandbox, ["-n", "awesomeapps"]);
    expect(run.code, run.stderr).toBe(0);
    expect(livePasswords(sandbox).map((key) => key.keyId)).toContain(keyId);
    expect(Object.values(marksOf(sandbox))[0]).not.toHaveProperty("pending");
    expect(sandbox.violations).toEqual([]);
  });
});

describe("setup that needs a key and meets the mark of another run", () => {
  let clusterId: string;
  beforeEach(async () => {
    const run = await setup(sandbox, twoNamespaces);
    clusterId = run.json.credentials[0].clusterId as string;
    for (const key of livePasswords(sandbox)) key.endDateTime = new Date(Date.now() - 1_000).toISOString();
    sandbox.invariants.watch();
  });

  it.each([
    ["of another machine, renewed a moment ago", () => elsewhere],
    // Not this process, in which the run itself may be.
    ["of a process of this machine that is alive", () => processIdentity(process.ppid)],
    [
      "of another container of this machine, whose numbers are not its own",
      () => ({ ...processIdentity(process.pid), pidNamespace: "pid:[1]", pid: gonePid }),
    ],
    [
      "of a version that did not say whose numbers it counts by",
      () => {
        const { host, boot } = processIdentity(process.pid);
        return { host, boot, pid: gonePid };
      },
    ],
  ])("%s: waits, says so, and is busy when the time is over, without any change", async (_what, holder) => {
    putMark(holder(), 5);
    const before = sandbox.requests.mutating().length;
    const run = await setup(sandbox, twoNamespaces);
    expectBusy(run);
    expect(run.stderr).toMatch(/Waiting for another run to finish with sandbox\/awesomeapps\/acr-secret/);
    expect(sandbox.requests.mutating().length).toBe(before);
  });

  it("that is done meanwhile: uses the key that this one made", async () => {
    putMark(elsewhere, 5);
    let looks = 0;
    sandbox.observe((phase, { path }) => {
      if (phase !== "arrived" || !path.endsWith("/namespaces/kube-system")) return;
      looks += 1;
      if (looks !== 2) return;
      for (const key of keysEverMade(sandbox))
        key.endDateTime = new Date(Date.now() + 86_400_000).toISOString();
    });
    const run = await setup(sandbox, twoNamespaces);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toContain("Waiting for another run");
    expect(keysEverMade(sandbox)).toHaveLength(1);
  });

  it.each([
    [
      "of another machine, not renewed for more than a minute",
      async () => ({ holder: elsewhere, seconds: 75 }),
    ],
    [
      "of a process of this machine that is gone",
      async () => ({ holder: processIdentity(await deadProcess()), seconds: 5 }),
    ],
  ])("%s: takes it over, and removes the key of that operation alone", async (_what, mark) => {
    const { holder, seconds } = await mark();
    putMark(holder, seconds);
    const left = addKey(`acr-pull/${clusterId}/${marked}`);
    const orphan = addKey(`acr-pull/${clusterId}/22222222-2222-4222-8222-222222222222`);
    const ofOtherCluster = addKey(`acr-pull/33333333-3333-4333-8333-333333333333/${marked}`);
    const foreign = addKey("by hand");
    sandbox.invariants.maxLiveKeys = 4;
    const run = await setup(sandbox, twoNamespaces);
    expect(run.code, run.stderr).toBe(0);
    const living = livePasswords(sandbox).map(({ keyId }) => keyId);
    expect(living).not.toContain(left);
    expect(living).toEqual([orphan, ofOtherCluster, foreign, run.json.credentials[0].keyId]);
    expect(Object.values(marksOf(sandbox))[0]).not.toHaveProperty("pending");
    expect(sandbox.violations).toEqual([]);
    expect(run.json.keptKeys.map(({ keyId }: { keyId: string }) => keyId)).toEqual([orphan]);
  });
});
