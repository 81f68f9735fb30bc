import { describe, expect, it } from "vitest";
import { complete, type Completion, type Sources } from "../../../src/cli/completion/candidates.ts";
import type { NamedContext } from "../../../src/core/ports.ts";
import { commands } from "../../../src/cli/commands.ts";
import { inHelpOrder } from "../../../src/cli/options/option.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";

const contexts: readonly NamedContext[] = [
  { name: "kind-dev", namespace: "awesomeapps", isCurrent: true },
  { name: "admin@prod", namespace: "shop", isCurrent: false },
  { name: "arn:aws:eks:eu-west-1:1234:cluster/blue", namespace: "shop", isCurrent: false },
  { name: "bare", namespace: undefined, isCurrent: false },
];

/** What the last of these words can become, and the kubeconfig files that were read for it. */
async function completion(
  line: readonly string[],
  sources: Partial<Sources> = {},
): Promise<Completion & { readonly read: ReadonlyArray<string | undefined> }> {
  const read: Array<string | undefined> = [];
  const answer = await complete(line.slice(0, -1), line.at(-1) ?? "", {
    commands,
    environment: {},
    contextNames: async (file) => {
      read.push(file);
      return contexts;
    },
    ...sources,
  });
  return { ...answer, read };
}

async function words(line: readonly string[], sources: Partial<Sources> = {}): Promise<readonly string[]> {
  return (await completion(line, sources)).candidates.map(({ word }) => word);
}

const listed = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
const roles = ["acrpull", "acrpush", "owner"];
const formats = ["text", "json"];

describe("the word under the cursor can become", () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ["a command", [""], [...listed, "help"]],
    ["what the program itself answers, behind a dash", ["-"], ["--help", "--version"]],
    ["a command that help is wanted for", ["help", ""], listed],
    ["nothing behind that", ["help", "setup", ""], []],
    ["nothing behind what is no command", ["install", ""], []],
    ["nothing of what only scripts call", ["__complete", "-"], []],
    ["a shell", ["completion", ""], ["bash", "zsh", "fish", "powershell"]],
    ["no second shell", ["completion", "bash", ""], []],
    ["one of the words of an option", ["setup", "--role", ""], roles],
    ["one of them by the option's letter", ["setup", "-o", ""], formats],
    ["one of them behind =", ["setup", "--output="], formats.map((word) => `--output=${word}`)],
    [
      "one of them that has been begun behind =",
      ["setup", "--output=j"],
      formats.map((word) => `--output=${word}`),
    ],
    ["one of them behind its letter in one word", ["setup", "-oj"], formats.map((word) => `-o${word}`)],
    ["one of them behind letters of switches", ["setup", "-yvo", ""], formats],
    ["a cloud by name", ["setup", "--cloud", ""], ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"]],
    ["max, where a life is asked for", ["setup", "--expires-in", ""], ["max"]],
    ["no duration", ["setup", "--timeout", ""], []],
    ["no name that only Azure knows", ["setup", "--registry", ""], []],
    [
      "nothing behind = of a switch",
      ["setup", "--quiet="],
      inHelpOrder(setupOptions)
        .map(({ long }) => long)
        .concat("--help", "--help-all"),
    ],
    ["a context", ["setup", "--context", ""], contexts.map(({ name }) => name)],
    [
      "a context that is not given yet",
      ["setup", "--context", "kind-dev", "--context=bare", "--context", ""],
      ["admin@prod", "arn:aws:eks:eu-west-1:1234:cluster/blue"],
    ],
    ["a namespace, each once", ["setup", "-n", ""], ["awesomeapps", "shop"]],
    ["a namespace that is not given yet", ["setup", "-nshop", "-n", ""], ["awesomeapps"]],
    [
      "an option's value, although it looks like an option",
      ["setup", "--context", "-"],
      contexts.map(({ name }) => name),
    ],
  ])("%s", async (_what, line, expected) => {
    expect(await words(line)).toEqual(expected);
  });

  it("an option of the command, in the order of its help", async () => {
    const all = inHelpOrder(setupOptions).map(({ long }) => long);
    expect(await words(["setup", "--"])).toEqual([...all, "--help", "--help-all"]);
    expect(await words(["setup", ""])).toEqual([...all, "--help", "--help-all"]);
  });

  it("an option that is not given yet, or one that can be repeated", async () => {
    const offered = await words(["setup", "-n", "shop", "--role=owner", "-y", "-o", "json", "--"]);
    expect(offered).toContain("--namespace");
    for (const given of ["--role", "--yes", "--output"]) expect(offered).not.toContain(given);
  });

  it("no option behind the end of options", async () => {
    expect(await words(["setup", "--", "-"])).toEqual([]);
  });

  it("an option's letter, once it is typed out", async () => {
    const offered = await words(["setup", "-n"]);
    expect(offered).toContain("-n");
    expect(offered).not.toContain("--namespace");
  });

  it("a file, which the shell completes, where an option takes one", async () => {
    for (const line of [
      ["setup", "--kubeconfig", ""],
      ["setup", "--credentials-file=x"],
      ["sandbox", "--world", ""],
    ]) {
      expect(await completion(line)).toMatchObject({ candidates: [], leftToShell: "files" });
    }
  });

  it("a word of another command line, which the shell completes, behind -- of sandbox", async () => {
    for (const line of [
      ["sandbox", "--", ""],
      ["sandbox", "--port", "0", "--", "kubectl", "get", "-o", ""],
    ]) {
      expect(await completion(line)).toMatchObject({ candidates: [], leftToShell: "command" });
    }
    expect(await words(["sandbox", ""])).toContain("--");
  });

  it.each(["acr-pull", "/usr/local/bin/kubectl-acr_pull"])("a word of %s run in there", async (program) => {
    expect(await words(["sandbox", "--", program, "setup", "--role", ""])).toEqual(roles);
  });

  it("whatever leaves the shell to choose: what has been typed of it changes nothing", async () => {
    expect(await words(["setup", "--role", "zzz"])).toEqual(roles);
  });
});

describe("what a candidate is", () => {
  it("is told of commands and options as help tells it", async () => {
    const [setup] = (await completion([""])).candidates;
    expect(setup?.summary).toBe("give namespaces a pull secret for a registry");
    const role = (await completion(["setup", "--"])).candidates.find(({ word }) => word === "--role");
    expect(role?.summary).toBe(setupOptions.role.summary);
  });

  it("is told of contexts and namespaces by each other", async () => {
    expect((await completion(["setup", "--context", ""])).candidates.map(({ summary }) => summary)).toEqual([
      "current, namespace awesomeapps",
      "namespace shop",
      "namespace shop",
      "",
    ]);
    expect((await completion(["setup", "-n", ""])).candidates.map(({ summary }) => summary)).toEqual([
      "of context kind-dev",
      "of context admin@prod, arn:aws:eks:eu-west-1:1234:cluster/blue",
    ]);
  });

  it("holds nothing that a terminal would act on, and is left out when its word would", async () => {
    const hostile = [
      { name: "a\u001b]0;title\u0007b", namespace: "x\ny", isCurrent: false },
      { name: "good", namespace: "n\u001b[31m", isCurrent: false },
      { name: "two\nlines", namespace: undefined, isCurrent: false },
    ];
    const sources = { contextNames: async () => hostile };
    expect((await completion(["setup", "--context", ""], sources)).candidates).toEqual([
      { word: "good", summary: "namespace n" },
    ]);
    expect(await words(["setup", "-n", ""], sources)).toEqual([]);
  });
});

describe("the kubeconfig that names are read from", () => {
  it.each<[string, readonly string[], Record<string, string>, string | undefined]>([
    ["whichever a run would take", [], {}, undefined],
    ["the one that the line names", ["--kubeconfig", "other"], {}, "other"],
    ["the last one that it names", ["--kubeconfig", "one", "--kubeconfig=two"], {}, "two"],
    ["the one that the variable names", [], { ACR_PULL_KUBECONFIG: "var" }, "var"],
    ["no variable that is empty", [], { ACR_PULL_KUBECONFIG: "" }, undefined],
    ["the line's before the variable's", ["--kubeconfig", "other"], { ACR_PULL_KUBECONFIG: "var" }, "other"],
    [
      "one below the home, which no shell has put in yet",
      ["--kubeconfig", "~/k"],
      { HOME: "/home/me" },
      "/home/me/k",
    ],
  ])("is %s", async (_which, options, environment, file) => {
    expect((await completion(["setup", ...options, "--context", ""], { environment })).read).toEqual([file]);
  });

  it("is left alone where nothing of it is asked for", async () => {
    for (const line of [[""], ["setup", "--"], ["setup", "--role", ""], ["sandbox", "--", "kubectl", ""]]) {
      expect((await completion(line)).read).toEqual([]);
    }
  });
});
