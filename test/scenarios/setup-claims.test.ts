import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { runSafely } from "../canary.ts";
import { marksOf, secretOf } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { addSecret, countingWrites, keyIds, markOf, ownApplication, signsIn, start } from "./rotation.ts";

/*
 * Somebody who may write secrets in the namespace default reads in the directory how keys are named. They mark a
 * secret there so that a setup of that namespace takes another namespace's key for the remains of an interrupted run.
 */

const narrow: SandboxOptions = {
  clusters: [
    {
      context: "sandbox",
      users: [
        {
          context: "narrow",
          namespace: "default",
          rules: [
            { verbs: ["get", "create", "patch"], resources: ["secrets"], namespaces: ["default"] },
            { verbs: ["get"], resources: ["namespaces"] },
          ],
        },
      ],
    },
  ],
};

function setup(sandbox: Sandbox, args: readonly string[]) {
  const all = ["setup", "--registry", "myregistry", "-n", "default", "-y", "-o", "json", ...args];
  return runSafely(sandbox, all);
}

/** The operation that made a key, as its name in the directory says. */
function operationOf(sandbox: Sandbox, keyId: string): string {
  const key = ownApplication(sandbox).passwords.find((one) => one.keyId === keyId);
  return key?.displayName?.split("/").at(-1) ?? "";
}

/** An empty secret in default with the mark of a dead run, which may have left the keys of these operations. */
function plant(
  sandbox: Sandbox,
  operation: string,
  renewedAt = "2026-01-01T00:00:00Z",
  name = "acr-secret",
): void {
  const { registry, clusterId } = markOf(sandbox);
  const holder = { host: "gone", boot: "gone", pid: 1 };
  const pending = { operation, holder, renewedAt, sweep: [operation] };
  const host = sandbox.world.registries[0]!.loginServer;
  const metadata = {
    namespace: "default",
    name,
    labels: { "acr-pull/managed": "true" },
    annotations: { "acr-pull/entries": JSON.stringify({ [host]: { registry, clusterId, pending } }) },
  };
  addSecret(sandbox, metadata, { auths: {} });
  sandbox.invariants.watch();
}

describe.concurrent("setup, where secrets may not be listed in every namespace,", () => {
  it("leaves the key that a mark says an interrupted run left, leaves that mark, and says so", async (test) => {
    const sandbox = await start(test, narrow);
    const { keyId } = setUp(sandbox);
    plant(sandbox, operationOf(sandbox, keyId));
    const run = await setup(sandbox, ["--context", "narrow"]);
    expect([run.code, signsIn(sandbox, keyId)], run.stderr).toEqual([0, true]);
    expect(run.stderr).toMatch(
      /mark of an earlier run on narrow\/default\/acr-secret stays.*you may not list secrets in every namespace/,
    );
    expect(Object.values(marksOf(sandbox, "default"))[0].pending.sweep).toContain(
      operationOf(sandbox, keyId),
    );
    expect(keyIds(sandbox)).toHaveLength(2);
  });

  it("changes nothing when it is run again, and says the same", async (test) => {
    const sandbox = await start(test, narrow);
    const { keyId } = setUp(sandbox);
    plant(sandbox, operationOf(sandbox, keyId));
    await setup(sandbox, ["--context", "narrow"]);
    const { result, writes } = await countingWrites(sandbox, () => setup(sandbox, ["--context", "narrow"]));
    expect([result.code, writes], result.stderr).toEqual([0, 0]);
    expect(result.stderr).toContain("mark of an earlier run on narrow/default/acr-secret stays");
    const planned = await setup(sandbox, ["--context", "narrow", "--dry-run", "--exit-code"]);
    expect(planned.code, planned.stderr).toBe(0);
  });

  it("has removed what the mark names by whoever may list them, when nothing holds it", async (test) => {
    const sandbox = await start(test, narrow);
    sandbox.invariants.maxLiveKeys = 3;
    const { keyId } = setUp(sandbox);
    const left = setUp(sandbox, { beside: true, namespaces: [] }).keyId;
    plant(sandbox, operationOf(sandbox, left));
    await setup(sandbox, ["--context", "narrow"]);
    expect(signsIn(sandbox, left)).toBe(true);
    const run = await setup(sandbox, []);
    expect([run.code, signsIn(sandbox, left), signsIn(sandbox, keyId)], run.stderr).toEqual([0, false, true]);
    expect(Object.values(marksOf(sandbox, "default"))[0]).not.toHaveProperty("pending");
  });

  it("removes a key of its own whose answer was lost: nobody ever knew its password", async (test) => {
    const sandbox = await start(test, {
      ...narrow,
      faults: [{ match: "POST .*/addPassword", after: "commit", action: "drop" }],
    });
    sandbox.invariants.maxLiveKeys = 3;
    const { keyId } = setUp(sandbox);
    const run = await setup(sandbox, ["--context", "narrow"]);
    expect(run.code, run.stderr).toBe(0);
    expect(keyIds(sandbox)).toEqual([keyId, run.json.credentials[0].keyId]);
    expect(Object.values(marksOf(sandbox, "default"))[0]).not.toHaveProperty("pending");
  });
});

describe.concurrent("setup, where all secrets may be listed,", () => {
  it.for([
    ["for the same registry", 0],
    ["for another registry", 1],
  ] as const)(
    "sweeps no key that a run at work elsewhere makes at that moment, %s",
    async ([, which], test) => {
      const sandbox = await start(test);
      const { keyId } = setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
      const made = setUp(sandbox, { beside: true, namespaces: [] }).keyId;
      const operation = operationOf(sandbox, made);
      // The run at work has its mark in another namespace. The forged one is in default.
      const { registries } = sandbox.world;
      const host = registries[0]!.loginServer;
      const holder = { host: "elsewhere", boot: "b", pid: 1 };
      const mark = markOf(sandbox, "default");
      const secrets = sandbox.world.clusters[0]!.objects["secrets"]!;
      const put = (namespace: string, pending: object, of = host) => {
        const secret = secrets.find(({ metadata }) => metadata.namespace === namespace)!;
        const marks = { [host]: mark, [of]: { ...mark, pending } };
        secret.metadata.annotations!["acr-pull/entries"] = JSON.stringify(marks);
      };
      const other = registries[which]!.loginServer;
      put("awesomeapps", { operation, holder, renewedAt: new Date().toISOString() }, other);
      put("default", { operation: "none", holder, renewedAt: "2026-01-01T00:00:00Z", sweep: [operation] });
      sandbox.invariants.watch();
      const run = await setup(sandbox, []);
      expect([signsIn(sandbox, made), signsIn(sandbox, keyId)], run.stderr).toEqual([true, true]);
      put("awesomeapps", { operation, holder, renewedAt: "2026-01-01T00:00:00Z" }, other);
      const later = await setup(sandbox, []);
      expect([later.code, signsIn(sandbox, made)], later.stderr).toEqual([0, false]);
    },
  );
});

describe.concurrent("setup, where the mark of a secret says what is not true of its key,", () => {
  const bogus = { keyId: "deadbeef-0000-4000-8000-000000000000", expiresAt: "9999-12-30T00:00:00Z" };

  /** Changes the marks in awesomeapps, as somebody else might. */
  function poison(sandbox: Sandbox, change: object): void {
    const host = sandbox.world.registries[0]!.loginServer;
    secretOf(sandbox)!.metadata.annotations!["acr-pull/entries"] = JSON.stringify({
      [host]: { ...markOf(sandbox), ...change },
    });
    sandbox.invariants.watch();
  }

  it.for<[what: string, change: object]>([
    ["another key, and an end that never comes", bogus],
    ["no key, and an end that never comes", { ...bogus, keyId: null }],
    ["another end", { expiresAt: bogus.expiresAt }],
  ])("records in another namespace what the directory says: %s", async ([, change], test) => {
    const sandbox = await start(test);
    const { keyId, expiresAt } = setUp(sandbox);
    poison(sandbox, change);
    const run = await setup(sandbox, []);
    expect(run.json.credentials, run.stderr).toMatchObject([{ keyId, expiresAt, action: "copied" }]);
    expect(markOf(sandbox, "default")).toMatchObject({ keyId, expiresAt });
  });

  it("corrects it in that namespace itself", async (test) => {
    const sandbox = await start(test);
    const { keyId, expiresAt } = setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    poison(sandbox, bogus);
    const run = await setup(sandbox, ["-n", "awesomeapps"]);
    expect(run.code, run.stderr).toBe(0);
    expect(markOf(sandbox)).toMatchObject({ keyId, expiresAt });
  });

  it("records no end of a key that the directory does not list", async (test) => {
    const sandbox = await start(test);
    const { keyId, appId } = setUp(sandbox);
    poison(sandbox, { expiresAt: bogus.expiresAt });
    // Two keys begin alike, and the mark names neither.
    const { passwords } = sandbox.world.applications.find((one) => one.appId === appId)!;
    const key = passwords.find((one) => one.keyId === keyId)!;
    passwords.push({
      ...key,
      keyId: "0f0f0f0f-0000-4000-8000-000000000002",
      secretText: `${key.hint}8Q~another`,
    });
    poison(sandbox, bogus);
    const run = await setup(sandbox, []);
    expect(run.code, run.stderr).toBe(0);
    expect(markOf(sandbox, "default")).toMatchObject({ expiresAt: null });
    passwords.pop();
  });
});
