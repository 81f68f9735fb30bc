import { describe, expect, it } from "vitest";
import { check, readAnswers } from "../../../src/cli/options/answers.ts";
import { gather } from "../given.ts";
import { parseDuration } from "../../../src/domain/duration.ts";
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
      " --proof entra --if-due --yes",
  );
});

it.each(["device-code", "browser"])("never signs in by %s, for which nobody is there", (auth) => {
  const given = gather(setupOptions, { auth, yes: true }, {});
  const command = renewalCommand({ program: "acr-pull", given, environment: {} }, [keyOf("180d")]);
  expect(command).toBe("acr-pull rotate --if-due --yes");
});

it("leaves to the environment what the environment says to both, and nothing that setup alone is told", () => {
  const environment = { ACR_PULL_REGISTRY: "myregistry", ACR_PULL_EXPIRES_IN: "30d" };
  const given = gather(setupOptions, { namespace: ["a"], yes: true }, environment);
  const command = renewalCommand({ program: "acr-pull", given, environment }, [keyOf("30d")]);
  expect(command).toBe("acr-pull rotate --namespace a --if-due --yes");
  expect(readAnswers(rotateOptions, gather(rotateOptions, {}, environment)).registry).toEqual({
    kind: "name",
    name: "myregistry",
  });
});

describe("a key that lives shorter", () => {
  const told = (...lives: string[]) =>
    renewalCommand({ program: "acr-pull", given: new Map(), environment: {} }, lives.map(keyOf));

  it.each([
    ["2d", "--if-due"],
    // The old key is retired before the new one is due.
    ["24h", "--if-due --grace 8h"],
    ["1h", "--if-due --grace 30m"],
  ])("than %s is renewed that much later: %s", (life, options) => {
    expect(told(life)).toBe(`acr-pull rotate ${options} --yes`);
  });

  it.each(["1h", "20h", "24h", "36h", "2d", "20d", "180d"])("of %s: rotate takes what is told", (life) => {
    const words = told(life).split(" ");
    const after = (flag: string) => words[words.indexOf(flag) + 1] ?? "";
    const flags = {
      yes: true,
      expiresIn: life,
      ifDue: true,
      ...(words.includes("--grace") ? { grace: after("--grace") } : {}),
    };
    const given = gather(rotateOptions, flags, {});
    expect(() => check(rotateChecks, readAnswers(rotateOptions, given), given, false)).not.toThrow();
  });
});
