import { describe, expect, it } from "vitest";
import {
  gather,
  missingInput,
  peek,
  readAnswers,
  UsageError,
  variableWarnings,
} from "../../../src/cli/options/answers.ts";
import { outputOptions } from "../../../src/cli/options/output-options.ts";
import { runOptions } from "../../../src/cli/options/shared-options.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";

describe("precedence", () => {
  const options = {
    namespaces: setupOptions.namespaces,
    role: setupOptions.role,
    dryRun: setupOptions.dryRun,
  };

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
  ])("takes %s", (_what, flags, environment, answers) => {
    expect(readAnswers(options, gather(options, flags, environment))).toEqual(answers);
  });

  it("never takes consent from a variable", () => {
    const { yes, adopt, allowPrivilegedRole } = setupOptions;
    const consent = { yes, adopt, allowPrivilegedRole };
    const environment = {
      ACR_PULL_YES: "true",
      ACR_PULL_ADOPT: "true",
      ACR_PULL_ALLOW_PRIVILEGED_ROLE: "owner",
    };
    expect(gather(consent, {}, environment).size).toBe(0);
  });
});

describe("bad values", () => {
  it("are all named in one error, each by where it came from", () => {
    const given = gather(setupOptions, { role: "reader" }, { ACR_PULL_NAMESPACE: "ok,Not Ok" });
    const error = caught(() => readAnswers(setupOptions, given));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: "usage.invalid-value", exitCode: 2 });
    expect((error as Error).message).toContain("--role must be one of acrpull, acrpush, owner");
    expect((error as Error).message).toContain("ACR_PULL_NAMESPACE must be");
  });

  it.each([",", " ", " , ,"])("are lists in a variable that hold nothing, such as %j", (text) => {
    const given = gather(setupOptions, {}, { ACR_PULL_NAMESPACE: text, ACR_PULL_CONTEXT: text });
    const error = caught(() => readAnswers(setupOptions, given));
    expect(error).toMatchObject({ code: "usage.invalid-value", exitCode: 2 });
    for (const name of ["ACR_PULL_NAMESPACE", "ACR_PULL_CONTEXT"]) {
      expect((error as Error).message).toContain(`${name} has no value.`);
    }
  });

  it.each<[string, Record<string, string[]>, string, string | undefined]>([
    [
      "two registries",
      { registry: ["one55", "two55"] },
      '--registry takes one value; given: "one55", "two55".',
      undefined,
    ],
    [
      "no registry",
      { registry: [""] },
      '--registry must be a registry\'s name (5 to 50 letters and digits), a login server or a resource id; given: "".',
      undefined,
    ],
    [
      "capitals",
      { repository: ["Team/App"] },
      "must be a repository in lower case",
      "Did you mean --repository team/app?",
    ],
    [
      "a misspelt word",
      { role: ["acrpul"] },
      "--role must be one of acrpull, acrpush, owner",
      "Did you mean --role acrpull?",
    ],
    ["commas without anything between", { namespace: [","] }, "--namespace has no value.", undefined],
  ])("say what is wrong with %s, and what was meant", (_what, flags, message, hint) => {
    const error = caught(() => readAnswers(setupOptions, gather(setupOptions, flags, {})));
    expect((error as Error).message).toContain(message);
    expect(error).toMatchObject({ code: "usage.invalid-value", hint });
  });
});

describe("what people write", () => {
  it.each<[string, Record<string, string[]>, Record<string, string>, object]>([
    ["one value twice", { registry: ["myregistry", "myregistry"] }, {}, { registry: { name: "myregistry" } }],
    ["a role in capitals", { role: ["AcrPull"] }, {}, { role: "acrpull" }],
    ["commas in a flag", { namespace: ["a, b", "c"] }, {}, { namespaces: ["a", "b", "c"] }],
    ["commas in the name of a context", { context: ["a,b"] }, {}, { contexts: ["a,b"] }],
    ["1", {}, { ACR_PULL_DRY_RUN: "1" }, { dryRun: true }],
    ["Yes", {}, { ACR_PULL_DRY_RUN: "Yes" }, { dryRun: true }],
    ["TRUE", {}, { ACR_PULL_DRY_RUN: "TRUE" }, { dryRun: true }],
    ["0", {}, { ACR_PULL_DRY_RUN: "0" }, { dryRun: false }],
    ["no", {}, { ACR_PULL_DRY_RUN: "no" }, { dryRun: false }],
  ])("is understood: %s", (_what, flags, environment, answers) => {
    expect(readAnswers(setupOptions, gather(setupOptions, flags, environment))).toMatchObject(answers);
  });
});

describe("missing input", () => {
  it("is named by flag and variable, consent by its flag alone", () => {
    const error = missingInput([setupOptions.registry, setupOptions.yes]);
    expect(error.message).toBe("Missing input: --registry <name> (ACR_PULL_REGISTRY), --yes.");
    expect(error).toMatchObject({ code: "usage.missing-input", exitCode: 2 });
  });
});

describe("missing consent", () => {
  it("names the exact flag, and what it agrees to", () => {
    const error = missingInput([setupOptions.allowPrivilegedRole]);
    expect(error.message).toBe("Missing input: --allow-privileged-role owner.");
    expect(error.hint).toBe(
      "Add --allow-privileged-role owner: agree to --role owner, which may do anything to the registry.",
    );
  });
});

describe("variables that are not read", () => {
  const all = () => Promise.resolve(setupOptions);

  it.each([
    ["ACR_PULL_REGISTRI", "did you mean ACR_PULL_REGISTRY?"],
    ["ACR_PULL_YES", "only the flag --yes gives consent"],
    ["ACR_PULL_FOO", /^ACR_PULL_FOO is not a variable of acr-pull, and is not read$/],
    ["ACR_PULL_SOMETHING_ELSE_ALTOGETHER", "is not a variable of acr-pull, and is not read"],
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

describe("a look ahead at an option", () => {
  it.each([
    [["setup", "-o", "json"], {}, "json"],
    [["setup", "-ojson"], {}, "json"],
    [["setup", "--output=json"], {}, "json"],
    [["setup", "--output", "text", "-o", "json"], {}, "json"],
    [["setup"], { ACR_PULL_OUTPUT: "json" }, "json"],
    [["setup", "-o", "text"], { ACR_PULL_OUTPUT: "json" }, "text"],
    [["setup", "-o"], {}, "text"],
    [["setup", "-o", "yaml"], {}, "text"],
    [["sandbox", "--", "acr-pull", "-o", "json"], {}, "text"],
  ])("reads the form of output from %j", (commandLine, environment, format) => {
    expect(peek(outputOptions.output, commandLine, environment)).toBe(format);
  });

  it("sees a switch", () => {
    expect(peek(runOptions.noInput, ["setup", "--no-input"], {})).toBe(true);
    expect(peek(outputOptions.verbose, ["setup", "-v"], {})).toBe(true);
    expect(peek(outputOptions.verbose, ["setup"], {})).toBe(false);
  });
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
