import { describe, expect, it } from "vitest";
import { outputOptions } from "../../src/cli/options/output-options.ts";
import {
  clusterOptions,
  registryScopeOptions,
  runOptions,
  signInOptions,
} from "../../src/cli/options/shared-options.ts";
import { setupOptions } from "../../src/cli/setup/options.ts";
import { runProgram, secretOf, setup } from "../program.ts";
import {
  expectDone,
  further,
  sharedName,
  shareds,
  telling,
  thereAndBack,
  withShared,
} from "./removal-variants.ts";
import { expectDepartures, remove, removed, stateOf, told } from "./removal.ts";
import { start } from "./rotation.ts";

describe.concurrent("remove, after setup", () => {
  it.for(telling)("with $what: all is as before, and setup works again", async (variant, test) => {
    const { before, after } = await thereAndBack(variant, test);
    expect(after).toEqual(before);
  });

  it("with a password that is known: all is as before", async (test) => {
    const sandbox = await start(test, withShared);
    const before = stateOf(sandbox);
    const args = ["--service-principal", sharedName, "--password-stdin"];
    const { passwords = [] } =
      sandbox.world.applications.find(({ displayName }) => displayName === sharedName) ?? {};
    await expectDone(setup(sandbox, args, { input: passwords[0]?.secretText ?? "" }));
    expectDepartures(sandbox);
    const run = await removed(sandbox, shareds);
    expect(stateOf(sandbox), run.stdout).toEqual(before);
    expect(told(run)).toContain("key kept (not-ours)");
    expect(told(run)).toContain("application kept (shared)");
  });

  it("without Azure: only the cluster is asked", async (test) => {
    const [application] = withShared.applications ?? [];
    const roles = [{ role: "AcrPull", scope: "myregistry" }];
    const sandbox = await start(test, { applications: [{ displayName: "", ...application, roles }] });
    const { passwords = [], appId = "" } =
      sandbox.world.applications.find(({ displayName }) => displayName === sharedName) ?? {};
    const before = stateOf(sandbox);
    const { loginServer = "" } = sandbox.world.registries[0] ?? {};
    const args = ["--service-principal", appId, "--password-stdin"];
    await expectDone(
      setup(sandbox, ["--registry", loginServer, ...args], {
        input: passwords[0]?.secretText ?? "",
      }),
    );
    expectDepartures(sandbox);
    const asked = sandbox.requests.entries.length;
    const run = await removed(sandbox, ["--registry", loginServer]);
    const services = sandbox.requests.entries.slice(asked).map(({ service, path }) => `${service} ${path}`);
    expect(services.filter((one) => one.startsWith("azure") && !one.includes("/metadata/"))).toEqual([]);
    expect(stateOf(sandbox), run.stdout).toEqual(before);
  });
});

it("remove undoes setup with every option of it that says what is made", () => {
  // The options that say where it works, as whom, how, and what it shows.
  const others = {
    ...registryScopeOptions,
    ...signInOptions,
    ...clusterOptions,
    ...runOptions,
    ...outputOptions,
  };
  const variants = JSON.stringify([...telling, ...further], (_key, value: unknown) =>
    typeof value === "function" ? String(value) : value,
  );
  const missing = Object.entries(setupOptions)
    .filter(([name]) => !(name in others) || name === "contexts")
    .filter(([, { long, flag }]) => {
      const names = flag.startsWith("--") ? long : `(?:${long}|${flag.slice(0, 2)})`;
      return !new RegExp(`"${names}[="\\\\]`).test(variants);
    })
    .map(([name]) => name);
  // These need more than a variant can say. Two are tested above; attach and manifests have files of their own.
  expect(missing).toEqual(["manifest", "sealWith", "passwordStdin", "attach"]);
});

describe.concurrent("what remove tells", () => {
  it("is each thing that went, by its kind and id", async (test) => {
    const sandbox = await start(test);
    const made = (await setup(sandbox, ["--service-account", "default"])).json;
    expectDepartures(sandbox);
    const { removed: items } = (await removed(sandbox)).json;
    const place = { context: "sandbox", namespace: "awesomeapps" };
    expect(items).toEqual([
      { kind: "service-account", id: "default", ...place, action: "updated" },
      { kind: "key", id: made.credentials[0].keyId, action: "removed", evidence: "refused" },
      { kind: "role-assignment", id: made.roleAssignments[0].id, action: "removed" },
      { kind: "service-principal", id: made.servicePrincipals[0].objectId, action: "removed" },
      { kind: "application", id: made.servicePrincipals[0].appId, action: "removed" },
      { kind: "secret", id: "acr-secret", ...place, action: "removed" },
    ]);
  });

  it("is the plan with --dry-run, exit 5 with --exit-code, and nothing is written", async (test) => {
    const sandbox = await start(test);
    await setup(sandbox);
    const before = sandbox.requests.mutating().length;
    const run = await runProgram(sandbox, [
      "remove",
      "--registry",
      "myregistry",
      "--dry-run",
      "--exit-code",
      "-o",
      "json",
    ]);
    expect(run.code).toBe(5);
    expect(run.json.plan.map(({ action }: { action: string }) => action)).toEqual(
      Array.from({ length: 5 }, () => "removed"),
    );
    expect(sandbox.requests.mutating().length).toBe(before);
    const nothing = await remove(sandbox, ["--dry-run", "--exit-code", "--context", "sandbox-staging"]);
    expect([nothing.code, nothing.json.plan]).toEqual([0, []]);
  });

  it("is done in the order that breaks nothing: who pulls, the secrets, the keys, the role, the application", async (test) => {
    const sandbox = await start(test);
    const namespaces = ["-n", "awesomeapps", "-n", "default"];
    await expectDone(setup(sandbox, [...namespaces, "--service-account", "default"]));
    expectDepartures(sandbox);
    const before = sandbox.requests.mutating().length;
    await removed(sandbox);
    const kinds = sandbox.requests
      .mutating()
      .slice(before)
      .filter(({ method, path }) => method === "DELETE" || !path.includes("/secrets/"))
      .map(
        ({ path }) =>
          /serviceaccounts|secrets|removePassword|roleAssignments|deletedItems|applications(?!.*removePassword)/.exec(
            path,
          )?.[0],
      );
    expect(kinds).toEqual([
      "serviceaccounts",
      "serviceaccounts",
      "secrets",
      "removePassword",
      "roleAssignments",
      "applications",
      "deletedItems",
      "secrets",
    ]);
  });

  it("is for people what went, and how to say it without a question", async (test) => {
    const sandbox = await start(test);
    await setup(sandbox);
    expectDepartures(sandbox);
    const run = await runProgram(sandbox, ["remove", "--registry", "myregistry", "--settle", "0s", "--yes"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/^secret +sandbox\/awesomeapps\/acr-secret +removed$/m);
    expect(run.stdout).toMatch(/^key +\S+ +removed, and refused$/m);
    expect(run.stderr).toContain("✓ Deleted the secret sandbox/awesomeapps/acr-secret");
    expect(secretOf(sandbox)).toBeUndefined();
  });
});
