import { describe, expect, it } from "vitest";
import {
  credentialState,
  mayHoldYoungKey,
  type CredentialState,
} from "../../../src/core/proof/credential-state.ts";
import type { PullOutcome } from "../../../src/core/ports.ts";
import type { ProgressEvent, Report } from "../../../src/core/progress.ts";
import type { PasswordCredential } from "../../../src/domain/identity.ts";
import { SecretText } from "../../../src/domain/secret-text.ts";

const minute = 60_000;
const start = Date.parse("2026-01-01T00:00:00Z");
const password = new SecretText("abc8Q~rest");

/** A key as Graph lists it, made this long ago. */
function listed(ageMs: number, hint = "abc"): PasswordCredential {
  return {
    keyId: "key",
    displayName: undefined,
    hint,
    startDateTime: new Date(start - ageMs),
    endDateTime: new Date(start + 1_000 * minute),
  };
}

/**
 * How a password is judged if every part of the service refuses it until some time has passed, and how long that
 * takes. The machine's clock is a day ahead of the services'.
 */
async function judged(
  takenAfterMs: number,
  key: PasswordCredential | undefined,
  leastPatienceMs?: number,
  report: Report = () => {},
): Promise<[CredentialState, number]> {
  const begun = start + 24 * 60 * minute;
  let now = begun;
  const isTaken = () => now - begun >= takenAfterMs;
  const state = await credentialState(
    {
      pullProof: {
        tryPull: () =>
          Promise.resolve(isTaken() ? { kind: "allowed" } : { kind: "refused", reason: "unknown" }),
        checkReachable: () => Promise.resolve(),
      },
      signIn: {
        signIn: () =>
          Promise.resolve(
            isTaken() ? { kind: "accepted" } : { kind: "refused", reason: "unknown", expired: false },
          ),
      },
      clock: {
        now: () => new Date(now),
        sleep: (milliseconds) => {
          now += milliseconds;
          return Promise.resolve();
        },
      },
      report,
      kind: "registry",
      loginServer: "myregistry.azurecr.io",
      image: { repository: "app" },
      timeoutMs: 20 * minute,
    },
    { username: "id", password },
    { key, now: new Date(start), ...(leastPatienceMs !== undefined && { leastPatienceMs }) },
    new AbortController().signal,
  );
  return [state, now - begun];
}

/** How a password that Entra must accept too is judged, and after how many tries. The last answers repeat. */
async function judgedByBoth(
  registry: ReadonlyArray<PullOutcome["kind"]>,
  entra: ReadonlyArray<"accepted" | "refused" | "expired">,
  key?: PasswordCredential,
): Promise<[CredentialState, number]> {
  let tries = 0;
  const nth = <T>(all: readonly T[]) => all[Math.min(tries, all.length - 1)] as T;
  const state = await credentialState(
    {
      pullProof: {
        tryPull: async () => ({ kind: nth(registry), reason: "" }),
        checkReachable: () => Promise.resolve(),
      },
      signIn: {
        signIn: async () => {
          const kind = nth(entra);
          return kind === "accepted"
            ? { kind }
            : { kind: "refused", reason: "", expired: kind === "expired", at: new Date(start) };
        },
      },
      clock: {
        now: () => new Date(start + tries * 1_000),
        sleep: async () => {
          tries += 1;
        },
      },
      report: () => {},
      kind: "registry",
      loginServer: "myregistry.azurecr.io",
      image: { repository: "app" },
      timeoutMs: minute,
    },
    { username: "id", password },
    { key, now: new Date(start), entraToo: true },
    new AbortController().signal,
  );
  return [state, tries + 1];
}

describe("a password that Entra has to take too", () => {
  it.each<
    [
      string,
      ReadonlyArray<PullOutcome["kind"]>,
      ReadonlyArray<"accepted" | "refused" | "expired">,
      CredentialState,
      number,
    ]
  >([
    ["pulls when both take it", ["allowed"], ["accepted"], "pulls", 1],
    [
      "pulls when both took it, each in its time",
      ["refused", "allowed"],
      ["accepted", "refused"],
      "pulls",
      2,
    ],
    ["is dead where the registry takes anything", ["allowed"], ["refused"], "dead", 3],
    ["is not dead because it is called expired once", ["allowed"], ["expired", "accepted"], "pulls", 2],
    ["is dead where it is called expired each time", ["allowed"], ["expired"], "dead", 3],
    ["is dead where the registry only says that it knows it", ["no-pull-scope"], ["refused"], "dead", 3],
    ["signs in where the registry lets it pull nothing", ["no-pull-scope"], ["accepted"], "signs-in", 3],
    ["signs in where the registry refuses it", ["refused"], ["accepted"], "signs-in", 3],
  ])("%s", async (_, registry, entra, state, tries) => {
    expect(await judgedByBoth(registry, entra)).toEqual([state, tries]);
  });
});

describe("a password that Entra calls expired", () => {
  const ended = { ...listed(60 * minute), endDateTime: new Date(start - minute) };
  it.each<[string, PasswordCredential, CredentialState, number]>([
    ["is dead at once when its key is listed as ended", ended, "dead", 1],
    ["is tried again when its key is listed as living", listed(60 * minute), "pulls", 2],
    ["is tried again when its key has another end", { ...ended, endDateTime: undefined }, "pulls", 2],
  ])("%s", async (_, key, state, tries) => {
    expect(await judgedByBoth(["allowed"], ["expired", "accepted"], key)).toEqual([state, tries]);
  });
});

describe("a password that is refused", () => {
  it.each<[string, number, PasswordCredential | undefined, number | undefined, CredentialState, number]>([
    ["is tried again before it is believed", 2_000, undefined, undefined, "pulls", 2_000],
    ["is dead when nothing speaks for it", 3_000, undefined, undefined, "dead", 2_000],
    ["is dead when its key is long known", 3_000, listed(15 * minute), undefined, "dead", 2_000],
    [
      "is waited for as long as a young key may take",
      10 * minute,
      listed(5 * minute),
      undefined,
      "pulls",
      10 * minute,
    ],
    [
      "is dead when a young key had its time",
      20 * minute,
      listed(5 * minute),
      undefined,
      "dead",
      10 * minute,
    ],
    [
      "is dead at once when the young key has another text",
      minute,
      listed(0, "xyz"),
      undefined,
      "dead",
      2_000,
    ],
    ["is waited for when its key is not listed and may be young", 9_000, undefined, 10_000, "pulls", 9_000],
    ["is dead when a key that is not listed had its time", minute, undefined, 10_000, "dead", 10_000],
    ["is waited for at least as long as asked", 9_000, listed(15 * minute), 10_000, "pulls", 9_000],
    ["is waited for longer if its key is young", 9 * minute, listed(5 * minute), 10_000, "pulls", 9 * minute],
  ])("%s", async (_, takenAfterMs, key, patienceMs, state, after) => {
    expect(await judged(takenAfterMs, key, patienceMs)).toEqual([state, after]);
  });

  it.each<[string, PasswordCredential | undefined, number | undefined, string]>([
    [
      "a young key",
      listed(5.5 * minute),
      undefined,
      "accept the key key: it is refused, but may be too new to be known everywhere; up to 10m",
    ],
    [
      "a key that seems to be made a moment from now",
      listed(-900),
      undefined,
      "accept the key key: it is refused, but may be too new to be known everywhere; up to 15m",
    ],
    [
      "a key that is not listed",
      undefined,
      10_000,
      "accept a password of id: it is refused, but may be too new to be known everywhere; up to 10s",
    ],
  ])(
    "says that it waits for %s, for what and how long at most, and when that is over",
    async (_, key, patienceMs, words) => {
      const events: ProgressEvent[] = [];
      await judged(20 * minute, key, patienceMs, (event) => events.push(event));
      const [first] = events;
      expect(first).toMatchObject({ kind: "waiting", text: `Waiting for myregistry.azurecr.io to ${words}` });
      expect(events.at(-1)).toEqual({ kind: "ended", id: first && "id" in first && first.id });
    },
  );

  it("says nothing of waiting where a refusal is believed", async () => {
    const events: ProgressEvent[] = [];
    await judged(20 * minute, listed(15 * minute), undefined, (event) => events.push(event));
    expect(events.filter(({ kind }) => kind === "waiting")).toEqual([]);
  });
});

it.each([
  ["14 minutes ago", true, 14 * minute],
  ["15 minutes ago", false, 15 * minute],
  ["half a minute ahead of the server's clock", true, -minute / 2],
  ["years ahead of it, as only a forged time is", false, -500_000 * minute],
  ["at a time that nobody recorded, as in a manifest", true, undefined],
])("that a secret written %s may hold a young key is %s", (_, may, agoMs) => {
  const serverTime = () => new Date(start);
  const secret = agoMs === undefined ? {} : { writtenAt: start - agoMs };
  expect(mayHoldYoungKey(secret, { serverTime })).toBe(may);
});
