import { suggest } from "../suggest.ts";
import { describe, expect, it } from "vitest";
import { heldKeys } from "../../../src/core/cluster/holders.ts";
import { lookAtKeys, type SeenKeys } from "../../../src/core/rotate/look.ts";
import type { RotatePorts } from "../../../src/core/rotate/contract.ts";
import type { Cluster } from "../../../src/core/ports.ts";
import type { PasswordCredential } from "../../../src/domain/identity.ts";
import { applicationUniqueName, type PendingMark } from "../../../src/domain/ownership.ts";
import {
  appId,
  clusterId,
  loginServer,
  seenCluster,
  textOf,
  type SecretSpec,
} from "../cluster/pull-secrets.ts";

const hourMs = 3_600_000;
const clusterTime = new Date("2031-02-03T04:05:06Z");
const azureTime = new Date(clusterTime.getTime() + hourMs / 2);
const fromClusterTime = (hours: number) => new Date(clusterTime.getTime() + hours * hourMs);

function listed(keyId: string, more: Partial<PasswordCredential> = {}): PasswordCredential {
  return {
    keyId,
    displayName: `acr-pull/${clusterId}/making of ${keyId}`,
    startDateTime: fromClusterTime(-100),
    endDateTime: fromClusterTime(100),
    hint: textOf(keyId).slice(0, 3),
    ...more,
  };
}

/** What the services answer to a survey. */
interface Told {
  readonly passwords?: readonly PasswordCredential[];
  /** Keys whose text signs in; default: all. */
  readonly living?: readonly string[];
  /** Whether the registry lets anybody pull, whatever password they send. */
  readonly gullible?: boolean;
  readonly uniqueName?: string;
  readonly ownsLoginServer?: boolean;
  /** How far this machine's clock is ahead of the cluster's, in hours. */
  readonly ahead?: number;
}

function survey(secrets: readonly SecretSpec[], told: Told = {}): Promise<SeenKeys> {
  const { passwords = [], living, gullible = false, uniqueName, ownsLoginServer = true, ahead = 0 } = told;
  const cluster = { context: "blue", serverTime: () => clusterTime } as Cluster;
  const [held] = heldKeys(seenCluster(secrets, { cluster }), { registry: undefined, secretName: undefined });
  if (!held) throw new Error("some secret has to hold a key");
  let local = fromClusterTime(ahead).getTime();
  const application = {
    objectId: "object",
    appId,
    displayName: "d",
    uniqueName,
    tags: [],
    certificates: 0,
    passwords,
  };
  const texts = living?.map(textOf);
  const ports = {
    azure: {
      directory: {
        findApplicationByAppId: () => Promise.resolve(application),
        serverTime: () => azureTime,
      },
      signIn: {
        signIn: (_appId: string, password: { reveal(): string }) =>
          Promise.resolve(
            (texts?.includes(password.reveal()) ?? true)
              ? { kind: "accepted" }
              : { kind: "refused", reason: "unknown", expired: false },
          ),
      },
      ownsLoginServer: () => ownsLoginServer,
    },
    pullProof: {
      checkReachable: () => Promise.resolve(),
      tryPull: (_host: string, { password }: { password: { reveal(): string } }) => {
        const isLiving = gullible || (texts?.includes(password.reveal()) ?? true);
        return Promise.resolve(isLiving ? { kind: "allowed" } : { kind: "refused", reason: "unknown" });
      },
    },
    clusters: [],
    clock: {
      now: () => new Date(local),
      sleep: async (milliseconds: number) => void (local += milliseconds),
    },
    process: { host: "here", boot: "now", pid: 7, isAlive: () => true },
  } as unknown as RotatePorts;
  const wish = {
    proof: "registry",
    image: undefined,
    timeoutMs: 60_000,
    intent: "rotate",
    agreedTo: undefined,
    servicePrincipals: [],
    suggest,
  } as const;
  return lookAtKeys(held, { input: wish, ports, report: () => {} }, new AbortController().signal);
}

const inUse: SecretSpec = { namespace: "a", holds: "old" };
const keysOf = ({ holders, keyOf }: SeenKeys) => holders.map(({ credential }) => keyOf(credential.password));

describe("a survey goes by the services' clocks", () => {
  const pending = (secondsAgo: number): PendingMark => ({
    operation: "o",
    holder: { host: "elsewhere", boot: "b", pid: 1 },
    renewedAt: new Date(clusterTime.getTime() - secondsAgo * 1_000).toISOString(),
  });

  describe.each([-24, 0, 24])("while this machine's is %i hours ahead", (ahead) => {
    it("for what time it is", async () => {
      const keys = await survey([inUse], { passwords: [listed("old")], ahead });
      expect(keys.now).toEqual(azureTime);
    });

    it.each([
      ["was an hour ago", -1, false],
      ["is an hour hence", 1, true],
    ])("for whether a key is over whose end %s", async (_when, hours, alive) => {
      const passwords = [listed("old", { endDateTime: fromClusterTime(hours) }), listed("new")];
      const keys = await survey([inUse, { namespace: "b", holds: "new" }], { passwords, ahead });
      expect(keysOf(keys).map((key) => key.alive)).toEqual([alive, true]);
    });

    it("for whether another run is at work yet", async () => {
      const told = { passwords: [listed("old")], ahead };
      const live = await survey([{ ...inUse, mark: { pending: pending(59) } }], told);
      expect([live.liveMark?.target.namespace, live.staleMarks]).toEqual(["a", []]);
      const stale = await survey([{ ...inUse, mark: { pending: pending(61) } }], told);
      expect([stale.liveMark, stale.staleMarks.length]).toEqual([undefined, 1]);
    });
  });
});

describe("which key a password is", () => {
  const idOf = async (secrets: readonly SecretSpec[], passwords: readonly PasswordCredential[]) => {
    const [first] = keysOf(await survey(secrets, { passwords }));
    return [first?.keyId, first?.listed?.keyId];
  };

  it.each<[string, SecretSpec, readonly PasswordCredential[], string | null, string | undefined]>([
    ["is what the mark says", inUse, [listed("old"), listed("new")], "old", "old"],
    [
      "is what the mark says of a key whose hint is not told",
      inUse,
      [listed("old", { hint: undefined })],
      "old",
      "old",
    ],
    [
      "is what the mark says while the directory does not list that key",
      inUse,
      [listed("new")],
      "old",
      undefined,
    ],
    [
      "is not what a mark says of a key with another hint",
      { ...inUse, mark: { keyId: "new" } },
      [listed("new"), listed("old")],
      "old",
      "old",
    ],
    [
      "is told by its hint where the mark does not know it",
      { ...inUse, mark: { keyId: null } },
      [listed("new"), listed("old")],
      "old",
      "old",
    ],
    [
      "is not known where two have its hint",
      { ...inUse, mark: { keyId: null } },
      [listed("old"), listed("older", { hint: "old" })],
      null,
      undefined,
    ],
    [
      "is not known where none has its hint",
      { ...inUse, mark: { keyId: null } },
      [listed("new")],
      null,
      undefined,
    ],
  ])("%s", async (_how, secret, passwords, keyId, listedId) => {
    expect(await idOf([secret], passwords)).toEqual([keyId, listedId]);
  });

  it("is said by any of the secrets that hold it", async () => {
    const secrets = [
      { ...inUse, mark: { keyId: null } },
      { ...inUse, namespace: "b" },
    ];
    expect(await idOf(secrets, [listed("old"), listed("older", { hint: "old" })])).toEqual(["old", "old"]);
  });

  it("is said of the one before by the mark of its retirement", async () => {
    const retire = { keyId: "old", after: clusterTime.toISOString() };
    const keys = await survey([{ namespace: "a", holds: "new", beside: "old", mark: { retire } }], {
      passwords: [listed("new"), listed("old")],
    });
    const second = keys.holders[0]?.second;
    expect(second && keys.keyOf(second.password)).toMatchObject({ keyId: "old", alive: true });
  });
});

describe("a survey refuses, before anything is made,", () => {
  const other = { ...inUse, namespace: "b", holds: "other" };
  const ours = applicationUniqueName(loginServer, clusterId);

  it.each<[string, readonly SecretSpec[], Told, string]>([
    [
      "a host that is no registry of this cloud",
      [inUse],
      { ownsLoginServer: false },
      "registry.foreign-host",
    ],
    ["an application of which a mark alone speaks", [inUse], { living: [] }, "service-principal.unproven"],
    [
      "an application whose password a registry alone takes, which may be anybody's",
      [inUse],
      { living: [], gullible: true },
      "service-principal.unproven",
    ],
    [
      "to tell a forged secret from a true one where neither pulls, and no key tells which is true",
      [inUse, other],
      { living: [], uniqueName: ours, passwords: [] },
      "service-principal.unproven",
    ],
  ])("%s", async (_what, secrets, told, code) => {
    await expect(survey(secrets, { passwords: [listed("old")], ...told })).rejects.toMatchObject({
      code,
      exitCode: 2,
    });
  });

  it("no dead key of our own application", async () => {
    const keys = await survey([inUse], { living: [], uniqueName: ours, passwords: [listed("old")] });
    expect(keysOf(keys)).toMatchObject([{ keyId: "old", alive: false }]);
  });

  it("no dead key of our own application beside one that somebody made up, which is left alone", async () => {
    const keys = await survey([inUse, other], { living: [], uniqueName: ours, passwords: [listed("old")] });
    expect(keysOf(keys)).toMatchObject([{ keyId: "old", alive: false }]);
    expect(keys.changed.map(({ namespace }) => namespace)).toEqual(["b"]);
  });

  it("no application of another's where one of its passwords pulls", async () => {
    const keys = await survey([inUse, other], {
      living: ["other"],
      passwords: [listed("old"), listed("other")],
    });
    expect(keysOf(keys).map(({ alive }) => alive)).toEqual([false, true]);
  });
});
