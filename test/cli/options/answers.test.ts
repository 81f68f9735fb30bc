import { describe, expect, it } from "vitest";
import { check, readAnswers, variableWarnings } from "../../../src/cli/options/answers.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";
import { read, typed, type Flags } from "../given.ts";

/** The answers of setup to these flags and variables. @throws UsageError */
async function answersOf(flags: Flags, environment: Record<string, string> = {}) {
  const reading = await read(typed("setup", flags), environment);
  if (reading.kind !== "command")
    throw Object.assign(new Error(), reading.kind === "refused" && reading.complaint);
  return readAnswers(setupOptions, reading.given);
}

describe("precedence", () => {
  it.each([
    ["nothing", {}, {}, { namespaces: [], role: undefined, dryRun: false }],
    [
      "variables",
      {},
      { ACR_PULL_NAMESPACE: "a, b", ACR_PULL_ROLE: "acrpush", ACR_PULL_DRY_RUN: "true" },
      { namespaces: ["a", "b"], role: "acrpush", dryRun: true },
    ],
    [
      "flags over variables",
      { namespace: ["c"], role: "owner", dryRun: true },
      { ACR_PULL_NAMESPACE: "a,b", ACR_PULL_ROLE: "acrpush", ACR_PULL_DRY_RUN: "false" },
      { namespaces: ["c"], role: "owner", dryRun: true },
    ],
    [
      "an empty variable as none",
      {},
      { ACR_PULL_NAMESPACE: "", ACR_PULL_ROLE: "" },
      { namespaces: [], role: undefined, dryRun: false },
    ],
  ])("takes %s", async (_what, flags, environment, answers) => {
    expect(await answersOf(flags, environment)).toMatchObject(answers);
  });

  it("never takes consent from a variable", async () => {
    const environment = { ACR_PULL_YES: "true", ACR_PULL_ALLOW_PRIVILEGED_ROLE: "owner" };
    const none = { yes: false, allowPrivilegedRole: undefined };
    expect(await answersOf({}, environment)).toMatchObject(none);
  });
});

describe("a bad value", () => {
  it.each<[string, Flags, Record<string, string>, string]>([
    ["two registries", { registry: ["one55", "two55"] }, {}, "It takes one value."],
    ["no registry", { registry: "" }, {}, "It must be a registry's name"],
    ["another word", { role: "reader" }, {}, "It must be one of acrpull, acrpush, owner."],
    ["a variable", {}, { ACR_PULL_NAMESPACE: "ok,Not Ok" }, "from env 'ACR_PULL_NAMESPACE' is invalid"],
    ["nothing in a list", { namespace: "," }, {}, "It has no value."],
    ["nothing in a variable's list", {}, { ACR_PULL_NAMESPACE: " , ," }, "It has no value."],
  ])("is named, and its rule: %s", async (_what, flags, environment, message) => {
    const error: unknown = await answersOf(flags, environment).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "usage.invalid-value" });
    expect((error as Error).message).toContain(message);
  });
});

describe("what people write", () => {
  it.each<[string, Record<string, string[]>, Record<string, string>, object]>([
    ["one value twice", { registry: ["myregistry", "myregistry"] }, {}, { registry: { name: "myregistry" } }],
    ["a role in capitals", { role: ["AcrPull"] }, {}, { role: "acrpull" }],
    ["commas in a flag", { namespace: ["a, b", "c"] }, {}, { namespaces: ["a", "b", "c"] }],
    ["1", {}, { ACR_PULL_DRY_RUN: "1" }, { dryRun: true }],
    ["Yes", {}, { ACR_PULL_DRY_RUN: "Yes" }, { dryRun: true }],
    ["TRUE", {}, { ACR_PULL_DRY_RUN: "TRUE" }, { dryRun: true }],
    ["0", {}, { ACR_PULL_DRY_RUN: "0" }, { dryRun: false }],
    ["no", {}, { ACR_PULL_DRY_RUN: "no" }, { dryRun: false }],
  ])("is understood: %s", async (_what, flags, environment, answers) => {
    expect(await answersOf(flags, environment)).toMatchObject(answers);
  });
});

describe("missing input", () => {
  it("comes in one error, by flag and variable, consent by its exact flag and what it agrees to", async () => {
    const { registry, yes, allowPrivilegedRole } = setupOptions;
    const checks = { options: setupOptions, missing: () => [registry, yes, allowPrivilegedRole] };
    const answers = await answersOf({});
    expect(() => check(checks, answers, new Map(), false)).toThrow(
      expect.objectContaining({
        code: "usage.missing-input",
        exitCode: 2,
        message:
          "Missing input: --registry <name> (ACR_PULL_REGISTRY), --yes, --allow-privileged-role owner.",
        hint: expect.stringContaining(
          "Add --allow-privileged-role owner: agree to --role owner, which may do anything to the registry.",
        ) as string,
      }),
    );
  });
});

describe("variables that are not read", () => {
  const all = () => Promise.resolve(setupOptions);

  it.each([
    ["ACR_PULL_REGISTRI", "is not a variable of acr-pull, and is not read"],
    ["ACR_PULL_YES", "is not a variable of acr-pull, and is not read"],
    ["ACR_PULL_FOO", /^ACR_PULL_FOO is not a variable of acr-pull, and is not read$/],
  ])("%s is warned of", async (name, words) => {
    const [warning, ...more] = await variableWarnings({ [name]: "x" }, setupOptions, all);
    expect(warning).toMatch(words);
    expect(more).toEqual([]);
  });

  it("are not warned of when they are ours or somebody else's", async () => {
    const none = () => Promise.reject(new Error("no other options need to be loaded"));
    const environment = { ACR_PULL_REGISTRY: "x", ACR_PULLED: "x", PATH: "x" };
    expect(await variableWarnings(environment, setupOptions, none)).toEqual([]);
  });

  it("are not warned of when they are another command's", async () => {
    expect(await variableWarnings({ ACR_PULL_REGISTRY: "x" }, {}, all)).toEqual([]);
  });
});
