import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import {
  addSecret,
  azureWrites,
  countingWrites,
  endGrace,
  heldKeys,
  markOf,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";

/*
 * Somebody who may write secrets in one namespace knows a password of an application that has nothing to do with
 * acr-pull. They write it into a secret there, with the mark that acr-pull would have written.
 */

const appId = "99999999-2222-4333-8444-555555555555";
const secretText = "Vic8Q~password-of-the-victim-0123456789";
const victim: NonNullable<SandboxOptions["applications"]>[number] = {
  displayName: "victim-cd",
  appId,
  owners: ["caller"],
  passwords: [{ displayName: "by hand", secretText, endDateTime: inDays(5) }],
  roles: [{ role: "AcrPull", scope: "myregistry" }],
};

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

/** A secret in the namespace default that holds the victim's password and the mark of one of our entries. */
function plant(sandbox: Sandbox, mark: object = {}): string {
  const host = sandbox.world.registries[0]!.loginServer;
  const own = { ...markOf(sandbox), appId, keyId: null, expiresAt: inDays(5), ...mark };
  const metadata = {
    namespace: "default",
    name: "planted",
    labels: { "acr-pull/managed": "true" },
    annotations: { "acr-pull/entries": JSON.stringify({ [host]: own }) },
  };
  const planted = addSecret(sandbox, metadata, {
    auths: { [host]: { username: appId, password: secretText } },
  });
  sandbox.invariants.watch();
  return JSON.stringify(planted);
}

function passwordsOf({ world }: Sandbox) {
  return world.applications.find((one) => one.appId === appId)!.passwords;
}

describe.concurrent(
  "rotate, where a mark names an application that acr-pull did not make, and a password of it,",
  () => {
    it.for<[args: string[]]>([[[]], [["--proof", "entra"]]])(
      "makes no password of that one %j, and rotates the others",
      async ([more], test) => {
        const sandbox = await start(test, { applications: [victim] });
        const { keyId } = setUp(sandbox, { ageDays: 130 });
        const before = plant(sandbox);
        const run = await rotate(sandbox, ["--if-due", ...more]);
        expect([run.code, run.json.error.code], run.stderr).toEqual([4, "service-principal.unproven"]);
        expect(run.json.error.hint).toContain(`--service-principal ${appId}`);
        expect(JSON.stringify(secretOf(sandbox, "default", "planted"))).toBe(before);
        expect(passwordsOf(sandbox)).toHaveLength(1);
        expect(heldKeys(sandbox)).toMatchObject({ https: keyId });
      },
    );

    it.for<[args: string[]]>([[["--secret-name", "planted"]], [["--compromised", "-n", "default"]]])(
      "alone is refused before anything is written, by rotate %j",
      async ([args], test) => {
        const sandbox = await start(test, { applications: [victim] });
        setUp(sandbox);
        plant(sandbox);
        const { result, writes } = await countingWrites(sandbox, () =>
          rotate(sandbox, [...args, "--registry", "myregistry"]),
        );
        expect([result.code, result.json.error?.code, writes], result.stderr).toEqual([
          2,
          "service-principal.unproven",
          0,
        ]);
      },
    );

    it("is content while that password is not about to end", async (test) => {
      const passwords = [{ displayName: "by hand", secretText, endDateTime: inDays(100) }];
      const sandbox = await start(test, { applications: [{ ...victim, passwords }] });
      setUp(sandbox);
      plant(sandbox);
      const run = await rotate(sandbox, ["--if-due"]);
      expect(run.code, run.stderr).toBe(0);
      expect(run.json.rotations.map(({ state }: { state: string }) => state)).toEqual([
        "unchanged",
        "unchanged",
      ]);
    });

    it("takes no key that the mark names for one that acr-pull made, unless the password begins as that one", async (test) => {
      const sandbox = await start(test, { applications: [victim] });
      const { clusterId } = setUp(sandbox);
      const [first] = passwordsOf(sandbox);
      const ours = {
        ...first!,
        keyId: "0f0f0f0f-0000-4000-8000-000000000001",
        displayName: `acr-pull/${clusterId}/x`,
      };
      passwordsOf(sandbox).push({ ...ours, secretText: "our8Q~another-password-0123456789", hint: "our" });
      const before = plant(sandbox, { keyId: ours.keyId });
      const run = await rotate(sandbox, ["--secret-name", "planted"]);
      expect([run.code, run.json.error?.code], run.stderr).toEqual([2, "service-principal.unproven"]);
      expect(JSON.stringify(secretOf(sandbox, "default", "planted"))).toBe(before);
      passwordsOf(sandbox).pop();
    });
  },
);

describe.concurrent("rotate, of a service principal that was there,", () => {
  const shared = ["--service-principal", appId];

  it("needs no flag where setup made the key", async (test) => {
    const sandbox = await start(test, { applications: [victim] });
    const made = await setup(sandbox, shared);
    expect(made.code, made.stderr).toBe(0);
    expect((await rotation(sandbox)).state).toBe("pending");
  });

  it("needs to be named once where the password was given, and then has a key of acr-pull's", async (test) => {
    const sandbox = await start(test, { applications: [victim] });
    const given = await setup(sandbox, [...shared, "--password-stdin"], { input: secretText });
    expect(given.code, given.stderr).toBe(0);
    const daily = ["--if-due"];
    const refused = await rotate(sandbox, daily);
    expect([refused.code, refused.json.error?.code], refused.stderr).toEqual([
      2,
      "service-principal.unproven",
    ]);
    expect(refused.json.error.message).toContain("sandbox/awesomeapps/acr-secret");
    expect((await rotation(sandbox, [...daily, ...shared])).state).toBe("pending");
    endGrace(sandbox);
    expect((await rotation(sandbox, daily)).state).toBe("rotated");
    expect(azureWrites(sandbox).filter((one) => one.includes("addPassword"))).toHaveLength(1);
    expect((await rotation(sandbox)).state).toBe("pending");
    expect(keyIdsOf(sandbox)).toHaveLength(3);
  });

  it("leaves a secret with another password of it alone, beside those that hold a key of acr-pull's, and says so", async (test) => {
    const sandbox = await start(test, { applications: [victim] });
    const made = await setup(sandbox, shared);
    expect(made.code, made.stderr).toBe(0);
    const before = plant(sandbox);
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toContain("sandbox/default/planted");
    expect(run.stderr).toContain(`--service-principal ${appId}`);
    expect(JSON.stringify(secretOf(sandbox, "default", "planted"))).toBe(before);
  });
});

/* Anybody who found a leaked key can put it into a secret of their own, with the marks of a true one. */
describe.concurrent("rotate --compromised, where a secret shows the leaked key in a namespace", () => {
  const leaked = ["--compromised"];

  /** A copy of the true secret in the namespace default, as anybody who can read the true one would make it. */
  function double(sandbox: Sandbox): string {
    const { labels, annotations } = secretOf(sandbox)!.metadata;
    const metadata = {
      namespace: "default",
      name: "double",
      labels: { ...labels },
      annotations: { ...annotations },
    };
    const added = addSecret(sandbox, metadata);
    sandbox.invariants.watch();
    return JSON.stringify(added["data"]);
  }

  function expectUnchanged(sandbox: Sandbox, before: string): void {
    expect(JSON.stringify(secretOf(sandbox, "default", "double")!["data"])).toBe(before);
  }

  it("and none was named: begins nothing, and lists which hold it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const before = double(sandbox);
    const { result, writes } = await countingWrites(sandbox, () => rotate(sandbox, leaked));
    expect([result.code, result.json.error?.code, writes], result.stderr).toEqual([2, "rotate.not-named", 0]);
    expect(result.json.error.message).toContain("sandbox/awesomeapps/acr-secret");
    expect(result.json.error.message).toContain("sandbox/default/double");
    expect(result.json.error.hint).toContain("-n awesomeapps -n default");
    expectUnchanged(sandbox, before);
    const planned = await rotate(sandbox, [...leaked, "--dry-run"]);
    expect(planned.code, planned.stderr).toBe(0);
    expect(JSON.stringify(planned.json.plan)).toContain("sandbox/default/double");
  });

  it("that was not named: begins nothing, and says what goes on without it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const before = double(sandbox);
    const named = [...leaked, "-n", "awesomeapps"];
    const { result, writes } = await countingWrites(sandbox, () => rotate(sandbox, named));
    expect([result.code, result.json.error?.code, writes], result.stderr).toEqual([2, "rotate.not-named", 0]);
    expect(result.json.error.message).toContain("sandbox/default/double");
    expect(result.json.error.message).not.toContain("awesomeapps");
    expect(result.json.error.hint).toMatch(/-n default.*delete that secret/s);
    expectUnchanged(sandbox, before);
  });

  it.for<[what: string, args: string[]]>([
    ["by the same command", [...leaked, "-n", "awesomeapps"]],
    ["by the daily job", ["--if-due"]],
  ])("that turns up when the new key is made: gives it nothing, then or %s", async ([, again], test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox);
    let before = "";
    const stop = sandbox.observe((phase, { path }) => {
      if (phase === "committed" && path.endsWith("/addPassword")) before = double(sandbox);
    });
    const run = await rotate(sandbox, [...leaked, "-n", "awesomeapps"]);
    stop();
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "rotate.still-held"]);
    expectUnchanged(sandbox, before);
    const next = await rotate(sandbox, again);
    expect([2, 4], next.stderr).toContain(next.code);
    expectUnchanged(sandbox, before);
    expect(signsIn(sandbox, old)).toBe(true);
  });
});

describe.concurrent("rotate, where a secret shows the key that no run of acr-pull wrote there", () => {
  it("gives it the next one, for it may have been restored, and tells of it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { labels, annotations } = secretOf(sandbox)!.metadata;
    const managedFields = [{ manager: "kubectl-create", operation: "Update", apiVersion: "v1" }];
    const metadata = { namespace: "default", name: "back", labels, annotations, managedFields };
    addSecret(sandbox, metadata);
    sandbox.invariants.watch();
    const planned = await rotate(sandbox, ["--dry-run"]);
    expect(planned.json.warnings.join(), planned.stderr).toContain("sandbox/default/back holds the key");
    expect(planned.json.warnings.join()).not.toContain("awesomeapps/acr-secret holds");
  });
});

function keyIdsOf(sandbox: Sandbox): string[] {
  return passwordsOf(sandbox)
    .filter(({ removedAt }) => removedAt === undefined)
    .map(({ keyId }) => keyId);
}
