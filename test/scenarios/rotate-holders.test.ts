import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { KubernetesObject } from "../../src/sandbox/world.ts";
import { runSafely } from "../canary.ts";
import { dockerConfigOf, marksOf, secretOf, setup, type Run } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import {
  ownApplication,
  addSecret,
  azureWrites,
  endGrace,
  heldKeys,
  keyIds,
  markOf,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";

/** The labels and annotations of the secret in awesomeapps. */
function marks(sandbox: Sandbox) {
  const { labels, annotations } = secretOf(sandbox)!.metadata;
  return { labels: { ...labels }, annotations: { ...annotations } };
}

/** The entry for the oldest key in awesomeapps, and the host that it is for. */
function oldEntry(sandbox: Sandbox) {
  const entry = Object.values(dockerConfigOf(sandbox).auths).at(-1)!;
  return { host: sandbox.world.registries[0]!.loginServer, entry };
}

/** Adds a secret with the oldest key to the namespace default, with further fields if given. */
function addCopy(
  sandbox: Sandbox,
  metadata: object = {},
  { auths, ...more }: { readonly auths?: object; readonly immutable?: boolean } = {},
): KubernetesObject {
  const { host, entry } = oldEntry(sandbox);
  const whole = { auths: auths ?? { [host]: entry }, ...more };
  return addSecret(sandbox, { namespace: "default", name: "copy", ...metadata }, whole);
}

/** A copy of the older secret type. */
function addOlder(sandbox: Sandbox): KubernetesObject {
  const { host, entry } = oldEntry(sandbox);
  const text = JSON.stringify({ [`https://${host}/v1/`]: entry });
  return sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockercfg",
    metadata: { namespace: "default", name: "copy" },
    data: { ".dockercfg": Buffer.from(text).toString("base64") },
  });
}

/** Copies that acr-pull may not write, and what each of them is. */
const unwritable: ReadonlyArray<[what: string, add: (sandbox: Sandbox) => KubernetesObject]> = [
  ["without our label", (sandbox) => addCopy(sandbox)],
  ["with our label and no marks", (sandbox) => addCopy(sandbox, { labels: { "acr-pull/managed": "true" } })],
  [
    "whose marks are beyond reading",
    (sandbox) =>
      addCopy(sandbox, {
        labels: { "acr-pull/managed": "true" },
        annotations: { "acr-pull/entries": "{" },
      }),
  ],
  [
    "that spells the host in another way",
    (sandbox) => {
      const { host, entry } = oldEntry(sandbox);
      return addCopy(sandbox, {}, { auths: { [`HTTPS://${host.toUpperCase()}/v2/`]: entry } });
    },
  ],
  [
    "that names the host with a repository",
    (sandbox) => {
      const { host, entry } = oldEntry(sandbox);
      return addCopy(sandbox, {}, { auths: { [`${host}/my-awesome-app`]: entry } });
    },
  ],
  [
    "that holds nothing but the auth text",
    (sandbox) => {
      const { host, entry } = oldEntry(sandbox);
      return addCopy(sandbox, {}, { auths: { [host]: { auth: entry.auth } } });
    },
  ],
  ["of the older type that kubelets read as well", (sandbox) => addOlder(sandbox)],
  [
    "whose owner is another object",
    (sandbox) =>
      addCopy(sandbox, {
        ...marks(sandbox),
        ownerReferences: [{ apiVersion: "v1", kind: "ExternalSecret", name: "pull", uid: "1" }],
      }),
  ],
  [
    "that Argo CD tracks",
    (sandbox) => {
      const { labels, annotations } = marks(sandbox);
      return addCopy(sandbox, {
        labels,
        annotations: { ...annotations, "argocd.argoproj.io/tracking-id": "x" },
      });
    },
  ],
  ["that is immutable", (sandbox) => addCopy(sandbox, marks(sandbox), { immutable: true })],
];

function expectStillHeld(run: Run, name: string, isOlder = false): void {
  expect([run.code, run.json.error.code], run.stderr).toEqual([4, "rotate.still-held"]);
  const { message, hint } = run.json.error;
  expect(message).toContain(name);
  expect([hint.includes("--adopt"), hint.includes("kubernetes.io/dockercfg cannot be taken over")]).toEqual([
    !isOlder,
    isOlder,
  ]);
  expect(run.json.rotations).toMatchObject([{ retired: false, retireBlocked: "still-held" }]);
}

/** Runs something while a secret exists, then removes that secret. */
async function during<T>(sandbox: Sandbox, added: KubernetesObject, work: () => Promise<T>): Promise<T> {
  sandbox.invariants.watch();
  const done = await work();
  const { objects } = sandbox.world.clusters[0]!;
  objects["secrets"] = objects["secrets"]!.filter((one) => one !== added);
  sandbox.invariants.watch();
  return done;
}

describe("rotate, where another secret holds the key,", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ checkInvariants: true });
    setUp(sandbox);
  });
  afterAll(() => sandbox.close());

  // Every second one. The others are tested below, and at scale in the long tests.
  it.each(unwritable.filter((_kind, index) => index % 2 === 1))(
    "%s: refuses before anything is made, and names it",
    async (_what, add) => {
      const run = await during(sandbox, add(sandbox), () => rotate(sandbox));
      expect([run.code, run.json.error.code], run.stderr).toEqual([2, "rotate.holder-unwritable"]);
      expect(run.json.error.message).toContain("sandbox/default/copy");
      expect(run.json.error.retryable).toBe(false);
      expect(sandbox.requests.mutating()).toEqual([]);
    },
  );
});

describe("rotate, where another secret holds the old key since the change-over,", () => {
  let sandbox: Sandbox;
  let old: string;
  beforeAll(async () => {
    sandbox = await startSandbox({ checkInvariants: true });
    ({ old } = changedOver(sandbox, { due: true }));
  });
  afterAll(() => sandbox.close());

  it.each(unwritable.filter((_kind, index) => index % 2 === 0))(
    "%s: never retires it, and names the secret",
    async (_what, add) => {
      const copy = add(sandbox);
      const run = await during(sandbox, copy, () => rotate(sandbox, ["--finish"]));
      expectStillHeld(run, "sandbox/default/copy", copy["type"] === "kubernetes.io/dockercfg");
      expect(azureWrites(sandbox)).toEqual([]);
      expect(signsIn(sandbox, old)).toBe(true);
      expect(sandbox.violations).toEqual([]);
    },
  );
});

describe.concurrent("rotate, where a secret of the older type holds the key", () => {
  it("names the type, and goes on when what it hints at is done", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const older = addOlder(sandbox);
    sandbox.invariants.watch();
    const run = await rotate(sandbox);
    const { code, message, hint } = run.json.error;
    expect([run.code, code], run.stderr).toEqual([2, "rotate.holder-unwritable"]);
    expect(message).toContain("Secret sandbox/default/copy holds a password for localhost");
    expect(message).toContain("has the older type kubernetes.io/dockercfg");
    expect(hint).toContain("acr-pull setup for its namespace with another --secret-name");
    expect(hint).not.toContain("--adopt");
    const other = ["--registry", "myregistry", "-n", "default", "--secret-name", "other", "-y"];
    expect((await runSafely(sandbox, ["setup", ...other])).code).toBe(0);
    const { objects } = sandbox.world.clusters[0]!;
    objects["secrets"] = objects["secrets"]!.filter((one) => one !== older);
    sandbox.invariants.watch();
    const { keyId } = await rotation(sandbox);
    expect(heldKeys(sandbox, "default", "other").plain).toBe(keyId);
  });
});

describe.concurrent("rotate --registry with a resource id", () => {
  it("of a registry that was moved brings also entries along that record where it was before", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    const { registry } = markOf(sandbox);
    const { annotations } = secretOf(sandbox, "default")!.metadata;
    const text = annotations!["acr-pull/entries"]!;
    annotations!["acr-pull/entries"] = text.replace(/resourceGroups\/[^/]+/, "resourceGroups/before");
    expect(annotations!["acr-pull/entries"]).not.toBe(text);
    const { keyId, json } = await rotation(sandbox, ["--registry", registry]);
    expect(json.rotations[0].registry).toBe(registry);
    for (const namespace of ["awesomeapps", "default"])
      expect(heldKeys(sandbox, namespace).plain).toBe(keyId);
  });
});

describe.concurrent("rotate, where a copy with our marks", () => {
  it("stands in a namespace that nobody named: brings it to the new key as well", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox);
    addCopy(sandbox, marks(sandbox));
    sandbox.invariants.watch();
    const { keyId } = await rotation(sandbox, ["-n", "awesomeapps"]);
    expect(heldKeys(sandbox, "default", "copy")).toEqual({ plain: keyId, https: old });
    endGrace(sandbox);
    expect((await rotation(sandbox, ["--finish"])).retired).toBe(true);
    expect(heldKeys(sandbox, "default", "copy")).toEqual({ plain: keyId, https: undefined });
  });

  it("of before turns up during the grace: gets the new key and a grace of its own before the old one goes", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { due: true });
    const { annotations, labels } = marks(sandbox);
    const [[host, mark]] = Object.entries(marksOf(sandbox)) as [[string, object]];
    annotations["acr-pull/entries"] = JSON.stringify({ [host]: { ...mark, keyId: old, retire: undefined } });
    addCopy(sandbox, { labels, annotations });
    sandbox.invariants.watch();
    expect((await rotation(sandbox, ["--finish"])).state).toBe("pending");
    expect(heldKeys(sandbox, "default", "copy")).toEqual({ plain: keyId, https: old });
    expect(signsIn(sandbox, old)).toBe(true);
    endGrace(sandbox);
    expect((await rotation(sandbox, ["--finish"])).retired).toBe(true);
    expect(keyIds(sandbox)).toEqual([keyId]);
  });
});

describe.concurrent("rotate, where a copy was made by hand during the grace", () => {
  /** Copies both passwords in awesomeapps into a secret that is not ours. */
  function copyBoth(sandbox: Sandbox) {
    addSecret(sandbox, { namespace: "default", name: "copy" });
    sandbox.invariants.watch();
  }

  it("and taken over by setup --adopt, as the refusal says: has the new key alone, and the old one goes", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { due: true });
    copyBoth(sandbox);
    const plan = await rotate(sandbox, ["--finish", "--dry-run"]);
    expect(plan.json.warnings.join(" ")).toContain("sandbox/default/copy");
    expect(plan.json.plan).toMatchObject([{ target: `key ${old}`, action: "skipped" }]);
    expectStillHeld(await rotate(sandbox, ["--finish"]), "sandbox/default/copy");
    const adopted = await setup(sandbox, ["-n", "default", "--secret-name", "copy", "--adopt"]);
    expect(adopted.code, adopted.stderr).toBe(0);
    expect(heldKeys(sandbox, "default", "copy")).toEqual({ plain: keyId, https: undefined });
    expect(await rotation(sandbox, ["--finish"])).toMatchObject({ retired: true, replaced: old });
    expect(keyIds(sandbox)).toEqual([keyId]);
  });

  it("and marked as ours without a word of the old key: has the old one taken out, and it goes", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { due: true });
    const { labels, annotations } = marks(sandbox);
    const [[host, mark]] = Object.entries(marksOf(sandbox)) as [[string, object]];
    annotations["acr-pull/entries"] = JSON.stringify({ [host]: { ...mark, retire: undefined } });
    addSecret(sandbox, { namespace: "default", name: "copy", labels, annotations });
    sandbox.invariants.watch();
    expect(heldKeys(sandbox, "default", "copy")).toEqual({ plain: keyId, https: old });
    expect(await rotation(sandbox, ["--finish"])).toMatchObject({ retired: true, replaced: old });
    expect(heldKeys(sandbox, "default", "copy")).toEqual({ plain: keyId, https: undefined });
  });

  it("of the old key alone: a leak replaces the key in use all the same, and tells what stays", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { due: true });
    addCopy(sandbox);
    sandbox.invariants.watch();
    // The one that stays, the leaked one in use, and the new one.
    sandbox.invariants.maxLiveKeys = 3;
    const leaked = ["--compromised", "-n", "awesomeapps"];
    const plan = await rotate(sandbox, [...leaked, "--dry-run"]);
    const actions = plan.json.plan.map(({ action }: { action: string }) => action);
    expect([actions[0], actions.includes("created")]).toEqual(["skipped", true]);
    const run = await rotate(sandbox, leaked);
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "rotate.still-held"]);
    expect([signsIn(sandbox, keyId), signsIn(sandbox, old)]).toEqual([false, true]);
    expect(run.json.rotations).toMatchObject([
      { replaced: old, retired: false, retireBlocked: "still-held" },
      { replaced: keyId, retired: true, state: "rotated" },
    ]);
    expect(heldKeys(sandbox).https).toBeUndefined();
  });
});

/** Does something once the old key has been taken out of the secret. */
function onCleanedUp(sandbox: Sandbox, work: () => void): void {
  const stop = sandbox.observe((phase, { method, path }) => {
    if (phase !== "committed" || method !== "PATCH" || !path.endsWith("/awesomeapps/secrets/acr-secret"))
      return;
    if (heldKeys(sandbox).https !== undefined) return;
    stop();
    work();
  });
}

describe.concurrent("rotate, where a copy turns up", () => {
  it.for([
    ["as it was", false],
    ["with the user name in capitals", true],
  ] as const)(
    "between the clean-up and the removal, %s: leaves the key, and so does every run after it",
    async ([, inCapitals], test) => {
      const sandbox = await start(test);
      const { old } = changedOver(sandbox, { due: true });
      const { host, entry: found } = oldEntry(sandbox);
      const entry = inCapitals ? { username: found.username.toUpperCase(), password: found.password } : found;
      onCleanedUp(sandbox, () => {
        addSecret(sandbox, { namespace: "default", name: "late" }, { auths: { [host]: entry } });
      });
      expectStillHeld(await rotate(sandbox, ["--finish"]), "sandbox/default/late");
      expect(markOf(sandbox).retire.keyId).toBe(old);
      // No secret of ours holds its text any longer.
      expect(heldKeys(sandbox).https).toBeUndefined();
      expectStillHeld(await rotate(sandbox, ["--finish"]), "sandbox/default/late");
      expect(signsIn(sandbox, old)).toBe(true);

      const { objects } = sandbox.world.clusters[0]!;
      objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.name !== "late");
      sandbox.invariants.watch();
      expect(await rotation(sandbox, ["--finish"])).toMatchObject({ retired: true, replaced: old });
    },
  );
});

describe.concurrent("rotate, where the right to list secrets goes after the clean-up", () => {
  it("and a copy turns up: leaves the key, until it may look again", async (test) => {
    const sandbox = await start(test);
    const { old } = changedOver(sandbox, { due: true });
    const { host, entry } = oldEntry(sandbox);
    const [user] = sandbox.world.clusters[0]!.users;
    const { rules } = user!;
    onCleanedUp(sandbox, () => {
      addSecret(sandbox, { namespace: "default", name: "late" }, { auths: { [host]: entry } });
      user!.rules = [
        { verbs: ["get", "patch"], resources: ["secrets"] },
        { verbs: ["get"], resources: ["namespaces"] },
      ];
    });
    const run = await rotate(sandbox, ["--finish"]);
    expect([run.code, run.json.error?.code, run.json.rotations[0].retireBlocked], run.stderr).toEqual([
      4,
      "rotate.cannot-see-all-namespaces",
      "cannot-see-all-namespaces",
    ]);
    expect(signsIn(sandbox, old)).toBe(true);
    user!.rules = rules;
    expectStillHeld(await rotate(sandbox, ["--finish"]), "sandbox/default/late");
  });
});

describe.concurrent("rotate, where a second cluster shares the password,", () => {
  it("and is looked at too: does not retire the old key while that one holds it", async (test) => {
    const sandbox = await start(test);
    const { old } = changedOver(sandbox, { due: true });
    const { host, entry } = oldEntry(sandbox);
    const name = { namespace: "awesomeapps", name: "acr-secret" };
    addSecret(sandbox, name, { auths: { [host]: entry }, context: "sandbox-staging" });
    sandbox.invariants.watch();
    const run = await rotate(sandbox, ["--context", "sandbox", "--context", "sandbox-staging", "--finish"]);
    expectStillHeld(run, "sandbox-staging/awesomeapps/acr-secret");
    expect(signsIn(sandbox, old)).toBe(true);
  });
});

describe.concurrent("rotate, where secrets may not be listed cluster-wide,", () => {
  const namespaces = ["awesomeapps", "default"];
  const named = ["-n", "awesomeapps", "-n", "default"];
  /** Leaves the user only what a team may do in its own namespaces, and the right to read the cluster's id. */
  function narrow({ world }: Sandbox): void {
    world.clusters[0]!.users[0]!.rules = [
      { verbs: ["get", "create", "patch"], resources: ["secrets"], namespaces },
      { verbs: ["get"], resources: ["namespaces"] },
    ];
  }

  it("changes over what was named, and says that the old key will stay", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    narrow(sandbox);
    const { keyId, stderr } = await rotation(sandbox, named);
    expect(stderr).toContain("so the old key stays valid until its own end");
    expect(heldKeys(sandbox, "default")).toEqual({ plain: keyId, https: old });
  });

  it("does not advise what would not retire the old key when its time is over", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    narrow(sandbox);
    const first = await runSafely(sandbox, ["rotate", ...named, "-y", "--settle", "0s"]);
    const second = await rotate(sandbox, named);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.stdout).toContain(`The old key ${old} stays valid until`);
    expect(first.stdout).not.toContain("--finish");
    expect(first.stdout).toContain(`az ad app credential delete --id`);
    expect(second.json.rotations).toMatchObject([
      { state: "pending", retired: false, retireBlocked: "cannot-see-all-namespaces", replaced: old },
    ]);
  });

  it("takes the old key out of the secrets when its time is over, leaves it valid, and says why", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces, due: true });
    narrow(sandbox);
    const run = await rotate(sandbox, [...named, "--finish"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.rotations).toMatchObject([
      { state: "rotated", retired: false, retireBlocked: "cannot-see-all-namespaces", replaced: old },
    ]);
    expect(heldKeys(sandbox, "default")).toEqual({ plain: keyId, https: undefined });
    expect(signsIn(sandbox, old)).toBe(true);
    // The one that stays does not hold up the next rotation.
    sandbox.invariants.maxLiveKeys = 3;
    const next = await rotation(sandbox, named);
    expect(next).toMatchObject({ state: "pending", replaced: keyId });
    ownApplication(sandbox).passwords.find((one) => one.keyId === old)!.removedAt = Date.now();
  });

  it("without -n looks at the context's own namespace alone", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces });
    narrow(sandbox);
    const { json } = await rotation(sandbox, ["--if-due"]);
    expect(json.secrets.map(({ namespace }: { namespace: string }) => namespace)).toEqual(["default"]);
  });
});
