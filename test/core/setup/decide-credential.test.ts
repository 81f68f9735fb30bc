import { describe, expect, it } from "vitest";
import type { ProofContext } from "../../../src/core/proof/prove-pull.ts";
import {
  decideCredential,
  type CredentialQuestion,
  type HeldEntry,
} from "../../../src/core/setup/decide-credential.ts";
import type { PasswordCredential } from "../../../src/domain/identity.ts";
import { SecretText } from "../../../src/domain/secret-text.ts";
import { appId, clusterId, loginServer, registryId, textOf } from "../cluster/pull-secrets.ts";

const start = Date.parse("2031-02-03T04:05:06Z");
const hourMs = 3_600_000;

function listed(keyId: string): PasswordCredential {
  return {
    keyId,
    displayName: `acr-pull/${clusterId}/making of ${keyId}`,
    startDateTime: new Date(start - hourMs),
    endDateTime: new Date(start + hourMs),
    hint: textOf(keyId).slice(0, 3),
  };
}

function holding(namespace: string, keyId: string, mayBeYoung: boolean): HeldEntry {
  return {
    namespace,
    name: "acr-secret",
    mark: { registry: registryId, clusterId, appId, keyId, expiresAt: null, role: "acrpull" },
    credential: { username: appId, password: new SecretText(textOf(keyId)) },
    mayBeYoung,
  };
}

/** Which keys live, if the directory lists only `long-known`, and all parts refuse the others for this long. */
async function living(
  refusedForMs: number,
  secrets: { readonly targets: readonly HeldEntry[]; readonly others?: readonly HeldEntry[] },
): Promise<{ readonly keys: readonly string[]; readonly afterMs: number }> {
  let now = start;
  const takes = (text: string) => text === textOf("long-known") || now - start >= refusedForMs;
  const application = {
    objectId: "object",
    appId,
    displayName: "d",
    uniqueName: undefined,
    tags: [],
    passwords: [listed("long-known")],
  };
  const question: CredentialQuestion = {
    clusterId,
    appId,
    application,
    cannotSignInYet: false,
    loginServer,
    targets: secrets.targets,
    known: undefined,
    now: new Date(start),
    listed: () => Promise.resolve(application.passwords),
    elsewhere: () => Promise.resolve(secrets.others ?? []),
    heldOutsideTargets: () => Promise.resolve(new Set()),
  };
  const proof: ProofContext = {
    pullProof: {
      tryPull: (_host, { password }) =>
        Promise.resolve(
          takes(password.reveal()) ? { kind: "allowed" } : { kind: "refused", reason: "unknown" },
        ),
      checkReachable: () => Promise.resolve(),
    },
    signIn: {
      signIn: (_appId, password) =>
        Promise.resolve(
          takes(password.reveal())
            ? { kind: "accepted" }
            : { kind: "refused", reason: "unknown", expired: false },
        ),
    },
    clock: {
      now: () => new Date(now),
      sleep: (milliseconds) => {
        now += milliseconds;
        return Promise.resolve();
      },
    },
    report: () => {},
    kind: "registry",
    loginServer,
    image: { repository: "app" },
    timeoutMs: hourMs,
  };
  const decision = await decideCredential(question, proof, new AbortController().signal);
  const alive = decision.kind === "living" ? decision.alive : [];
  return { keys: alive.map(({ keyId }) => keyId ?? "unknown").toSorted(), afterMs: now - start };
}

describe("setup, for secrets that hold different keys", () => {
  const targets = [holding("a", "long-known", false), holding("b", "too-new", true)];

  it("replaces no key that a target got minutes ago and few parts of the service know yet", async () => {
    expect((await living(30_000, { targets })).keys).toEqual(["long-known", "too-new"]);
  });

  it("takes it for dead if it is refused for a minute", async () => {
    const { keys, afterMs } = await living(hourMs, { targets });
    expect(keys).toEqual(["long-known"]);
    expect(afterMs).toBeGreaterThanOrEqual(60_000);
    expect(afterMs).toBeLessThan(70_000);
  });

  it("waits for no key of a target that was written long ago", async () => {
    const old = [holding("a", "long-known", false), holding("b", "removed", false)];
    expect(await living(hourMs, { targets: old })).toEqual({ keys: ["long-known"], afterMs: 2_000 });
  });

  it("waits for no key of another secret, which stays as it is, while one that it can copy lives", async () => {
    expect(await living(hourMs, { targets: [], others: targets })).toEqual({
      keys: ["long-known"],
      afterMs: 2_000,
    });
  });
});
