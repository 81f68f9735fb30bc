import { describe, expect, it } from "vitest";
import { check as checkAnswers, readAnswers } from "../../../src/cli/options/answers.ts";
import { gather, read, typed, type Flags } from "../given.ts";
import type { Connections, Workplace } from "../../../src/cli/connections.ts";
import { setupPorts } from "../../../src/cli/setup/command.ts";
import { setupChecks } from "../../../src/cli/setup/checks.ts";
import { setupOptions, type SetupAnswers } from "../../../src/cli/setup/options.ts";

const appId = "11111111-2222-4333-8444-555555555555";
const whole = { registry: "myregistry", yes: true };
const known = { servicePrincipal: appId, passwordStdin: true };
const alone = { ...known, registry: "myregistry.azurecr.io" };

async function check(
  flags: Flags,
  interactive = false,
  environment: Record<string, string> = {},
): Promise<void> {
  const reading = await read(typed("setup", flags), environment);
  if (reading.kind === "refused") throw Object.assign(new Error(), reading.complaint);
  if (reading.kind === "text") throw new Error("a text");
  checkAnswers(setupChecks, readAnswers(setupOptions, reading.given), reading.given, interactive);
}

describe("what setup refuses before any request", () => {
  it.each<[string, Flags, string]>([
    ["quiet and verbose", { quiet: true, verbose: true }, "cannot be used with"],
    ["an exit code without a plan", { exitCode: true }, "--exit-code needs --dry-run"],
    ["a password of nobody", { passwordStdin: true }, "--password-stdin needs --service-principal"],
    ["a name for what has one", { name: "x", servicePrincipal: appId }, "cannot be used with"],
    ["a lifetime of a known password", { ...known, expiresIn: "30d" }, "cannot be used with"],
    ["a file for a known password", { ...known, credentialsFile: "f" }, "cannot be used with"],
    ["a role without Azure", { ...alone, role: "acrpush" }, "--role needs Azure"],
    ["a principal's name without Azure", { ...alone, servicePrincipal: "ci" }, "by name needs Azure"],
    ["Entra's proof without Azure", { ...alone, proof: "entra" }, "--proof entra needs Azure"],
  ])("%s", async (_what, flags, words) => {
    await expect(check({ ...whole, ...flags })).rejects.toThrow(words);
    await expect(check({ ...whole, ...flags })).rejects.toThrow(
      expect.objectContaining({ code: "usage.conflict" }),
    );
  });

  it.each<[string, Flags, boolean, string]>([
    ["everything", {}, false, "Missing input: --registry <name> (ACR_PULL_REGISTRY), --yes"],
    ["consent", { registry: "myregistry" }, false, "Missing input: --yes"],
    ["consent to owner", { ...whole, role: "owner" }, false, "Missing input: --allow-privileged-role"],
  ])("missing: %s", async (_what, flags, interactive, message) => {
    await expect(check(flags, interactive)).rejects.toThrow(message);
  });

  it("misses nothing that a person can be asked for", async () => {
    await expect(check({ role: "owner" }, true)).resolves.toBeUndefined();
  });
});

describe("what setup goes on with", () => {
  it.each<[string, Flags, boolean, Record<string, string>]>([
    ["a plan without consent", { registry: "myregistry", dryRun: true }, false, {}],
    ["a plan for an owner", { registry: "myregistry", dryRun: true, role: "owner" }, false, {}],
    ["a question at a terminal", { registry: "myregistry" }, true, {}],
    ["an owner to be confirmed at a terminal", { registry: "myregistry", role: "owner" }, true, {}],
    ["an owner agreed to", { ...whole, role: "owner", allowPrivilegedRole: "owner" }, false, {}],
    ["all from variables but consent", { yes: true }, false, { ACR_PULL_REGISTRY: "myregistry" }],
    ["a switch that a variable turns off", { ...whole, verbose: true }, false, { ACR_PULL_QUIET: "false" }],
    ["no Azure", { ...whole, ...alone }, false, {}],
  ])("%s", async (_what, flags, interactive, environment) => {
    await expect(check(flags, interactive, environment)).resolves.toBeUndefined();
  });
});

describe("what the flow is asked for", () => {
  function answersOf(flags: Flags): SetupAnswers {
    return readAnswers(setupOptions, gather(setupOptions, flags, {}));
  }

  it("has the contract's defaults", () => {
    expect(answersOf(whole)).toMatchObject({
      role: undefined,
      repositories: undefined,
      secretName: "acr-secret",
      namespaces: [],
      expiresInMs: undefined,
      timeoutMs: 1_200_000,
      allowPrivilegedRole: undefined,
      proof: "registry",
    });
  });

  it.each([
    ["*", []],
    ["team/*", ["team/*"]],
  ])("limits the role by --repository %s to %j", (repository, repositories) => {
    expect(answersOf({ ...whole, repository: [repository] }).repositories).toEqual(repositories);
  });

  it("reaches for nothing of Azure but the registry for a known password and a login server", async () => {
    const answers = answersOf({ ...known, registry: "MyRegistry.azurecr.io" });
    const asked: unknown[] = [];
    const open: Pick<Connections, "workplace" | "checkLoginServer"> = {
      workplace: (_request, next) => {
        asked.push(next);
        return Promise.resolve({} as Workplace);
      },
      checkLoginServer: async (...named) => void asked.push(named),
    };
    expect((await setupPorts(open as Connections, answers)).azure).toBeUndefined();
    expect(asked).toEqual([undefined, ["AzureCloud", "myregistry.azurecr.io"]]);
  });
});
