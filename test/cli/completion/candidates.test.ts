import { describe, expect, it } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { candidatesFor } from "../../../src/cli/completion/candidates.ts";
import { inHelpOrder } from "../../../src/cli/options/option.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";
import type { NamedContext } from "../../../src/core/ports.ts";

const contexts: readonly NamedContext[] = [
  { name: "kind-dev", namespace: "awesomeapps", isCurrent: true },
  { name: "arn:aws:eks:eu-west-1:1234:cluster/blue", namespace: "shop", isCurrent: false },
  { name: "we ird$(id)", namespace: "shop", isCurrent: false },
  { name: "a\u001b[31m", namespace: undefined, isCurrent: false },
];

/** What the last of these words can become, and the kubeconfig files that were read for it. */
async function completion(line: readonly string[], environment: Record<string, string> = {}) {
  const read: Array<string | undefined> = [];
  const contextNames = async (file: string | undefined) => {
    read.push(file);
    return contexts;
  };
  const candidates = await candidatesFor(line, { commands, environment, contextNames });
  return { words: candidates.map(({ word }) => word), candidates, read };
}

const listed = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
const ofSetup = [...inHelpOrder(setupOptions).map(({ long }) => long), "--help", "--help-all"];

describe("the word under the cursor can become", () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ["a command", [""], [...listed, "help"]],
    ["the rest of one", ["set"], ["setup"]],
    ["a command that help is wanted for", ["help", "rem"], ["remove"]],
    ["nothing behind what is no command", ["install", ""], []],
    ["nothing of what only scripts call", ["__complete", "-"], []],
    ["a shell", ["completion", ""], ["bash", "zsh", "fish", "powershell"]],
    ["no second shell", ["completion", "bash", ""], []],
    ["an option, in the order of help", ["setup", "--"], ofSetup],
    ["an option where nothing was typed", ["setup", ""], ofSetup],
    ["an option's letter", ["setup", "-n"], ["-n"]],
    ["one of the words of an option", ["setup", "--role", ""], ["acrpull", "acrpush", "owner"]],
    ["one of them by the option's letter", ["setup", "-o", "j"], ["json"]],
    ["one of them behind =", ["setup", "--output=j"], ["--output=json"]],
    ["no name that only Azure knows", ["setup", "--registry", ""], []],
    ["a context that needs no quotes", ["setup", "--context", ""], [contexts[0]!.name, contexts[1]!.name]],
    ["a namespace, each once", ["setup", "-n", ""], ["awesomeapps", "shop"]],
    ["a file, which the shell completes", ["setup", "--kubeconfig", "k"], []],
    ["nothing behind --", ["sandbox", "--", "kubectl", ""], []],
  ])("%s", async (_what, line, expected) => {
    expect((await completion(line)).words).toEqual(expected);
  });

  it("an option that is not given yet, or one that can be repeated", async () => {
    const { words } = await completion(["setup", "-n", "shop", "--role", "owner", "--namespace", "a", "--"]);
    expect(words).toContain("--namespace");
    expect(words).not.toContain("--role");
  });

  it("commands and options with what help says of them", async () => {
    expect((await completion(["setup", "--role"])).candidates).toEqual([
      { word: "--role", summary: setupOptions.role.summary },
    ]);
  });
});

describe("the kubeconfig that names are read from", () => {
  it.each<[string, readonly string[], Record<string, string>, string | undefined]>([
    ["whichever a run would take", [], {}, undefined],
    ["the one that the line names", ["--kubeconfig", "other"], { ACR_PULL_KUBECONFIG: "var" }, "other"],
    ["the one that the variable names", [], { ACR_PULL_KUBECONFIG: "var" }, "var"],
    ["one below the home", ["--kubeconfig", "~/k"], { HOME: "/home/me" }, "/home/me/k"],
  ])("is %s", async (_which, options, environment, file) => {
    expect((await completion(["setup", ...options, "--context", ""], environment)).read).toEqual([file]);
  });

  it("is left alone where nothing of it is asked for", async () => {
    for (const line of [[""], ["setup", "--"], ["setup", "--role", ""]])
      expect((await completion(line)).read).toEqual([]);
  });
});
