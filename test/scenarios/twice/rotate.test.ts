import { expect, it } from "vitest";
import type { Run } from "../../program.ts";
import { keyIds, signsIn } from "../rotation.ts";
import { onEachCluster } from "./on-each-cluster.ts";
import type { Scenario } from "./scenario.ts";

/** The one key that a run was about. The run must have succeeded. */
function rotationOf(run: Run) {
  expect(run.code, run.stderr + run.stdout).toBe(0);
  expect(run.json.rotations).toHaveLength(1);
  return run.json.rotations[0];
}

/** How a refused run ended. */
const ending = (run: Run) => [run.code, run.json.error?.code];

/** Lets the grace of a secret's retirement end this many milliseconds from now. */
async function endGrace(scenario: Scenario, namespace: string, inMs = -60_000): Promise<void> {
  const marks = await scenario.marks(namespace);
  for (const { retire } of Object.values(marks)) {
    retire.after = `${new Date(Date.now() + inMs).toISOString().slice(0, 19)}Z`;
  }
  await scenario.patch("Secret", namespace, "acr-secret", {
    metadata: { annotations: { "acr-pull/entries": JSON.stringify(marks) } },
  });
}

const givenKey = "0a0a0a0a-1111-4111-8111-111111111111";
const givenText = "giv8Q~en-by-hand-0123456789012345678901";
/** An application with a password that somebody made by hand. */
const given = {
  applications: [
    {
      displayName: "team",
      owners: ["caller"],
      passwords: [{ displayName: "by hand", secretText: givenText, keyId: givenKey }],
      roles: [{ role: "AcrPull", scope: "myregistry" }],
    },
  ],
};

onEachCluster((open) => {
  it("rotate puts the new key under the plain host and leaves the old one beside it, in every secret", async (test) => {
    const scenario = await open(test);
    const namespaces = [await scenario.namespace(), await scenario.namespace()];
    const { keyId: old } = await scenario.setUp(namespaces);
    const before = await Promise.all(namespaces.map((one) => scenario.secret(one)));
    const { keyId, replaced, state, retired } = rotationOf(await scenario.rotate());
    expect([state, replaced, retired]).toEqual(["pending", old, false]);
    for (const [index, namespace] of namespaces.entries()) {
      expect(await scenario.keys(namespace)).toEqual({ plain: keyId, beside: old });
      const mark = (await scenario.marks(namespace))[scenario.loginServer()];
      expect(mark).toMatchObject({ keyId, retire: { keyId: old } });
      expect(mark).not.toHaveProperty("pending");
      const { uid } = (await scenario.secret(namespace)).metadata;
      expect(uid).toBe(before[index].metadata.uid);
    }
    expect([signsIn(scenario.sandbox, old), signsIn(scenario.sandbox, keyId)]).toEqual([true, true]);
  });

  it("rotate while the old key is to be retired says so, and asks for no change", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const { keyId, old } = await scenario.changedOver([namespace]);
    for (const args of [[], ["--if-due"]]) {
      const { run, changes } = await scenario.watched(["rotate", "--yes", ...args]);
      expect(rotationOf(run)).toMatchObject({ state: "pending", keyId, replaced: old, retired: false });
      expect(changes).toEqual([]);
    }
  });

  it("rotate --finish after the grace takes the old entry out of every secret, and removes that key", async (test) => {
    const scenario = await open(test);
    const namespaces = [await scenario.namespace(), await scenario.namespace()];
    const { keyId, old } = await scenario.changedOver(namespaces, { due: true });
    const finished = rotationOf(await scenario.rotate(["--finish"]));
    expect(finished).toMatchObject({ state: "rotated", keyId, replaced: old, retired: true });
    for (const namespace of namespaces) {
      expect(await scenario.keys(namespace)).toEqual({ plain: keyId, beside: undefined });
      expect((await scenario.marks(namespace))[scenario.loginServer()]).not.toHaveProperty("retire");
    }
    expect([keyIds(scenario.sandbox), signsIn(scenario.sandbox, old)]).toEqual([[keyId], false]);
  });

  it("rotate, --grace over, goes on by itself: retires the old key", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    await scenario.setUp([namespace]);
    const { keyId, replaced, retireAfter } = rotationOf(await scenario.rotate(["--grace", "2h"]));
    expect(Date.parse(retireAfter) - Date.now()).toBeGreaterThan(1.9 * 3_600_000);
    await endGrace(scenario, namespace);
    const finished = rotationOf(await scenario.rotate(["--if-due"]));
    expect(finished).toMatchObject({ state: "rotated", keyId, replaced, retired: true });
    expect(await scenario.keys(namespace)).toEqual({ plain: keyId, beside: undefined });
  });

  it("rotate --compromised has the old key refused when it ends, and the new one alone in every secret", async (test) => {
    const scenario = await open(test);
    const namespaces = [await scenario.namespace(), await scenario.namespace()];
    const { keyId: old } = await scenario.setUp(namespaces);
    const { keyId, retired } = rotationOf(
      await scenario.rotate(["--compromised", ...namespaces.flatMap((one) => ["-n", one])]),
    );
    expect([retired, signsIn(scenario.sandbox, old)]).toEqual([true, false]);
    for (const namespace of namespaces) {
      expect(await scenario.keys(namespace)).toEqual({ plain: keyId, beside: undefined });
    }
  });

  it("rotate --no-overlap-entry leaves the new key alone in the secrets, and the old one valid", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const { keyId: old } = await scenario.setUp([namespace]);
    const { keyId } = rotationOf(await scenario.rotate(["--no-overlap-entry"]));
    expect(await scenario.keys(namespace)).toEqual({ plain: keyId, beside: undefined });
    expect(signsIn(scenario.sandbox, old)).toBe(true);
  });

  it("rotate --if-due leaves a young key alone", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const { keyId } = await scenario.setUp([namespace], { ageDays: 119 });
    const args = ["--if-due"];
    expect(rotationOf(await scenario.rotate(args))).toMatchObject({ state: "unchanged", keyId });
  });

  it("rotate -n changes over every secret that holds a chosen key, wherever it is, and no other key", async (test) => {
    const scenario = await open(test);
    const [first, second] = [await scenario.namespace(), await scenario.namespace()];
    await scenario.setUp([first, second]);
    const { keyId } = rotationOf(await scenario.rotate(["-n", first]));
    expect((await scenario.keys(second)).plain).toBe(keyId);
  });

  it("rotate of both registries in one secret replaces one key after the other", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    for (const registry of ["myregistry", "abacregistry"]) {
      expect((await scenario.setup(["-n", namespace, "--registry", registry])).code).toBe(0);
    }
    const run = await scenario.rotate();
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.rotations).toHaveLength(2);
    for (const registry of ["myregistry", "abacregistry"]) {
      const { plain, beside } = await scenario.keys(namespace, registry);
      expect([plain, beside]).toEqual([expect.any(String), expect.any(String)]);
    }
  });

  it.for<[what: string, metadata: object, rest: object]>([
    ["that somebody else made", {}, {}],
    ["that is immutable", {}, { immutable: true }],
    ["that Argo CD tracks", { annotations: { "argocd.argoproj.io/tracking-id": "x" } }, {}],
  ])(
    "rotate refuses where a secret %s holds the key, also where it leaked",
    async ([, metadata, rest], test) => {
      const scenario = await open(test);
      const [ours, theirs] = [await scenario.namespace(), await scenario.namespace()];
      const { keyId: old } = await scenario.setUp([ours]);
      const auths = await scenario.auths(ours);
      const copy = await scenario.addSecret({ name: "copy", namespace: theirs, ...metadata }, auths, rest);
      expect(ending(await scenario.rotate())).toEqual([2, "rotate.holder-unwritable"]);
      const leaked = ["--compromised", "-n", ours];
      expect(ending(await scenario.rotate(leaked))).toEqual([2, "rotate.holder-unwritable"]);
      expect(signsIn(scenario.sandbox, old)).toBe(true);
      expect(await scenario.secret(theirs, "copy")).toEqual(copy);
    },
  );

  it("rotate refuses where a secret with the key is being deleted", async (test) => {
    const scenario = await open(test);
    const namespaces = [await scenario.namespace(), await scenario.namespace()];
    await scenario.setUp(namespaces);
    const [held] = namespaces as [string];
    await scenario.patch("Secret", held, "acr-secret", { metadata: { finalizers: ["test.example/hold"] } });
    await scenario.delete("Secret", held, "acr-secret");
    const run = await scenario.rotate();
    expect(ending(run)).toEqual([2, "rotate.holder-unwritable"]);
    expect(run.json.error.message).toContain("test.example/hold");
  });

  it("rotate keeps the hosts, labels and annotations that others put into a secret", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const other = { username: "u", password: "p", auth: "dTpw" };
    await scenario.addSecret(
      { name: "acr-secret", namespace, labels: { team: "blue" }, annotations: { note: "n" } },
      { "other.example": other },
    );
    expect((await scenario.setup(["-n", namespace, "--adopt"])).code).toBe(0);
    rotationOf(await scenario.rotate());
    expect((await scenario.auths(namespace))["other.example"]).toEqual(other);
    const { labels, annotations } = (await scenario.secret(namespace)).metadata;
    expect([labels.team, annotations.note]).toEqual(["blue", "n"]);
  });

  it("rotate of a password that was given by hand makes a key of ours, and leaves the given one valid", async (test) => {
    const scenario = await open(test, given);
    const namespace = await scenario.namespace();
    const args = ["-n", namespace, "--service-principal", "team", "--password-stdin"];
    expect((await scenario.setup(args, { input: givenText })).code).toBe(0);
    const team = scenario.sandbox.world.applications.find(({ displayName }) => displayName === "team");
    const named = ["--service-principal", team?.appId ?? ""];
    const { keyId } = rotationOf(await scenario.rotate(named));
    expect(await scenario.keys(namespace)).toEqual({ plain: keyId, beside: givenKey });
    await endGrace(scenario, namespace);
    const finished = rotationOf(await scenario.rotate(["--finish"]));
    expect(finished).toMatchObject({ state: "rotated", replaced: givenKey, retired: false });
    expect(signsIn(scenario.sandbox, givenKey)).toBe(true);
  });

  it("rotate where nothing is set up says so", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    expect(ending(await scenario.rotate(["-n", namespace]))[0]).toBe(2);
    expect(scenario.sandbox.world.applications.some((one) => one.uniqueName?.startsWith("acr-pull-"))).toBe(
      false,
    );
  });
});
