import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gather } from "../../src/cli/answers.ts";
import { equivalentCommand, shellWord } from "../../src/cli/equivalent-command.ts";
import { setupOptions } from "../../src/cli/options.ts";

describe("the command line that does the same", () => {
  it("has what flags gave, no defaults, nothing of the environment and nothing about output", () => {
    const flags = {
      registry: "myregistry",
      namespace: ["a", "b"],
      name: "it's ours",
      createNamespace: true,
      yes: true,
      output: "json",
    };
    const given = gather(setupOptions, flags, { ACR_PULL_TENANT: "contoso.com" });
    expect(equivalentCommand("acr-pull", "setup", setupOptions, given, {})).toBe(
      "acr-pull setup --registry myregistry --namespace a --namespace b --name 'it'\\''s ours' --create-namespace --yes",
    );
  });

  it("leaves an answer out that is the default, unless a variable would say otherwise", () => {
    const given = new Map([["role", { texts: ["acrpull"], source: "answer" as const }]]);
    expect(equivalentCommand("acr-pull", "setup", setupOptions, given, {})).toBe("acr-pull setup --yes");
    expect(equivalentCommand("acr-pull", "setup", setupOptions, given, { ACR_PULL_ROLE: "owner" })).toBe(
      "acr-pull setup --role acrpull --yes",
    );
  });

  it("reads back in a shell as the same words, whatever they hold", () => {
    const words = fc.sample(fc.string({ unit: "grapheme", minLength: 1 }), 5000).concat(
      fc.sample(
        fc.string({
          unit: fc.constantFrom(...Array.from("'\"\\$`!*? ~#&|;<>(){}[]\n\tab-")),
          minLength: 1,
        }),
        5000,
      ),
    );
    const script = `printf '%s\\0' ${words.map(shellWord).join(" ")}`;
    const output = execFileSync("sh", { input: script, encoding: "utf8", maxBuffer: 64 << 20 });
    expect(output.split("\0").slice(0, -1)).toEqual(words);
  });
});
