import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { setup } from "../program.ts";
import { expectDepartures, remove } from "./removal.ts";
import { countingWrites, start } from "./rotation.ts";

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
    expect((await remove(sandbox)).code).toBe(0);
  });

  it("are enough without listing service accounts where those are named", async (test) => {
    const sandbox = await setUpWith(test, { ...rights, serviceaccounts: ["get", "patch"] });
    expectDepartures(sandbox);
    expect((await remove(sandbox, ["--service-account", "default"])).code).toBe(0);
  });

  it.for([
    ["get", "serviceaccounts"],
    ["patch", "serviceaccounts"],
    ["list", "serviceaccounts"],
    ["list", "pods"],
    ["patch", "secrets"],
    ["delete", "secrets"],
  ] as const)(
    "without %s on %s nothing is written, and what lacks is named",
    async ([verb, resource], test) => {
      const verbs = rights[resource]!.filter((one) => one !== verb);
      const sandbox = await setUpWith(test, { ...rights, [resource]: verbs });
      const { result: run, writes } = await countingWrites(sandbox, () => remove(sandbox));
      expect([run.code, run.json.error.code, writes], run.stderr).toEqual([3, "kubernetes.forbidden", 0]);
      expect(run.json.error.message).toContain(`You may not ${verb}`);
    },
  );
});
