import { describe, expect, it } from "vitest";
import { azureSignIn, clusterRequest } from "../../../src/cli/connections.ts";
import { check as checkAnswers, readAnswers } from "../../../src/cli/options/answers.ts";
import { gather, read, typed, type Flags } from "../given.ts";
import { suggest } from "../../core/suggest.ts";
import {
  rotateChecks,
  rotateInput,
  rotateOptions,
  type RotateAnswers,
} from "../../../src/cli/rotate/options.ts";

async function check(
  flags: Flags,
  interactive = false,
  environment: Record<string, string> = {},
): Promise<void> {
  const reading = await read(typed("rotate", flags), environment);
  if (reading.kind === "refused") throw Object.assign(new Error(), reading.complaint);
  if (reading.kind === "text") throw new Error("a text");
  checkAnswers(rotateChecks, readAnswers(rotateOptions, reading.given), reading.given, interactive);
}

describe("what rotate refuses before any request", () => {
  it.each<[string, Flags, string]>([
    ["no new key and a new key", { finish: true, compromised: true }, "cannot be used with"],
    ["a grace for a leaked key", { compromised: true, grace: "2h" }, "cannot be used with"],
    ["another grace for what stands", { finish: true, grace: "2h" }, "cannot be used with"],
    ["an age where none is begun", { ifDue: true, finish: true }, "cannot be used with"],
    ["an age of a leaked key", { ifDue: true, compromised: true }, "cannot be used with"],
    ["a life of no key", { expiresIn: "30d", finish: true }, "cannot be used with"],
    ["an entry that is not written", { noOverlapEntry: true, finish: true }, "cannot be used with"],
    [
      "a grace that the new key does not live to see",
      { grace: "30d", expiresIn: "30d" },
      "--grace 30d is too long",
    ],
    ["an exit code without a plan", { exitCode: true }, "--exit-code needs --dry-run"],
    ["quiet and verbose", { quiet: true, verbose: true }, "cannot be used with"],
  ])("%s", async (_what, flags, words) => {
    await expect(check({ ...flags, yes: true })).rejects.toThrow(words);
    await expect(check({ ...flags, yes: true })).rejects.toThrow(
      expect.objectContaining({ code: "usage.conflict" }),
    );
  });

  it("a run that nobody agreed to, where nobody can be asked", async () => {
    await expect(check({})).rejects.toThrow("Missing input: --yes");
  });
});

describe("what rotate goes on with", () => {
  it.each<[string, Flags, boolean, Record<string, string>]>([
    ["nothing but consent: every key is meant", { yes: true }, false, {}],
    ["a plan without consent", { dryRun: true, exitCode: true }, false, {}],
    ["a question at a terminal", {}, true, {}],
    ["a grace that ends before the new key", { grace: "29d", expiresIn: "30d", yes: true }, false, {}],
    ["a grace with the longest life there is", { grace: "300d", expiresIn: "max", yes: true }, false, {}],
    [
      "a switch that a variable turns off",
      { compromised: true, yes: true },
      false,
      { ACR_PULL_FINISH: "false" },
    ],
  ])("%s", async (_what, flags, interactive, environment) => {
    await expect(check(flags, interactive, environment)).resolves.toBeUndefined();
  });
});

describe("what the flow is asked for", () => {
  function answersOf(flags: Flags, environment: Record<string, string> = {}): RotateAnswers {
    return readAnswers(rotateOptions, gather(rotateOptions, flags, environment));
  }

  it("has the contract's defaults", () => {
    expect(rotateInput(answersOf({}), suggest)).toMatchObject({
      intent: "rotate",
      registry: undefined,
      namespaces: [],
      namespaceSelector: undefined,
      secretName: undefined,
      clusterId: undefined,
      ifDue: false,
      expiresInMs: undefined,
      graceMs: 86_400_000,
      settleMs: 49_000,
      overlapEntry: true,
      agreedTo: "plan",
      servicePrincipals: [],
      proof: "registry",
      image: undefined,
      timeoutMs: 1_200_000,
      dryRun: false,
    });
  });

  it.each([
    ["finish", { finish: true }],
    ["compromised", { compromised: true }],
  ])("is to %s when told so", (intent, flags) => {
    expect(rotateInput(answersOf(flags), suggest).intent).toBe(intent);
  });

  it("is no person's agreement with --yes, but for a plan that is only shown", () => {
    expect(rotateInput(answersOf({ yes: true }), suggest).agreedTo).toBeUndefined();
    expect(rotateInput(answersOf({ yes: true, dryRun: true }), suggest).agreedTo).toBe("plan");
  });

  it("keeps the old key out of the secrets when told so", () => {
    expect(rotateInput(answersOf({ noOverlapEntry: true }), suggest).overlapEntry).toBe(false);
  });

  it("takes no consent from a variable", () => {
    const variables = {
      ACR_PULL_COMPROMISED: "true",
      ACR_PULL_YES: "true",
    };
    expect(answersOf({}, variables)).toEqual(answersOf({}));
  });

  it("reaches for the chosen clusters, as whoever is to sign in", () => {
    const flags = { context: ["a", "b"], kubeconfig: "k", auth: "cli", tenant: "contoso.com", timeout: "5m" };
    const answers = answersOf(flags);
    expect({ azure: azureSignIn(answers), clusters: clusterRequest(answers) }).toMatchObject({
      azure: { cloud: "AzureCloud", tenant: "contoso.com", auth: "cli", timeoutMs: 300_000 },
      clusters: { contexts: ["a", "b"], kubeconfig: "k", timeoutMs: 300_000 },
    });
  });
});
