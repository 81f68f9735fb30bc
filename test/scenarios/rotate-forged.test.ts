import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { dockerConfigOf, marksOf, secretOf, setup } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import {
  addSecret,
  endGrace,
  heldKeys,
  keyIds,
  markOf,
  ownApplication,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";

/** A secret whose marks name our application, and which holds something that was never its password. */
function forged(
  namespace: string,
  sandbox: Sandbox,
  password: string,
  appId = ownApplication(sandbox).appId,
) {
  const [registry] = sandbox.world.registries;
  const host = registry?.loginServer ?? "";
  const { keyId: _keyId, retire: _retire, pending: _pending, ...mark } = markOf(sandbox, "awesomeapps");
  const auth = Buffer.from(`${appId}:${password}`).toString("base64");
  const config = { auths: { [host]: { username: appId, password, auth } } };
  const secret = sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: {
      name: "acr-secret",
      namespace,
      labels: { "acr-pull/managed": "true" },
      annotations: { "acr-pull/entries": JSON.stringify({ [host]: { ...mark, appId } }) },
    },
    data: { ".dockerconfigjson": Buffer.from(JSON.stringify(config)).toString("base64") },
  });
  sandbox.invariants.watch();
  return secret;
}

describe("a mark that somebody forged in a namespace of his own", () => {
  it.concurrent("is given no password, by a run that is due or one that is not", async (context) => {
    const sandbox = await start(context);
    await setup(sandbox);
    const secret = forged("default", sandbox, "garbage");
    const before = structuredClone(secret["data"]);
    for (const args of [["--if-due"], []]) {
      const run = await rotate(sandbox, args);
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr).toContain("sandbox/default/acr-secret does not hold for");
      expect(secret["data"]).toEqual(before);
    }
  });

  it.concurrent("has no key swept that another registry's secret holds", async (context) => {
    const sandbox = await start(context);
    await setup(sandbox);
    const [keyId = ""] = keyIds(sandbox);
    const operation = ownApplication(sandbox).passwords[0]?.displayName?.split("/").at(-1);
    const secret = forged("default", sandbox, "garbage");
    const marks = JSON.parse(secret.metadata.annotations?.["acr-pull/entries"] ?? "{}");
    const holder = { host: "gone", boot: "gone", pid: 1 };
    const renewedAt = new Date(Date.now() - 3_600_000).toISOString();
    for (const mark of Object.values<Record<string, unknown>>(marks)) {
      mark["pending"] = { operation: "none", holder, renewedAt, sweep: [operation] };
    }
    secret.metadata.annotations!["acr-pull/entries"] = JSON.stringify(marks);
    const run = await rotate(sandbox, ["--finish"]);
    expect(run.code, run.stderr).toBe(0);
    expect(signsIn(sandbox, keyId)).toBe(true);
  });

  it.concurrent(
    "of an application that does not exist stops the rotation of no other key",
    async (context) => {
      const sandbox = await start(context);
      await setup(sandbox);
      forged("default", sandbox, "garbage", "99999999-9999-4999-8999-999999999999");
      const [old = ""] = keyIds(sandbox);
      const run = await rotate(sandbox, ["--compromised", "-n", "awesomeapps", "-n", "default"]);
      expect(run.code, run.stderr).toBe(4);
      expect(run.json.error).toMatchObject({ code: "service-principal.not-found" });
      expect(signsIn(sandbox, old)).toBe(false);
      expect(heldKeys(sandbox, "awesomeapps").plain).toBe(keyIds(sandbox)[0]);
    },
  );
});

describe("a secret whose password was cut short", () => {
  it.concurrent(
    "and is all that may be read gets another key, and the one that others hold stays",
    async (context) => {
      const rules = [
        { verbs: ["get", "create", "patch"], resources: ["secrets"], namespaces: ["awesomeapps"] },
        { verbs: ["get"], resources: ["namespaces"] },
      ];
      const sandbox = await start(context, {
        clusters: [{ context: "sandbox", users: [{ context: "narrow", namespace: "awesomeapps", rules }] }],
      });
      await setup(sandbox, ["-n", "awesomeapps", "-n", "default"]);
      const [old = ""] = keyIds(sandbox);
      cutShort(sandbox);
      const run = await rotate(sandbox, ["--context", "narrow", "-n", "awesomeapps"]);
      expect(run.code, run.stderr).toBe(0);
      expect(run.json.rotations.at(-1)).toMatchObject({
        replaced: old,
        retireBlocked: "cannot-see-all-namespaces",
      });
      expect(signsIn(sandbox, old)).toBe(true);
    },
  );

  it.concurrent("gets the key that lives elsewhere, because it begins like that one", async (context) => {
    const sandbox = await start(context);
    await setup(sandbox, ["-n", "awesomeapps", "-n", "default"]);
    const [old = ""] = keyIds(sandbox);
    cutShort(sandbox);
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(heldKeys(sandbox, "awesomeapps").plain).toBe(old);
    expect(keyIds(sandbox)).toEqual([old]);
  });
});

/** Cuts off the end of the password in awesomeapps. Makes its key old enough that every replica knows it. */
function cutShort(sandbox: Sandbox): void {
  const secret = sandbox.world.clusters[0]?.objects["secrets"]?.find(
    ({ metadata }) => metadata.namespace === "awesomeapps",
  );
  const data = secret?.["data"] as Record<string, string>;
  const config = JSON.parse(Buffer.from(data[".dockerconfigjson"] ?? "", "base64").toString());
  for (const entry of Object.values<{ username: string; password: string; auth: string }>(config.auths)) {
    entry.password = entry.password.slice(0, -4);
    entry.auth = Buffer.from(`${entry.username}:${entry.password}`).toString("base64");
  }
  data[".dockerconfigjson"] = Buffer.from(JSON.stringify(config)).toString("base64");
  const startDateTime = new Date(Date.now() - 3_600_000).toISOString();
  const { passwords } = ownApplication(sandbox);
  passwords.splice(0, passwords.length, ...passwords.map((one) => ({ ...one, startDateTime })));
  sandbox.invariants.watch();
}

describe.concurrent("a made-up password in place of the old one, in the secret of one namespace,", () => {
  const namespaces = ["awesomeapps", "default"];

  it.for([
    ["begins like it", 30],
    ["begins otherwise", 0],
  ] as const)("that %s: ends the grace period of no other", async ([, kept], test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces });
    writeBeside(sandbox, (text) => `${text.slice(0, kept)}~made-up`);
    for (const args of [["--finish"], ["--if-due"]]) {
      const run = await rotate(sandbox, args);
      expect([run.code, signsIn(sandbox, old)], run.stderr).toEqual([0, true]);
      expect(heldKeys(sandbox, "default")).toEqual({ plain: keyId, https: old });
    }
    endGrace(sandbox);
    expect(await rotation(sandbox, ["--finish"])).toMatchObject({ retired: true, replaced: old });
    expect(keyIds(sandbox)).toEqual([keyId]);
  });

  it("hides no copy that still holds the old one", async (test) => {
    const sandbox = await start(test);
    const { old } = changedOver(sandbox, { namespaces, due: true });
    const { auths } = dockerConfigOf(sandbox, "default");
    const host = sandbox.world.registries[0]!.loginServer;
    addSecret(
      sandbox,
      { namespace: "kube-public", name: "copy" },
      { auths: { [host]: auths[`https://${host}`] } },
    );
    writeBeside(sandbox, () => "made-up");
    const run = await rotate(sandbox, ["--finish"]);
    expect([run.code, run.json.rotations[0].retireBlocked], run.stderr).toEqual([4, "still-held"]);
    expect(signsIn(sandbox, old)).toBe(true);
  });
});

/** Replaces the old password in awesomeapps, behind the API server's back. */
function writeBeside(sandbox: Sandbox, replace: (text: string) => string): void {
  const config = dockerConfigOf(sandbox);
  const entry = config.auths[`https://${sandbox.world.registries[0]!.loginServer}`]!;
  entry.password = replace(entry.password);
  entry.auth = Buffer.from(`${entry.username}:${entry.password}`).toString("base64");
  const data = secretOf(sandbox)!["data"] as Record<string, string>;
  data[".dockerconfigjson"] = Buffer.from(JSON.stringify(config)).toString("base64");
  sandbox.invariants.watch();
}

describe("a key that leaked while it was being brought in", () => {
  it.concurrent("is replaced as well, when the rotation was half done", async (context) => {
    const sandbox = await start(context);
    await setup(sandbox);
    await rotate(sandbox);
    const known = keyIds(sandbox);
    const run = await rotate(sandbox, ["--compromised", "-n", "awesomeapps"]);
    expect(run.code, run.stderr).toBe(0);
    for (const keyId of known) expect(signsIn(sandbox, keyId)).toBe(false);
  });
});

describe.concurrent("what somebody wrote into the marks of one namespace", () => {
  const namespaces = ["awesomeapps", "default"];
  const mayWriteDefault = [
    { verbs: ["get", "list"], resources: ["secrets", "namespaces"] },
    { verbs: ["patch", "create"], resources: ["secrets"], namespaces: ["default"] },
  ];

  /** Changes the mark of a secret behind the API server's back. */
  function edit(sandbox: Sandbox, namespace: string, change: (mark: Record<string, unknown>) => void): void {
    const annotations = secretOf(sandbox, namespace)!.metadata.annotations!;
    const marks = JSON.parse(annotations["acr-pull/entries"]!) as Record<string, Record<string, unknown>>;
    for (const mark of Object.values(marks)) change(mark);
    annotations["acr-pull/entries"] = JSON.stringify(marks);
    sandbox.invariants.watch();
  }

  it("a mark of a run that never was, where rotate may not write: stops no rotation, and is told", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces: ["default"] });
    const mark = Object.values(marksOf(sandbox, "default"))[0];
    const host = sandbox.world.registries[0]!.loginServer;
    const holder = { host: "x", boot: "y", pid: 1 };
    const pending = { operation: "never", holder, renewedAt: "2026-01-01T00:00:00Z" };
    const bare = { registry: mark.registry, clusterId: mark.clusterId, pending };
    addSecret(
      sandbox,
      {
        namespace: "awesomeapps",
        name: "evil",
        annotations: { "acr-pull/entries": JSON.stringify({ [host]: bare }) },
      },
      { auths: {} },
    );
    sandbox.invariants.watch();
    sandbox.world.clusters[0]!.users[0]!.rules = mayWriteDefault;
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.rotations).toMatchObject([{ state: "pending", replaced: old }]);
    expect(run.stderr).toContain("sandbox/awesomeapps/evil");
    endGrace(sandbox);
    expect((await rotate(sandbox, ["--finish"])).json.rotations).toMatchObject([{ retired: true }]);
    // Nor does it stop setup, which has a key to make.
    ownApplication(sandbox).passwords.at(-1)!.removedAt = Date.now() - 1_000;
    sandbox.invariants.watch();
    const again = await setup(sandbox, ["-n", "default"]);
    expect(again.code, again.stderr).toBe(0);
    expect(again.json.credentials[0].action).toBe("created");
    sandbox.world.clusters[0]!.objects["secrets"] = sandbox.world.clusters[0]!.objects["secrets"]!.filter(
      ({ metadata }) => metadata.name !== "evil",
    );
  });

  it.each([
    ["rotate", [], "pending"],
    ["rotate --finish", ["--finish"], "unchanged"],
  ])("the key in use as one to be retired: %s heeds it not", async (_command, args, state) => {
    const sandbox = await start({ onTestFinished: () => {} });
    try {
      const { keyId } = setUp(sandbox, { namespaces });
      edit(sandbox, "awesomeapps", (mark) => (mark["retire"] = { keyId, after: "2020-01-01T00:00:00Z" }));
      const run = await rotate(sandbox, args);
      expect([run.code, run.json.rotations[0].state], run.stderr).toEqual([0, state]);
      expect(signsIn(sandbox, keyId)).toBe(true);
      expect(sandbox.violations).toEqual([]);
    } finally {
      await sandbox.close();
    }
  });

  it("that an interrupted run left the key which a run at work for another registry makes: is not swept", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces });
    sandbox.invariants.maxLiveKeys = 4;
    const made = setUp(sandbox, { beside: true, namespaces: [] }).keyId;
    const key = ownApplication(sandbox).passwords.find(({ keyId }) => keyId === made);
    const operation = key?.displayName?.split("/").at(-1);
    const holder = { host: "elsewhere", boot: "b", pid: 1 };
    edit(sandbox, "default", (mark) => {
      mark["pending"] = { operation: "none", holder, renewedAt: "2026-01-01T00:00:00Z", sweep: [operation] };
    });
    const annotations = secretOf(sandbox, "awesomeapps")!.metadata.annotations!;
    const marks = JSON.parse(annotations["acr-pull/entries"]!);
    const [mark] = Object.values<object>(marks);
    const pending = { operation, holder, renewedAt: new Date().toISOString() };
    marks[sandbox.world.registries[1]!.loginServer] = { ...mark, pending };
    annotations["acr-pull/entries"] = JSON.stringify(marks);
    sandbox.invariants.watch();
    const run = await rotate(sandbox);
    expect(signsIn(sandbox, made), run.stderr).toBe(true);
  });

  it("a retirement that is far off lets the key in use be renewed all the same, before it ends", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox, { namespaces, ageDays: 170 });
    const after = "2199-01-01T00:00:00Z";
    edit(
      sandbox,
      "default",
      (mark) => (mark["retire"] = { keyId: "00000000-0000-4000-8000-000000000000", after }),
    );
    const run = await rotate(sandbox, ["--if-due"]);
    expect(run.code, run.stderr).toBe(0);
    for (const namespace of namespaces) expect(heldKeys(sandbox, namespace)).toMatchObject({ https: keyId });
  });
});
