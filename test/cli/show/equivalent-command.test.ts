import { parseArgs } from "node:util";
import type { Variables } from "../../../src/domain/proxy.ts";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Given, GivenOptions } from "../../../src/cli/options/answers.ts";
import { equivalentCommand } from "../../../src/cli/show/equivalent-command.ts";
import { parsedName, type OptionSet } from "../../../src/cli/options/option.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";
import { gather, type Flags } from "../given.ts";

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
    expect(equivalentCommand({ program: "acr-pull", given, environment: {} }, "setup", setupOptions)).toBe(
      "acr-pull setup --registry myregistry --namespace a --namespace b --name 'it'\\''s ours' --create-namespace --yes",
    );
  });

  it("leaves an answer out that is the default, unless a variable would say otherwise", () => {
    const given = new Map([["secretName", { texts: ["acr-secret"], source: "answer" as const }]]);
    expect(equivalentCommand({ program: "acr-pull", given, environment: {} }, "setup", setupOptions)).toBe(
      "acr-pull setup --yes",
    );
    expect(
      equivalentCommand(
        { program: "acr-pull", given, environment: { ACR_PULL_SECRET_NAME: "x" } },
        "setup",
        setupOptions,
      ),
    ).toBe("acr-pull setup --secret-name acr-secret --yes");
  });

  it("has what was answered at the terminal, and nothing for an answer that names nothing", () => {
    const given: GivenOptions = new Map([
      ["registry", answer("myregistry")],
      ["servicePrincipal", answer()],
      ["namespaces", answer("a", "b")],
      ["createNamespace", answer("true")],
      ["adopt", answer("true")],
    ]);
    expect(
      equivalentCommand({ program: "kubectl acr-pull", given, environment: {} }, "setup", setupOptions),
    ).toBe(
      "kubectl acr-pull setup --registry myregistry --namespace a --namespace b --create-namespace --adopt --yes",
    );
  });

  it("empties variables that an answer set aside", () => {
    const given: GivenOptions = new Map([
      ["servicePrincipal", answer()],
      ["namespaces", answer("a")],
    ]);
    const environment = { ACR_PULL_SERVICE_PRINCIPAL: "old", ACR_PULL_NAMESPACE_SELECTOR: "team=web" };
    expect(equivalentCommand({ program: "acr-pull", given, environment }, "setup", setupOptions)).toBe(
      "ACR_PULL_NAMESPACE_SELECTOR= ACR_PULL_SERVICE_PRINCIPAL= acr-pull setup --namespace a --yes",
    );
  });

  it("where it shall ask for the rest, has no --yes, and every answer so that it asks none again", () => {
    const given: GivenOptions = new Map([
      ["registry", answer("myregistry")],
      ["role", answer("acrpull")],
      ["yes", { texts: ["true"], source: "flag" }],
    ]);
    expect(
      equivalentCommand({ program: "acr-pull", given, environment: {} }, "setup", setupOptions, {
        asking: true,
      }),
    ).toBe("acr-pull setup --registry myregistry --role acrpull");
  });

  it("gives a value that starts with a dash to its own flag", () => {
    const given: GivenOptions = new Map([["applicationName", answer("--yes, please")]]);
    expect(equivalentCommand({ program: "acr-pull", given, environment: {} }, "setup", setupOptions)).toBe(
      "acr-pull setup --name='--yes, please' --yes",
    );
  });

  it("says to a shell and to the program what was given, whatever that holds", async () => {
    const many = fc.sample(run, 200);
    const lines = many.map(({ given, environment }) =>
      equivalentCommand({ program: "told", given, environment }, "setup", setupOptions),
    );
    const script = ['told() { printf \'%s\\0\' "$#" "$@"; }', ...lines].join("\n");
    const output = execFileSync("sh", { input: script, encoding: "utf8", maxBuffer: 64 << 20 });
    const told = output.split("\0");
    for (const { given, environment } of many) {
      const [count] = told.splice(0, 1);
      const flags = parsed(told.splice(0, Number(count)));
      expect(flags["yes"]).toBe(true);
      expect(meaning(gather(setupOptions, flags, environment))).toEqual(meaning(given));
    }
    expect(told).toEqual([""]);
  });
});

function answer(...texts: readonly string[]): Given {
  return { texts, source: "answer" };
}

const word = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom(...Array.from("'\"\\$`!*? ~#&|;<>(){}[]=\n\tab-")) }),
);

/** Options given from anywhere, also ones that override a variable, and the variables. */
const run = fc
  .tuple(
    ...Object.entries(setupOptions as OptionSet).map(([name, { kind, variable, fallback }]) => {
      // Commas separate the values of a list, so none contains a comma or has white space around it.
      const value = kind === "list" ? word.filter((one) => /^[^,\s](?:[^,]*[^,\s])?$/.test(one)) : word;
      const text = kind === "switch" ? fc.constant("true") : fc.oneof(value, fc.constant(fallback ?? "x"));
      return fc.record({
        name: fc.constant(name),
        variable: fc.constant(variable),
        texts: fc.array(text, { minLength: 1, maxLength: kind === "list" ? 3 : 1 }),
        source: fc.constantFrom(undefined, "flag" as const, "answer" as const),
        said: fc.constantFrom(undefined, kind === "switch" ? "true" : "said by a variable"),
      });
    }),
  )
  .map((options) => {
    const environment: Variables = Object.fromEntries(
      options.flatMap(({ variable, said }) => (variable === undefined ? [] : [[variable, said]])),
    );
    const over = options.flatMap(({ name, texts, source }): Array<[string, Given]> =>
      source === undefined ? [] : [[name, { texts, source }]],
    );
    const given: GivenOptions = new Map([...gather(setupOptions, {}, environment), ...over]);
    return { given, environment };
  });

/** The flags of a command line, as Node's own parser reads them. */
function parsed([, ...args]: readonly string[]): Flags {
  const all = Object.values<OptionSet[string]>(setupOptions);
  const options = Object.fromEntries(
    all.map(({ long, kind }) => [
      long.slice(2),
      kind === "switch" ? ({ type: "boolean" } as const) : ({ type: "string", multiple: true } as const),
    ]),
  );
  const { values } = parseArgs({ args, options });
  return Object.fromEntries(
    Object.entries(values).map(([long, value]) => [parsedName(`--${long}`), value as string[] | true]),
  );
}

/** The effective value of each option that matters to the work. */
function meaning(given: GivenOptions): Readonly<Record<string, readonly string[]>> {
  const all = Object.entries(setupOptions).filter(
    ([name, { group }]) => name !== "yes" && group !== "Output",
  );
  return Object.fromEntries(
    all.map(([name, { fallback }]) => [
      name,
      given.get(name)?.texts ?? (fallback === undefined ? [] : [fallback]),
    ]),
  );
}
