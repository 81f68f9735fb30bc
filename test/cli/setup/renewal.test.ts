import { describe, expect, it } from "vitest";
import { gather, readAnswers } from "../../../src/cli/options/answers.ts";
import { parseDuration } from "../../../src/domain/duration.ts";
import { check } from "../../../src/cli/options/check.ts";
import { rotateChecks, rotateOptions } from "../../../src/cli/rotate/options.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";
import { renewalCommand } from "../../../src/cli/setup/renewal.ts";

/** A key for which this lifetime was requested. It is made up to five minutes shorter. */
function keyOf(life: string) {
  const createdAt = "2031-01-01T00:00:00Z";
  const lifeMs = parseDuration(life);
  const end = Date.parse(createdAt) + lifeMs - Math.min(300_000, lifeMs / 100);
  return { createdAt, expiresAt: new Date(end).toISOString() };
}

it("is told after setup: rotate for the same keys, of the same clusters, before their end", () => {
  const flags = {
    registry: "myregistry",
    subscription: "s",
    namespace: ["a", "b"],
    context: ["kind"],
    secretName: "pull",
    role: "acrpush",
    expiresIn: "30d",
    serviceAccount: ["default"],
    proof: "entra",
    yes: true,
  };
  const given = gather(setupOptions, flags, {});
  const command = renewalCommand({ program: "acr-pull", given, environment: {} }, [keyOf("30d")]);
  expect(command).toBe(
    "acr-pull rotate --registry myregistry --namespace a --namespace b --context kind --secret-name pull" +
      " --proof entra --if-expiring-within 10d --yes",
  );
});

it.each(["device-code", "browser"])("never signs in by %s, for which nobody is there", (auth) => {
  const given = gather(setupOptions, { auth, yes: true }, {});
  const command = renewalCommand({ program: "acr-pull", given, environment: {} }, [keyOf("180d")]);
  expect(command).toBe("acr-pull rotate --if-expiring-within 60d --yes");
});

it("leaves to the environment what the environment says to both, and nothing that setup alone is told", () => {
  const environment = { ACR_PULL_REGISTRY: "myregistry", ACR_PULL_EXPIRES_IN: "30d" };
  const given = gather(setupOptions, { namespace: ["a"], yes: true }, environment);
  const command = renewalCommand({ program: "acr-pull", given, environment }, [keyOf("30d")]);
  expect(command).toBe("acr-pull rotate --namespace a --if-expiring-within 10d --yes");
  expect(readAnswers(rotateOptions, gather(rotateOptions, {}, environment)).registry).toEqual({
    kind: "name",
    name: "myregistry",
  });
});

describe("a key that lives shorter", () => {
  const told = (...lives: string[]) =>
    renewalCommand({ program: "acr-pull", given: new Map(), environment: {} }, lives.map(keyOf));

  it.each([
    ["180d", "--if-expiring-within 60d"],
    ["20d", "--if-expiring-within 6d"],
    ["2d", "--if-expiring-within 16h"],
    // The old key is retired before the new one is due.
    ["24h", "--if-expiring-within 8h --grace 8h"],
    ["1h", "--if-expiring-within 19m --grace 30m"],
  ])("than %s is renewed that much later: %s", (life, options) => {
    expect(told(life)).toBe(`acr-pull rotate ${options} --yes`);
  });

  it("decides for the others of the same clusters, and one whose life is not known does not", () => {
    expect(told("180d", "20d")).toContain("--if-expiring-within 6d");
    const unknown = { createdAt: null, expiresAt: "2031-01-20T00:00:00Z" };
    const command = renewalCommand({ program: "acr-pull", given: new Map(), environment: {} }, [unknown]);
    expect(command).toContain("--if-expiring-within 60d");
  });

  it.each(["1h", "20h", "24h", "36h", "2d", "20d", "180d"])("of %s: rotate takes what is told", (life) => {
    const words = told(life).split(" ");
    const after = (flag: string) => words[words.indexOf(flag) + 1] ?? "";
    const flags = {
      yes: true,
      expiresIn: life,
      ifExpiringWithin: after("--if-expiring-within"),
      ...(words.includes("--grace") ? { grace: after("--grace") } : {}),
    };
    const given = gather(rotateOptions, flags, {});
    expect(() => check(rotateChecks, readAnswers(rotateOptions, given), given, false)).not.toThrow();
  });
});
