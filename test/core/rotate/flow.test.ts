import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SandboxOptions } from "../../../src/sandbox/world-options.ts";
import { WatchedRotation, type Moment } from "./watched-rotation.ts";

let rotation: WatchedRotation;
const start = async (options?: SandboxOptions) => {
  rotation = await WatchedRotation.start(options);
};
afterEach(async () => {
  await rotation.end();
});

const settleMs = 49_000;

/** The moments after the last one that matches `from`, and before the next one that matches `to`. */
function between(moments: readonly Moment[], from: RegExp, to: RegExp): readonly Moment[] {
  const first = moments.findLastIndex(({ what }) => from.test(what)) + 1;
  const length = moments.slice(first).findIndex(({ what }) => to.test(what));
  if (first === 0 || length < 0) throw new Error(`no ${from} before a ${to}`);
  return moments.slice(first, first + length);
}

const signIns = (moments: readonly Moment[]) => moments.filter(({ what }) => what === "sign in");
/** When each moment happened, in milliseconds after the first one. */
const pace = (moments: readonly Moment[]) => moments.map(({ at }) => at - (moments[0]?.at ?? 0));
const steps = () => rotation.moments.map(({ what }) => what);

describe("a change-over", () => {
  beforeEach(() => start());

  it("makes its key under a mark that names the operation which the key's own name carries", async () => {
    const names: unknown[] = [];
    rotation.meanwhile = ({ what }) => {
      if (what !== "make a key") return;
      const { pending, clusterId } = rotation.markOf("awesomeapps") as {
        pending?: { operation: string };
        clusterId: string;
      };
      names.push(`acr-pull/${clusterId}/${pending?.operation}`);
    };
    await rotation.rotate();
    expect(names).toEqual([rotation.keys[1]?.displayName]);
  });

  it("proves the new key three times, a second apart, before any secret holds it", async () => {
    await rotation.rotate();
    const proofs = signIns(between(rotation.moments, /^make a key$/, /^write/));
    expect(pace(proofs)).toEqual([0, 1_000, 2_000]);
    for (const { held } of proofs) expect(held).toEqual({ awesomeapps: "1", default: "1" });
  });

  it("proves it for as long as before a retirement where no old one stands beside it", async () => {
    await rotation.rotate({ overlapEntry: false, settleMs: 49_000 });
    const proofs = signIns(between(rotation.moments, /^make a key$/, /^write/));
    expect(proofs).toHaveLength(26);
    expect(pace(proofs).at(-1)).toBeCloseTo(49_000, -2);
    for (const { held } of proofs) expect(held).toEqual({ awesomeapps: "1", default: "1" });
  });

  it("gives every secret the new key with the old one beside it", async () => {
    const outcome = await rotation.rotate();
    expect(outcome).toMatchObject({
      exitCode: 0,
      result: { rotations: [{ state: "pending", retired: false }] },
    });
    expect(rotation.moments.at(-1)?.held).toEqual({ awesomeapps: "2 1", default: "2 1" });
    expect(rotation.living).toEqual([1, 2]);
  });

  it("reads every secret back, and proves by the very bytes", async () => {
    await rotation.rotate();
    const written = rotation.moments.findIndex(({ held }) => held["default"] === "2 1");
    const after = rotation.moments.slice(written + 1).map(({ what }) => what);
    expect(after.slice(0, 2).toSorted()).toEqual(["read awesomeapps", "read default"]);
    expect(after[2]).toBe("sign in");
  });

  it("writes once more what somebody put back as soon as it was written", async () => {
    const before = structuredClone(rotation.secret("default")["data"]);
    let undone = false;
    rotation.meanwhile = ({ what }) => {
      if (what !== "write default" || undone) return;
      undone = true;
      rotation.secret("default")["data"] = before;
    };
    expect(await rotation.rotate()).toMatchObject({ exitCode: 0 });
    expect(rotation.moments.at(-1)?.held).toEqual({ awesomeapps: "2 1", default: "2 1" });
  });

  it("begins nothing while a secret that may not be written holds the key", async () => {
    rotation.copy(rotation.secret("default"));
    await expect(rotation.rotate()).rejects.toMatchObject({
      code: "rotate.holder-unwritable",
      exitCode: 2,
      message: expect.stringContaining("sandbox/kube-public/by-hand") as string,
    });
    expect(
      rotation.sandbox.requests.mutating().filter(({ path }) => path.endsWith("/addPassword")),
    ).toHaveLength(1);
    expect(rotation.moments.filter(({ what }) => what.startsWith("write"))).toEqual([]);
  });
});

describe("a run that finds the mark of one that was killed", () => {
  beforeEach(() => start());

  /** Leaves the mark of a run that was killed after it had written everything but the removal of that mark. */
  function leaveMark(displayName: string | null | undefined): void {
    const operation = displayName?.split("/").at(-1);
    rotation.mark("awesomeapps", (mark) => {
      const holder = { host: "another-machine", boot: "another-boot", pid: 1 };
      mark["pending"] = { operation, holder, renewedAt: new Date(Date.now() - 600_000).toISOString() };
    });
  }

  it("removes no key of it that a secret holds", async () => {
    leaveMark(rotation.keys[0]?.displayName);
    expect(await rotation.rotate({ ifDue: true })).toMatchObject({ exitCode: 0 });
    expect(rotation.living).toEqual([1]);
    expect(rotation.markOf("awesomeapps")).not.toHaveProperty("pending");
    expect(rotation.sandbox.violations).toEqual([]);
  });

  it("removes no key of it that is on its way out: that is done when its time has come", async () => {
    await rotation.rotate();
    leaveMark(rotation.keys[0]?.displayName);
    expect(await rotation.rotate()).toMatchObject({ exitCode: 0 });
    expect(rotation.living).toEqual([1, 2]);
    expect(rotation.sandbox.violations).toEqual([]);
  });
});

describe("a retirement", () => {
  beforeEach(async () => {
    await start();
    await rotation.rotate();
    rotation.moments.length = 0;
  });
  afterEach(() => {
    rotation.meanwhile = () => {};
  });

  it("changes nothing before its time", async () => {
    const before = rotation.sandbox.requests.mutating().length;
    const outcome = await rotation.rotate();
    expect(outcome).toMatchObject({
      exitCode: 0,
      result: { rotations: [{ state: "pending", retired: false }] },
    });
    expect(rotation.sandbox.requests.mutating()).toHaveLength(before);
  });

  it("takes the old password out of every secret first, and then removes that key and no other", async () => {
    rotation.passGrace();
    const outcome = await rotation.rotate({ intent: "finish" });
    expect(outcome).toMatchObject({
      exitCode: 0,
      result: { rotations: [{ state: "rotated", retired: true }] },
    });
    const removals = rotation.moments.filter(({ what }) => what === "remove a key");
    expect(removals.map(({ held }) => held)).toEqual([{ awesomeapps: "2", default: "2" }]);
    expect(rotation.living).toEqual([2]);
    expect(rotation.sandbox.violations).toEqual([]);
  });

  it("proves the new key eight times over the settling time, after every secret holds it alone", async () => {
    rotation.passGrace();
    await rotation.rotate({ intent: "finish", settleMs });
    const settling = between(
      rotation.moments.slice(0, steps().indexOf("remove a key") + 1),
      /^read/,
      /^remove a key$/,
    );
    // The first sign-in is for the bytes that were read back.
    const proofs = signIns(settling).slice(1);
    expect(pace(proofs)).toEqual([0, 7, 14, 21, 28, 35, 42, 49].map((seconds) => seconds * 1_000));
    for (const { held } of proofs) expect(held).toEqual({ awesomeapps: "2", default: "2" });
  });

  it("keeps the old key when somebody came to hold it while the new one was proven", async () => {
    rotation.passGrace();
    const old = structuredClone(rotation.secret("default"));
    let proofs = 0;
    rotation.meanwhile = ({ what, held }) => {
      if (what !== "sign in" || held["awesomeapps"] !== "2") return;
      proofs += 1;
      if (proofs === 5) rotation.copy(old);
    };
    const outcome = await rotation.rotate({ intent: "finish", settleMs });
    expect(outcome).toMatchObject({
      exitCode: 4,
      error: {
        code: "rotate.still-held",
        message: expect.stringContaining("sandbox/kube-public/by-hand") as string,
      },
      result: { rotations: [{ retired: false, retireBlocked: "still-held" }] },
    });
    expect(rotation.living).toEqual([1, 2]);
  });

  it("takes the old password out of no secret while a copy that may not be written holds it", async () => {
    rotation.passGrace();
    rotation.copy(rotation.secret("default"));
    const outcome = await rotation.rotate({ intent: "finish" });
    expect(outcome).toMatchObject({ exitCode: 4, error: { code: "rotate.still-held" } });
    expect(rotation.moments.at(-1)?.held).toMatchObject({ awesomeapps: "2 1", default: "2 1" });
    expect(rotation.living).toEqual([1, 2]);
  });

  it("keeps the old key while one of the secrets cannot be written", async () => {
    rotation.passGrace();
    rotation.sandbox.setFaults([
      { match: "^PATCH .*/namespaces/default/secrets/acr-secret[?]fieldManager", status: 403, times: 99 },
    ]);
    const outcome = await rotation.rotate({ intent: "finish" });
    expect(outcome).toMatchObject({
      exitCode: 4,
      error: {
        code: "rotate.still-held",
        message: expect.stringContaining("sandbox/default/acr-secret") as string,
      },
    });
    expect(rotation.living).toEqual([1, 2]);
    rotation.sandbox.setFaults([]);
    expect(await rotation.rotate({ intent: "finish" })).toMatchObject({ exitCode: 0 });
    expect(rotation.living).toEqual([2]);
    expect(rotation.sandbox.violations).toEqual([]);
  });

  it("keeps the old key where nobody can tell who else holds it", async () => {
    rotation.passGrace();
    const [user] = rotation.sandbox.world.clusters[0]!.users;
    const namespaces = ["awesomeapps", "default"];
    user!.rules = [
      { verbs: ["get"], resources: ["namespaces"] },
      { verbs: ["get", "patch"], resources: ["secrets"], namespaces },
    ];
    expect(await rotation.rotate({ intent: "finish", namespaces })).toMatchObject({
      exitCode: 0,
      result: { rotations: [{ retired: false, retireBlocked: "cannot-see-all-namespaces" }] },
    });
    expect(rotation.living).toEqual([1, 2]);
  });

  it("says that the removed key is not refused yet, and remembers it, until it is", async () => {
    rotation.passGrace();
    rotation.meanwhile = ({ what }) => {
      if (what === "remove a key") rotation.sandbox.world.replication.lagMs = 3_600_000;
    };
    const outcome = await rotation.rotate({ intent: "finish", timeoutMs: 60_000 });
    expect(outcome).toMatchObject({
      exitCode: 4,
      error: { code: "rotate.not-yet-refused" },
      result: { rotations: [{ retired: false, retireBlocked: "not-yet-refused" }] },
    });
    const remembering = ["awesomeapps", "default"].filter(
      (namespace) => "retire" in rotation.markOf(namespace),
    );
    expect(remembering).toHaveLength(1);
    rotation.passGrace();
    expect(await rotation.rotate({ intent: "finish" })).toMatchObject({
      exitCode: 0,
      result: { rotations: [{ state: "rotated", retired: true }] },
    });
    for (const namespace of ["awesomeapps", "default"])
      expect(rotation.markOf(namespace)).not.toHaveProperty("retire");
  });
});

describe("a key that acr-pull did not make for the cluster", () => {
  it("stays when it was replaced, and is told", async () => {
    await start();
    Object.assign(rotation.keys[0]!, { displayName: "made by hand" });
    rotation.sandbox.invariants.watch();
    await rotation.rotate();
    rotation.passGrace();
    expect(await rotation.rotate({ intent: "finish" })).toMatchObject({
      result: { rotations: [{ retired: false, retireBlocked: "key-not-ours" }] },
    });
    expect(rotation.living).toEqual([1, 2]);
    expect(rotation.moments.at(-1)?.held).toEqual({ awesomeapps: "2", default: "2" });
    expect(rotation.sandbox.violations).toEqual([]);
  });
});
