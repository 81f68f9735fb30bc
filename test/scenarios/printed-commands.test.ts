import { describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runProgram, secretOf, type RunOptions } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { pasted, wordsOf, type Pasted } from "./pasted.ts";
import { ownApplication, start } from "./rotation.ts";
import { linkAccount } from "./verification.ts";

/** Every acr-pull command line that a run printed. Each stands at the end of a line, to be pasted as it is. */
function printed(said: string): string[] {
  return said
    .split("\n")
    .flatMap(
      (line) => /(?:^|[ :])(acr-pull (?:setup|rotate|verify|status|remove)\b.*)$/.exec(line)?.[1] ?? [],
    );
}

/** What the program itself reads in each command that a run printed. */
async function allPasted(said: string): Promise<Pasted[]> {
  return await Promise.all(printed(said).map(pasted));
}

async function said(sandbox: Sandbox, line: string, options: RunOptions = {}): Promise<string> {
  const { stdout, stderr } = await runProgram(sandbox, line.split(" "), options);
  return `${stdout}\n${stderr}`;
}

/** Somebody deletes the application's keys behind acr-pull's back. */
function removeKeys(sandbox: Sandbox): void {
  for (const key of ownApplication(sandbox).passwords) key.removedAt = Date.now();
}

/** Runs that print commands, and the world of each. */
const occasions: ReadonlyArray<{
  readonly what: string;
  readonly line: string;
  readonly world?: (sandbox: Sandbox) => void;
  readonly commands: readonly string[];
}> = [
  {
    what: "a setup",
    line: "setup --registry myregistry -n awesomeapps --yes",
    commands: ["verify", "setup", "rotate"],
  },
  { what: "a missing namespace", line: "verify -n nowhere", commands: ["setup", "verify"] },
  {
    what: "a secret of another name",
    line: "verify -n awesomeapps --secret-name acr-secrt",
    world: setUp,
    commands: ["setup", "verify"],
  },
  {
    what: "a key that was removed",
    line: "verify -n awesomeapps",
    world: (sandbox) => {
      setUp(sandbox);
      removeKeys(sandbox);
    },
    commands: ["setup", "verify"],
  },
  {
    what: "a key about to end",
    line: "status",
    world: (sandbox) => void setUp(sandbox, { ageDays: 160 }),
    commands: ["rotate"],
  },
  {
    what: "a changed secret",
    line: "status",
    world: (sandbox) => {
      setUp(sandbox);
      secretOf(sandbox)!["data"] = { ".dockerconfigjson": Buffer.from("{}").toString("base64") };
      sandbox.invariants.watch();
    },
    commands: ["verify"],
  },
  {
    what: "a secret that is gone, and that a service account names",
    line: "status",
    world: (sandbox) => {
      setUp(sandbox);
      linkAccount({ sandbox }, "acr-secret");
      sandbox.world.clusters[0]!.objects["secrets"] = [];
      sandbox.invariants.watch();
    },
    commands: ["remove"],
  },
  {
    what: "a retirement that waits",
    line: "rotate --finish --yes",
    world: (sandbox) => void changedOver(sandbox),
    commands: ["rotate"],
  },
];

describe.concurrent("a command that is printed", () => {
  it.for(occasions)("after $what names the cluster that it was printed for", async (occasion, test) => {
    const sandbox = await start(test);
    occasion.world?.(sandbox);
    const told = await allPasted(await said(sandbox, occasion.line));
    expect(told.map(({ command }) => command)).toEqual(occasion.commands);
    for (const { line, flags } of told) expect(flags["contexts"], line).toEqual(["sandbox"]);
    if (occasion.world) removeKeys(sandbox);
  });

  it.for(occasions)("after $what runs where it is pasted into a job", async (occasion, test) => {
    const sandbox = await startSandbox();
    test.onTestFinished(() => sandbox.close());
    occasion.world?.(sandbox);
    for (const { line, command, flags } of await allPasted(await said(sandbox, occasion.line))) {
      const [, ...words] = await wordsOf(line.replace("--registry REGISTRY", "--registry myregistry"));
      const consent = ["setup", "remove"].includes(command) && flags["yes"] === undefined ? ["--yes"] : [];
      const run = await runProgram(sandbox, [...words, ...consent], { env: { CI: "true" } });
      const looks = ["verify", "status"].includes(command);
      expect(looks ? [0, 5] : [0], `${line}\n${run.stdout}\n${run.stderr}`).toContain(run.code);
    }
  });

  it("names the cluster that a variable named, which a job does not have", async (test) => {
    const sandbox = await start(test);
    const env = { ACR_PULL_CONTEXT: "sandbox-staging" };
    const told = await allPasted(
      await said(sandbox, "setup --registry myregistry -n default --yes", { env }),
    );
    expect(told.length).toBeGreaterThan(2);
    for (const { line, flags } of told) expect(flags["contexts"], line).toEqual(["sandbox-staging"]);
  });

  it("names kubeconfig, tenant and cloud where they were named", async (test) => {
    const sandbox = await start(test);
    const {
      KUBECONFIG: kubeconfig = "",
      ACR_PULL_CLOUD: cloud = "",
      AZURE_TENANT_ID: tenant = "",
    } = sandbox.environment;
    const where = `--kubeconfig ${kubeconfig} --cloud ${cloud} --tenant ${tenant}`;
    for (const line of [
      `setup --registry myregistry -n default --yes ${where}`,
      `verify -n nowhere ${where}`,
    ]) {
      const told = await allPasted(await said(sandbox, line));
      expect(told.length).toBeGreaterThan(1);
      for (const { line: one, flags } of told)
        expect(flags, one).toMatchObject({ kubeconfig: [kubeconfig], cloud: [cloud], tenant: [tenant] });
    }
  });
});

describe.concurrent("a rehearsal", () => {
  it.for([
    ["setup --sandbox --registry myregistry -n awesomeapps --yes"],
    ["status --sandbox"],
    ["verify --sandbox -n nowhere"],
  ])("%s says first and last that nothing is real, and prints rehearsals", async ([line = ""]) => {
    const { stdout, stderr } = await runProgram(undefined, line.split(" "));
    const lines = stderr.trim().split("\n");
    expect(lines[0]).toBe("# A rehearsal: this Azure and its clusters are made up, in memory.");
    expect(lines.at(-1)).toBe("# End of the rehearsal: nothing real was made or changed.");
    for (const { line: one, flags } of await allPasted(stdout))
      expect(flags["sandbox"], one).toEqual(["true"]);
  });

  it("says nothing of it where it is to be quiet", async () => {
    const { stderr } = await runProgram(undefined, [
      "setup",
      "--sandbox",
      "--registry",
      "nosuch",
      "--quiet",
      "--yes",
    ]);
    expect(stderr).not.toContain("#");
  });
});
