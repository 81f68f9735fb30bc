import { describe, expect, it } from "vitest";
import { brokenRule, parsedName, type OptionSet } from "../../../src/cli/options/option.ts";
import { sandboxOptions } from "../../../src/cli/sandbox/command.ts";
import { rotateOptions } from "../../../src/cli/rotate/options.ts";
import { removeOptions } from "../../../src/cli/remove/options.ts";
import { statusOptions } from "../../../src/cli/status/options.ts";
import { verifyOptions } from "../../../src/cli/verify/options.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";

const commands: ReadonlyArray<readonly [string, OptionSet]> = [
  ["setup", setupOptions],
  ["rotate", rotateOptions],
  ["sandbox", sandboxOptions],
];
const entries = commands.flatMap(([, options]) => Object.entries(options));
const everyOption: OptionSet = { ...sandboxOptions, ...rotateOptions, ...setupOptions };
const consent = [
  "yes",
  "adopt",
  "allowPrivilegedRole",
  "compromised",
  // Only of rotate: a pipeline may name the one that setup takes.
  "servicePrincipals",
];
const day = 86_400_000;

describe("the catalogue of options", () => {
  it("names every answer after its flag: a list in the plural, and a time by its unit", () => {
    const others = new Map([
      // Its flag turns it off.
      ["--no-overlap-entry", "overlapEntry"],
      ["--name", "applicationName"],
    ]);
    for (const [name, { long }] of entries) {
      const flag = parsedName(long);
      const forms = [flag, `${flag}s`, flag.replace(/y$/, "ies"), `${flag}Ms`];
      expect(others.has(long) ? [others.get(long)] : forms).toContain(name);
    }
  });

  it.each([
    ...commands,
    ["status", statusOptions],
    ["verify", verifyOptions],
    ["remove", removeOptions],
  ] as const)(
    "names options of %s itself where one does not go without or with another",
    (_command, options) => {
      const named = Object.values<OptionSet[string]>(options).flatMap(({ excludes, needs }) => [
        ...excludes,
        ...(needs === undefined ? [] : [needs]),
      ]);
      const longs = Object.values<OptionSet[string]>(options).map(({ long }) => long);
      expect(named.filter((long) => !longs.includes(long))).toEqual([]);
    },
  );

  it("derives every variable from its flag, and has none for consent", () => {
    for (const [, { long, variable, group }] of entries) {
      const expected = `ACR_PULL_${long.slice(2).toUpperCase().replaceAll("-", "_")}`;
      expect(variable).toBe(group === "Consent" ? undefined : expected);
    }
  });

  it("lists as consent what a flag alone gives, and nothing else", () => {
    const listed = entries.filter(([, { group }]) => group === "Consent").map(([name]) => name);
    expect([...new Set(listed)].sort()).toEqual([...consent].sort());
  });

  it.each(commands)("gives no letter to two options of %s", (_command, options) => {
    const letters = Object.values(options).flatMap(({ flag }) => /^-\w/.exec(flag) ?? []);
    expect(new Set(letters).size).toBe(letters.length);
  });

  it("reads every word that an option is known to take, and names those words where it takes no others", () => {
    const wordy = Object.values(everyOption).filter(
      ({ kind, values }) => typeof values !== "string" && kind !== "switch",
    );
    for (const option of wordy) {
      for (const word of option.values) expect(brokenRule(option, word)).toBeUndefined();
    }
    const words = wordy.map(({ long, values }) => [long, values]);
    expect(Object.fromEntries(words)).toEqual({
      "--allow-privileged-role": ["owner"],
      "--auth": [
        "auto",
        "cli",
        "environment",
        "workload-identity",
        "managed-identity",
        "github",
        "azure-pipelines",
        "device-code",
        "browser",
      ],
      "--cloud": ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"],
      "--expires-in": ["max"],
      "--output": ["text", "json"],
      "--proof": ["registry", "entra"],
      "--registry-server": ["builtin", "docker-registry"],
      "--role": ["acrpull", "acrpush", "owner"],
    });
  });

  it("tells which options take the name of a file, a context or a namespace", () => {
    const taking = (hint: string) =>
      Object.values(everyOption)
        .filter(({ values }) => values === hint)
        .map(({ long }) => long)
        .sort();
    expect(taking("file")).toEqual([
      "--credentials-file",
      "--faults",
      "--kubeconfig",
      "--manifest",
      "--world",
    ]);
    expect(taking("context")).toEqual(["--context"]);
    expect(taking("namespace")).toEqual(["--namespace"]);
  });

  it("has no option that would take a password", () => {
    const takesValue = entries.filter(([, { kind }]) => kind !== "switch");
    expect(takesValue.map(([, { long }]) => long).filter((long) => /password|secret$/.test(long))).toEqual(
      [],
    );
  });

  it("reads every default by the option's own rule", () => {
    const defaults = entries
      .filter(([, { fallback }]) => fallback !== undefined)
      .map(([name, option]) => [name, option.read([])]);
    expect(Object.fromEntries(defaults)).toEqual({
      auth: "auto",
      cloud: "AzureCloud",
      // 180 days, if the tenant allows them.
      expiresInMs: undefined,
      graceMs: day,
      output: "text",
      proof: "registry",
      secretName: "acr-secret",
      settleMs: 49_000,
      timeoutMs: 20 * 60_000,
    });
  });

  it.each([
    ["registry", "myregistry", { kind: "name", name: "myregistry" }],
    ["registry", "myregistry.azurecr.io", { kind: "login-server", loginServer: "myregistry.azurecr.io" }],
    ["cloud", "AzureUSGovernment", "AzureUSGovernment"],
    ["cloud", "https://localhost:8443", "https://localhost:8443"],
    ["tenant", "Contoso.onmicrosoft.com", "contoso.onmicrosoft.com"],
    ["expiresInMs", "max", "max"],
    ["expiresInMs", "30d", 30 * day],
    ["image", "team/app:v2", { repository: "team/app", tag: "v2" }],
    ["clusterId", "9F1C8A00-0000-4000-8000-000000000001", "9f1c8a00-0000-4000-8000-000000000001"],
    ["passwordStdin", "true", true],
    ["port", "0", 0],
    ["graceMs", "30m", 30 * 60_000],
    ["settleMs", "0s", 0],
  ])("reads %s from %j", (name, text, answer) => {
    expect(everyOption[name]?.read([text])).toEqual(answer);
  });

  it.each([
    ["registry", "https://myregistry.azurecr.io"],
    ["registry", "my-registry"],
    ["namespaces", "Awesome_Apps"],
    ["secretName", "-x"],
    ["repositories", "**"],
    ["owners", "somebody"],
    ["cloud", "http://localhost:8443"],
    ["cloud", "https://user@localhost"],
    ["cloud", "Azure"],
    ["tenant", "con toso"],
    ["expiresInMs", "0"],
    ["expiresInMs", "forever"],
    ["expiresInMs", "36501d"],
    ["expiresInMs", "99999999d"],
    ["timeoutMs", "0s"],
    ["timeoutMs", "20"],
    ["contexts", ""],
    ["contexts", "a\u001b[31mb"],
    ["clusterId", "a/b"],
    ["proof", "pull"],
    ["allowPrivilegedRole", "acrpush"],
    ["port", "65536"],
    ["graceMs", "29m"],
    ["graceMs", "366d"],
    ["graceMs", "soon"],
    ["settleMs", "61m"],
  ])("refuses %s %j by a rule", (name, text) => {
    expect(() => everyOption[name]?.read([text])).toThrow(RangeError);
  });

  it("leaves open what rotate takes from the secrets and from the key that is replaced", () => {
    const { registry, secretName, expiresInMs } = rotateOptions;
    expect([registry, secretName, expiresInMs].map((option) => option.read([]))).toEqual(
      Array.from({ length: 3 }),
    );
  });

  it("counts a value that is given twice once", () => {
    expect(setupOptions.namespaces.read(["a", "b", "a"])).toEqual(["a", "b"]);
  });
});
