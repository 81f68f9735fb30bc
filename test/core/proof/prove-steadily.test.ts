import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProofContext } from "../../../src/core/proof/prove-pull.ts";
import {
  isRefusedSteadily,
  manyLooks,
  proveSteadily,
  type Steadiness,
} from "../../../src/core/proof/prove-steadily.ts";
import type { PullOutcome, SignInOutcome } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/domain/secret-text.ts";

const allowed: PullOutcome = { kind: "allowed" };
const refused: PullOutcome = { kind: "refused", reason: "unknown" };
const noPull: PullOutcome = { kind: "no-pull-scope", reason: "no role" };
const missing: PullOutcome = { kind: "image-missing", reason: "no such tag" };
const accepted: SignInOutcome = { kind: "accepted" };
const turnedAway: SignInOutcome = { kind: "refused", reason: "unknown", expired: false };

const credential = { username: "id", password: new SecretText("pw") };
const minute = 60_000;

interface Script {
  /** What the registry answers, in order. The last answer repeats. */
  readonly pulls?: readonly PullOutcome[];
  /** What Entra answers, likewise. */
  readonly signIns?: readonly SignInOutcome[];
  readonly kind?: ProofContext["kind"];
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Services that answer as they are told, and a clock that takes no real time. */
class ScriptedServices {
  /** When the registry was asked, in milliseconds from the start. */
  readonly pulledAt: number[] = [];
  readonly signedInAt: number[] = [];
  readonly context: ProofContext;
  readonly signal: AbortSignal;
  #now = 0;

  constructor({
    pulls = [allowed],
    signIns = [accepted],
    kind = "registry",
    timeoutMs = minute,
    signal,
  }: Script) {
    this.signal = signal ?? new AbortController().signal;
    const next = <T>(answers: readonly T[], asked: number[]) => {
      asked.push(this.#now);
      return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] as T);
    };
    this.context = {
      pullProof: {
        tryPull: () => next(pulls, this.pulledAt),
        checkReachable: () => Promise.resolve(),
      },
      signIn: { signIn: () => next(signIns, this.signedInAt) },
      clock: {
        now: () => new Date(this.#now),
        sleep: async (milliseconds, signal) => {
          signal.throwIfAborted();
          this.#now += milliseconds;
        },
      },
      report: () => {},
      kind,
      loginServer: "myregistry.azurecr.io",
      image: { repository: "app" },
      timeoutMs,
    };
  }

  prove(steadiness: Partial<Steadiness> = {}): Promise<void> {
    const all = { times: 3, spreadMs: 2_000, signInSuffices: false, ...steadiness };
    return proveSteadily(this.context, credential, all, this.signal);
  }

  isRefused(times = 3, spreadMs = 2_000): Promise<boolean> {
    return isRefusedSteadily(this.context, credential, { times, spreadMs }, this.signal);
  }
}

describe("a password that is proven steadily", () => {
  it("signs in so often, spread evenly over the time from the first to the last", async () => {
    const services = new ScriptedServices({});
    await services.prove({ times: 8, spreadMs: 49_000 });
    expect(services.pulledAt).toEqual([0, 7_000, 14_000, 21_000, 28_000, 35_000, 42_000, 49_000]);
  });

  it.each([
    ["once, without a pause, when once is enough", 1, 49_000, [0]],
    ["back to back when no time is to be taken", 3, 0, [0, 0, 0]],
  ])("signs in %s", async (_how, times, spreadMs, at) => {
    const services = new ScriptedServices({});
    await services.prove({ times, spreadMs });
    expect(services.pulledAt).toEqual(at);
  });

  it("has to begin anew when it is refused, a second later", async () => {
    const services = new ScriptedServices({ pulls: [allowed, allowed, refused, allowed, refused, allowed] });
    await services.prove();
    expect(services.pulledAt).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000]);
  });

  it("was taken as often in a row as was asked, at the end and never before", async () => {
    const outcome = fc.constantFrom(allowed, refused, noPull);
    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat({ max: 60_000 }),
        fc.boolean(),
        async (answers, times, spreadMs, signInSuffices) => {
          const pulls = [...answers, allowed];
          const services = new ScriptedServices({ pulls, timeoutMs: 1_000 * minute });
          await services.prove({ times, spreadMs, signInSuffices });
          const taken = services.pulledAt.map((_at, index) => {
            const { kind } = pulls[index] ?? allowed;
            return kind === "allowed" || (signInSuffices && kind === "no-pull-scope") ? "y" : "n";
          });
          const inARow = "y".repeat(times);
          expect(taken.join("").indexOf(inARow)).toBe(taken.length - times);
          const [first = 0, last = 0] = [services.pulledAt.at(-times), services.pulledAt.at(-1)];
          expect(last - first).toBeCloseTo(times > 1 ? spreadMs : 0, 5);
        },
      ),
    );
  });

  it("is not proven by signing in alone, unless that suffices", async () => {
    const services = new ScriptedServices({ pulls: [noPull] });
    await expect(services.prove()).rejects.toMatchObject({ code: "proof.no-pull-scope", retryable: true });
    const limited = new ScriptedServices({ pulls: [noPull, allowed, noPull] });
    await limited.prove({ signInSuffices: true });
    expect(limited.pulledAt).toHaveLength(3);
  });

  it("that stays refused is given up when the time is over, and not before", async () => {
    const services = new ScriptedServices({ pulls: [refused] });
    await expect(services.prove({ spreadMs: 10_000 })).rejects.toMatchObject({
      code: "proof.refused",
      retryable: true,
    });
    expect(services.pulledAt.at(-1)).toBe(minute + 10_000);
  });

  it("that some part of the service never comes to know is not taken for proven", async () => {
    const flapping = Array.from({ length: 400 }, (_, index) => (index % 3 === 2 ? refused : allowed));
    const services = new ScriptedServices({ pulls: flapping });
    await expect(services.prove()).rejects.toMatchObject({ code: "proof.refused" });
  });

  it("whose image does not exist is given up at once: no patience mends that", async () => {
    const services = new ScriptedServices({ pulls: [allowed, missing] });
    await expect(services.prove()).rejects.toMatchObject({ code: "proof.image-missing" });
    expect(services.pulledAt).toHaveLength(2);
  });

  it("is proven at Entra alone where the registry may not be asked", async () => {
    const services = new ScriptedServices({
      kind: "entra",
      signIns: [accepted, turnedAway, accepted],
      pulls: [refused],
    });
    await services.prove();
    expect(services.signedInAt).toHaveLength(5);
    expect(services.pulledAt).toEqual([]);
  });

  it.each([0, 2_000])("is left alone once the run is to stop, with %i ms to take", async (spreadMs) => {
    const services = new ScriptedServices({ signal: AbortSignal.abort(new Error("stopped")) });
    await expect(services.prove({ spreadMs })).rejects.toThrow("stopped");
    expect(services.pulledAt.length).toBeLessThan(2);
  });
});

describe("a password that a registry goes on refusing", () => {
  const said = (number: number): SignInOutcome => ({
    kind: "refused",
    reason: `AADSTS${number}: No.`,
    expired: false,
    number,
  });

  it.each([
    [7_000_112, "az ad sp update --id id --set accountEnabled=true"],
    [501_051, "assign"],
  ])(
    "is given up within two minutes if Entra says %i each time, with what mends that",
    async (number, hint) => {
      const services = new ScriptedServices({
        pulls: [refused],
        signIns: [said(number)],
        timeoutMs: 20 * minute,
      });
      await expect(services.prove()).rejects.toMatchObject({
        code: "proof.refused",
        message: `Entra refuses the credential: AADSTS${number}: No.`,
        hint: expect.stringContaining(hint) as string,
      });
      expect(services.pulledAt.at(-1)).toBeLessThan(2 * minute);
    },
  );

  it.each([
    ["that it is wrong, which may be news from an old part", [said(7_000_215)], "Entra says: AADSTS7000215"],
    ["that it is right", [said(7_000_112), said(7_000_112), accepted], "Entra accepts it"],
  ])("is not given up if Entra says %s", async (_what, signIns, message) => {
    const services = new ScriptedServices({ pulls: [refused], signIns });
    await expect(services.prove({ spreadMs: 0 })).rejects.toMatchObject({
      message: expect.stringContaining(message) as string,
    });
    expect(services.pulledAt.at(-1)).toBe(minute);
  });

  it("is asked of Entra only after some refusals, and may still be proven", async () => {
    const services = new ScriptedServices({ pulls: [refused, refused, refused, refused, refused, allowed] });
    await services.prove();
    expect(services.signedInAt).toEqual([3_000]);
    const soon = new ScriptedServices({ pulls: [refused, refused, refused, allowed] });
    await soon.prove();
    expect(soon.signedInAt).toEqual([]);
  });
});

describe("looks over a time", () => {
  it.each([
    [49_000, 26],
    [2_000, 3],
    [0, 3],
  ])("of %i ms are %i", (spreadMs, times) => {
    expect(manyLooks(spreadMs)).toEqual({ times, spreadMs });
  });
});

describe("a password that was removed", () => {
  const gone = { pulls: [refused], signIns: [turnedAway] };

  it("is refused when it was so often in a row, over that time", async () => {
    const services = new ScriptedServices(gone);
    expect(await services.isRefused()).toBe(true);
    expect(services.pulledAt).toEqual([0, 1_000, 2_000]);
    expect(services.signedInAt).toEqual(services.pulledAt);
  });

  it.each([
    ["the registry takes it once more", { ...gone, pulls: [refused, refused, allowed, refused] }],
    [
      "the registry signs it in, although without a pull",
      { ...gone, pulls: [refused, refused, noPull, refused] },
    ],
    ["Entra takes it once more", { ...gone, signIns: [turnedAway, turnedAway, accepted, turnedAway] }],
  ])("has to be refused anew when %s", async (_what, script) => {
    const services = new ScriptedServices(script);
    expect(await services.isRefused()).toBe(true);
    expect(services.pulledAt).toHaveLength(6);
  });

  it.each([
    ["the registry", { ...gone, pulls: [allowed] }],
    ["Entra", { ...gone, signIns: [accepted] }],
  ])("is not refused while %s goes on taking it, however long one waits", async (_who, script) => {
    const services = new ScriptedServices(script);
    expect(await services.isRefused()).toBe(false);
    expect(services.pulledAt.slice(0, 6)).toEqual([0, 1_000, 2_500, 4_750, 8_125, 13_125]);
    expect(services.pulledAt.at(-1)).toBe(minute);
  });

  it("is not refused while some part of a service still takes it", async () => {
    const flapping = Array.from({ length: 400 }, (_, index) => (index % 3 === 2 ? allowed : refused));
    expect(await new ScriptedServices({ ...gone, pulls: flapping }).isRefused()).toBe(false);
  });
});
