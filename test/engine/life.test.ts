import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { dockerConfigOf, entryOf, liveAssignments, livePasswords, secretOf } from "../program.ts";
import { expectDepartures } from "../scenarios/removal.ts";
import { Engine, expectOrder, stateIn, stateSecret } from "./drive.ts";

let sandbox: Sandbox;
let engine: Engine;
beforeEach(async () => {
  sandbox = await startSandbox({ checkInvariants: true });
  engine = new Engine(sandbox);
});
afterEach(async () => {
  engine.end();
  await sandbox.close();
});

const both = ["awesomeapps", "default"];

/** Moves what the state says of a time. */
function editState(edit: (text: string) => string): void {
  const secret = stateSecret(sandbox) as unknown as { data: Record<string, string> };
  const text = Buffer.from(secret.data["state"] ?? "", "base64").toString();
  secret.data["state"] = Buffer.from(edit(text)).toString("base64");
}

const letGraceEnd = () =>
  editState((text) => text.replaceAll(/"retireAfter":"[^"]*"/g, '"retireAfter":"2020-01-01T00:00:00Z"'));

const overlapOf = (namespace: string) => {
  const { auths } = dockerConfigOf(sandbox, namespace);
  return Object.entries(auths).find(([host]) => host.startsWith("https://"))?.[1];
};

describe("setup", () => {
  it("makes everything, and says what", async () => {
    const run = await engine.setup(both);
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect(run.lines.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
      "done create namespace",
      "done create state",
      "done create application",
      "done create service",
      "done create role",
      "done create password",
      "done check proof",
      "done create secret",
      "done create secret",
    ]);
    expectOrder(sandbox, both);
  });

  it("keeps the password out of its state", async () => {
    await engine.setup(both);
    expect(JSON.stringify(stateSecret(sandbox))).not.toContain(livePasswords(sandbox)[0]?.secretText);
  });

  it("writes nothing when run again, and nothing in a dry run", async () => {
    await engine.setup(both, {}, { dryRun: true });
    expect(sandbox.requests.entries.filter(({ mutating }) => mutating)).toEqual([]);
    await engine.setup(both);
    const before = sandbox.requests.entries.length;
    expect((await engine.setup(both)).lines).toEqual([]);
    expect(sandbox.requests.entries.slice(before).filter(({ mutating }) => mutating)).toEqual([]);
  });

  it("copies the password to another namespace, and makes no key", async () => {
    await engine.setup();
    const run = await engine.setup(["kube-public"]);
    expect(run.lines.filter((line) => line.includes("password"))).toEqual([]);
    expectOrder(sandbox, ["awesomeapps", "kube-public"]);
  });

  it("writes a target again that somebody deleted, and makes a new key when all were", async () => {
    await engine.setup(both);
    const { objects } = sandbox.world.clusters[0]!;
    const without = (namespace: string) => {
      objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.namespace !== namespace);
    };
    without("awesomeapps");
    expect((await engine.setup()).code).toBe(0);
    without("awesomeapps");
    without("default");
    const run = await engine.setup();
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(entryOf(sandbox, "myregistry", "default")?.password).toBe(livePasswords(sandbox)[0]?.secretText);
  });

  it("gives another role before it takes the former one", async () => {
    await engine.setup();
    const run = await engine.setup(["awesomeapps"], { role: "acrpush" });
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect(liveAssignments(sandbox)).toHaveLength(1);
    expect(stateIn(sandbox)?.role?.name).toBe("acrpush");
    expect((await engine.setup()).lines).toEqual([]);
  });

  it("begins anew for the same secrets when somebody deleted the application", async () => {
    await engine.setup(both);
    const application = sandbox.world.applications.find(({ appId }) => appId !== sandbox.world.caller.appId)!;
    Object.assign(application, { removedAt: Date.now() });
    const run = await engine.setup();
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect(entryOf(sandbox, "myregistry", "default")?.password).toBe(livePasswords(sandbox)[0]?.secretText);
    expect((await engine.setup()).lines).toEqual([]);
  });

  it("refuses what is somebody else's, and takes it over with --adopt", async () => {
    const { loginServer } = sandbox.world.registries[0]!;
    const auths = {
      [loginServer]: { username: "u", password: "p" },
      "other.example": { username: "o", password: "p" },
    };
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "acr-secret", namespace: "awesomeapps" },
      data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
    });
    const refused = await engine.setup();
    expect(refused).toMatchObject({ code: 2, error: { code: "secret.not-ours" } });
    expect(sandbox.requests.entries.filter(({ mutating }) => mutating)).toEqual([]);
    expect((await engine.setup(["awesomeapps"], { adopt: true })).code).toBe(0);
    expect(dockerConfigOf(sandbox).auths["other.example"]?.username).toBe("o");
  });
});

describe("rotate", () => {
  it("puts the new password beside the old one, and takes the old one out after its grace", async () => {
    await engine.setup(both);
    const old = livePasswords(sandbox)[0]?.secretText;
    const run = await engine.rotate();
    expect(run.code, run.lines.join("\n")).toBe(0);
    expectOrder(sandbox, both, 2);
    expect(both.map((namespace) => overlapOf(namespace)?.password)).toEqual([old, old]);
    expect((await engine.rotate()).lines, "rotations do not pile up").toEqual([]);
    letGraceEnd();
    const last = await engine.rotate({ mode: "if due" });
    expect(last.code, last.lines.join("\n")).toBe(0);
    expectOrder(sandbox, both);
    expect(both.map(overlapOf)).toEqual([undefined, undefined]);
  });

  it("does nothing if it is not due, and renews in the last third of a life", async () => {
    await engine.setup();
    expect((await engine.rotate({ mode: "if due" })).lines).toEqual([]);
    editState((text) => text.replace(/"madeAt":"[^"]*"/, '"madeAt":"2020-01-01T00:00:00Z"'));
    expect((await engine.rotate({ mode: "if due" })).lines.length).toBeGreaterThan(0);
    expectOrder(sandbox, ["awesomeapps"], 2);
  });

  it("finishes: waits until all of Entra knows the new password, then retires the old one", async () => {
    await engine.setup(both);
    await engine.rotate();
    const run = await engine.rotate({ mode: "finish" });
    expect(run.told.join("\n")).toContain("parts of Entra may not know the new password yet");
    expectOrder(sandbox, both);
  });

  it("leaves a copy's password alive, names the copy, and retires it by force", async () => {
    await engine.setup();
    const copy = structuredClone(secretOf(sandbox)!);
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "copy", namespace: "default" },
      data: copy["data"],
    });
    await engine.rotate();
    letGraceEnd();
    const held = await engine.rotate({ mode: "if due" });
    expect(held.code).toBe(0);
    expect(held.lines.join("\n")).toContain("default/copy still holds it");
    expect(livePasswords(sandbox)).toHaveLength(2);
    await engine.rotate({ mode: "if due", force: true });
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("keeps the old password for a target that cannot be written, and goes on when it can", async () => {
    await engine.setup(both);
    const secret = secretOf(sandbox, "default")!;
    Object.assign(secret, { immutable: true });
    const run = await engine.rotate();
    expect(run.code).toBe(4);
    expect(run.lines.join("\n")).toContain("failed update secret default/acr-secret: secret.unusable");
    expect(livePasswords(sandbox)).toHaveLength(2);
    const old = livePasswords(sandbox)[0]?.secretText;
    expect(entryOf(sandbox, "myregistry", "default")?.password).toBe(old);
    letGraceEnd();
    expect((await engine.rotate({ mode: "if due" })).code).toBe(4);
    expect(livePasswords(sandbox)).toHaveLength(2);
    delete secret["immutable"];
    expect((await engine.rotate({ mode: "if due" })).code).toBe(0);
    letGraceEnd();
    expect((await engine.rotate({ mode: "if due" })).code).toBe(0);
    expectOrder(sandbox, both);
  });

  it("writes nothing where nobody holds the password any longer", async () => {
    await engine.setup(both);
    const { objects } = sandbox.world.clusters[0]!;
    objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.namespace !== "default");
    const run = await engine.rotate();
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect(secretOf(sandbox, "default")).toBeUndefined();
    letGraceEnd();
    await engine.rotate({ mode: "if due" });
    expect(livePasswords(sandbox)).toHaveLength(1);
  });
});

describe("rotate --compromised", () => {
  it("leaves no password that leaked, also when a rotation was under way", async () => {
    await engine.setup(both);
    await engine.rotate();
    const leaked = livePasswords(sandbox).map(({ keyId }) => keyId);
    sandbox.invariants.maxLiveKeys = 3;
    const run = await engine.rotate({ mode: "compromised" });
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect(livePasswords(sandbox).map(({ keyId }) => keyId)).not.toContain(leaked[0]);
    expectOrder(sandbox, both);
  });

  it("keeps no leaked password alive for a target that cannot be written", async () => {
    await engine.setup(both);
    Object.assign(secretOf(sandbox, "default")!, { immutable: true });
    const run = await engine.rotate({ mode: "compromised" });
    expect(run.code).toBe(4);
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(entryOf(sandbox)?.password).toBe(livePasswords(sandbox)[0]?.secretText);
  });
});

describe("remove", () => {
  beforeEach(() => expectDepartures(sandbox));

  it("undoes one target, and with the last one everything", async () => {
    await engine.setup(both);
    expect((await engine.remove({ targets: [{ namespace: "default" }] })).code).toBe(0);
    expectOrder(sandbox, ["awesomeapps"]);
    const run = await engine.remove();
    expect(run.code, run.lines.join("\n")).toBe(0);
    expect(livePasswords(sandbox)).toEqual([]);
    expect(liveAssignments(sandbox)).toEqual([]);
    expect(stateSecret(sandbox)).toBeUndefined();
    expect(secretOf(sandbox)).toBeUndefined();
  });

  it("refuses while a pod names the secret, and names the copies that no longer pull", async () => {
    await engine.setup(both);
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "copy", namespace: "kube-public" },
      data: secretOf(sandbox)!["data"],
    });
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", namespace: "default" },
      spec: { containers: [{ name: "web", image: "web" }], imagePullSecrets: [{ name: "acr-secret" }] },
    });
    const refused = await engine.remove();
    expect(refused).toMatchObject({ code: 2, error: { code: "remove.still-named" } });
    expect(refused.lines.join()).toContain("pod default/web");
    const run = await engine.remove({ force: true });
    expect(run.code, run.lines.join("\n")).toBe(0);
    const removal = run.outcome?.results.find(({ step }) => step.kind === "application")?.step;
    expect(removal?.after).toBe("kube-public/copy no longer pulls");
  });

  it("keeps the installation for a target that cannot be written", async () => {
    await engine.setup(both);
    sandbox.setFaults([
      { match: "(DELETE|PATCH) .*/namespaces/default/secrets/acr-secret", status: 403, times: 99 },
    ]);
    const run = await engine.remove();
    expect(run.code).toBe(4);
    expect(livePasswords(sandbox)).toHaveLength(1);
    sandbox.setFaults([]);
    expect((await engine.remove()).code).toBe(0);
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it("and setup after it work at once, although Entra keeps the name for thirty days", async () => {
    await engine.setup();
    await engine.remove();
    expect((await engine.setup()).code).toBe(0);
    expectOrder(sandbox, ["awesomeapps"]);
  });
});
