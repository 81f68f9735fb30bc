import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { setup } from "../program.ts";
import { expectDepartures, removed } from "./removal.ts";
import { start } from "./rotation.ts";

/** What `remove` needs in Kubernetes: what the README says that `setup` needs, and what it names beside that. */
const rights: Readonly<Record<string, readonly string[]>> = {
  namespaces: ["get"],
  secrets: ["get", "create", "patch", "list", "delete"],
  serviceaccounts: ["list", "get", "patch"],
  pods: ["list"],
};

const rulesOf = (some: typeof rights) =>
  Object.entries(some).map(([resource, verbs]) => ({ verbs: [...verbs], resources: [resource] }));

/** A cluster with one linked account, and from then on these rights alone. */
async function setUpWith(test: Parameters<typeof start>[0], some: typeof rights) {
  const sandbox = await start(test);
  const run = await setup(sandbox, ["--service-account", "default"]);
  expect(run.code, run.stderr).toBe(0);
  sandbox.world.clusters[0]!.users[0]!.rules = rulesOf(some);
  return sandbox;
}

describe.concurrent("the README's least rights", () => {
  it("of remove are told as they are here", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8").replaceAll(/\s+/g, " ");
    expect(readme).toContain("in each namespace: `get`, `create`, `patch` on `secrets`");
    expect(readme).toContain("cluster-wide: `get` on `namespaces`");
    expect(readme).toContain("and `list` on `secrets`");
    expect(readme).toContain(
      "It needs what `setup` needs, and besides in Kubernetes `delete` on `secrets`, `list` on `pods` and, unless `--service-account` names them, on `serviceaccounts`, and `get` and `patch` on those that are unlinked.",
    );
  });

  it("are enough for remove, also where a service account is linked", async (test) => {
    const sandbox = await setUpWith(test, rights);
    expectDepartures(sandbox);
    await removed(sandbox);
  });

  it("are enough without listing service accounts where those are named", async (test) => {
    const sandbox = await setUpWith(test, { ...rights, serviceaccounts: ["get", "patch"] });
    expectDepartures(sandbox);
    await removed(sandbox, ["--service-account", "default"]);
  });
});
