import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import { afterEach, describe, expect, test } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { secretsIn } from "../canary.ts";
import { entryOf, programPath, type ResultDocument } from "../program.ts";

/*
 * Runs the examples of docs/ci.md exactly as they are written, each in a sandbox that is a job of its CI service. The
 * values that the service would fill in are filled in the same way.
 */

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/ci.md"), "utf8");

/** An example of the page, as YAML. */
function example(name: string): ResultDocument {
  const text = new RegExp(`<!-- example: ${name} -->\\s*\`\`\`yaml\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (text === undefined) throw new Error(`docs/ci.md has no example ${name}`);
  return load(text);
}

/** Packing and installing takes long and has a test of its own. */
const installing = "npm install --global ./acr-pull-0.1.0.tgz";

type Variables = Readonly<Record<string, string>>;
interface Said {
  readonly code: number;
  readonly text: string;
}

let sandbox: Sandbox;
let folder: string;
afterEach(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

async function open(
  runner: NonNullable<SandboxOptions["job"]>["runner"],
  more: SandboxOptions = {},
): Promise<void> {
  sandbox = await startSandbox({ job: { runner }, ...more });
  folder = await mkdtemp(join(tmpdir(), "acr-pull-example-"));
  await symlink(programPath, join(folder, "acr-pull"));
}

/** The variables of the job, without those that a step of the example must pass on itself. */
function jobVariables(...without: string[]): Variables {
  const { environment } = sandbox;
  const all = {
    ...environment,
    PATH: `${folder}${delimiter}${process.env["PATH"]}`,
    HOME: folder,
    TMPDIR: folder,
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
}

/** Runs lines as a runner does: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax */
async function shell(lines: string, env: Variables): Promise<Said> {
  const script = join(folder, "step.sh");
  await writeFile(script, lines);
  return await new Promise((resolve) => {
    const args = ["--noprofile", "--norc", "-eo", "pipefail", script];
    const child = execFile("bash", args, { cwd: folder, env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, text: stdout + stderr }),
    );
  });
}

interface Step {
  readonly id?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Variables;
  readonly env?: Variables;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

/** Replaces each `${{ a.b }}` by the value of that name. */
function filled(text: string, values: Variables): string {
  return text.replace(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_all, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`nothing is called ${name}`);
    return value;
  });
}

function filledIn(map: Variables = {}, values: Variables = {}): Variables {
  return Object.fromEntries(Object.entries(map).map(([name, text]) => [name, filled(text, values)]));
}

/** Runs steps of GitHub Actions in order, until one fails. */
async function runSteps(
  steps: readonly Step[],
  env: Variables,
  values: Record<string, string>,
): Promise<Said> {
  let all = { code: 0, text: "" };
  for (const { id = "", run, uses, with: inputs, env: more, ...rest } of steps) {
    expect(Object.keys(rest).filter((name) => name !== "name" && name !== "shell")).toEqual([]);
    if (uses?.startsWith("actions/checkout@") || run === installing) continue;
    const output = join(folder, `output-${all.text.length}`);
    await writeFile(output, "");
    const own = { ...env, ...filledIn(more, values), GITHUB_OUTPUT: output };
    // A value filled into a script could be a command, so scripts get values only through variables.
    expect(run ?? "").not.toContain("${{");
    const said = run === undefined ? await runAction(uses ?? "", inputs, own) : await shell(run, own);
    all = { code: said.code, text: all.text + said.text };
    if (said.code !== 0) return all;
    for (const line of (await readFile(output, "utf8")).split("\n")) {
      const [, name, value] = /^([^=]+)=(.*)$/.exec(line) ?? [];
      if (name !== undefined) values[`steps.${id}.outputs.${name}`] = value ?? "";
    }
  }
  return all;
}

async function runAction(path: string, given: Variables = {}, env: Variables = {}): Promise<Said> {
  const { inputs, outputs, runs } = load(readFileSync(join(root, path, "action.yml"), "utf8")) as Action;
  expect(Object.keys(given).filter((name) => !(name in inputs))).toEqual([]);
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [`inputs.${name}`, given[name] ?? input.default ?? ""]),
  );
  const inner: Record<string, string> = { ...values };
  const said = await runSteps(runs.steps, { ...env, GITHUB_ACTION_PATH: join(root, path) }, inner);
  if (said.code === 0) {
    const lines = Object.entries(outputs).map(([name, { value }]) => `${name}=${filled(value, inner)}\n`);
    await writeFile(env["GITHUB_OUTPUT"] ?? "", lines.join(""));
  }
  return said;
}

/** The run made a pull secret and printed no secret. */
async function expectSetUp(said: Said): Promise<void> {
  expect(said.code, said.text).toBe(0);
  expect(entryOf(sandbox)?.username).toMatch(/^[\w-]{36}$/);
  expect(secretsIn(said.text, sandbox)).toEqual([]);
}

describe("the example for GitHub Actions", () => {
  interface Workflow {
    readonly permissions: Variables;
    readonly jobs: { readonly "pull-secrets": { readonly env: Variables; readonly steps: readonly Step[] } };
  }
  const run = async () => {
    const { permissions, jobs }: Workflow = example("github");
    const { env, steps } = jobs["pull-secrets"];
    const [granted, asking] = [permissions["id-token"], /^ACTIONS_ID_TOKEN_/];
    const names = Object.keys(env);
    const own = Object.entries(jobVariables(...names)).filter(
      ([name]) => granted === "write" || !asking.test(name),
    );
    const values = Object.fromEntries(names.map((name) => [`vars.${name}`, sandbox.environment[name] ?? ""]));
    return await runSteps(steps, { ...Object.fromEntries(own), ...filledIn(env, values) }, {});
  };

  test("sets up and rotates by the job's own tokens", async () => {
    await open("github");
    const said = await run();
    await expectSetUp(said);
    expect(said.text).toContain("can pull from myregistry");
  });

  test("ends where the job is not trusted, and says what to do", async () => {
    await open("github", { caller: { federatedCredentials: [] } });
    const { code, text } = await run();
    expect(code).toBe(3);
    expect(text).toMatch(/^error\[azure\.federated-credential\]: .*AADSTS700213/m);
    expect(text).toContain("az ad app federated-credential create");
  });
});

describe("the action", () => {
  const steps = (): readonly Step[] => example("action").steps;

  test("does the same, and passes its answer on", async () => {
    await open("github");
    const said = await runSteps(steps(), jobVariables(), {});
    await expectSetUp(said);
    const answer: ResultDocument = JSON.parse(await readFile(join(folder, "answer.json"), "utf8"));
    expect(answer).toMatchObject({ command: "setup", ok: true });
    expect(answer.credentials[0].expiresAt).toMatch(/^20\d\d-/);
  });

  test("hands each line of its arguments over as one, which is no command of the shell", async () => {
    await open("github");
    const args = "--registry=myregistry\n\n  --namespace=x; touch hacked\n--yes\n";
    const uses = "./.github/actions/acr-pull";
    const said = await runSteps([{ uses, with: { command: "setup", args } }], jobVariables(), {});
    expect(said.code).toBe(2);
    expect(said.text).toContain("x; touch hacked");
    expect(await readFile(join(folder, "hacked"), "utf8").catch(() => "none")).toBe("none");
  });
});

test("the example for GitLab sets up and rotates by the token that the job was given", async () => {
  await open("gitlab");
  type Job = {
    readonly id_tokens: Readonly<Record<string, { readonly aud: string }>>;
    readonly script: string[];
  };
  const { script, ...job }: Job = example("gitlab")["pull-secrets"];
  expect(job.id_tokens).toEqual({ AZURE_ID_TOKEN: { aud: "api://AzureADTokenExchange" } });
  await expectSetUp(await shell(script.join("\n"), jobVariables()));
});

test("the example for Azure Pipelines sets up by the service connection", async () => {
  await open("azure-pipelines");
  type Task = {
    readonly script?: string;
    readonly env?: Variables;
    readonly inputs?: Variables;
  };
  const { steps }: { readonly steps: readonly Task[] } = example("azure-pipelines");
  const values: Record<string, string> = {
    "System.AccessToken": sandbox.environment["SYSTEM_ACCESSTOKEN"] ?? "",
  };
  const filledMacros = (text: string) =>
    text.replace(/\$\(([\w.]+)\)/g, (all, name: string) => values[name] ?? all);
  let all = { code: 0, text: "" };
  for (const { script, inputs, env = {} } of steps) {
    if (script === installing) continue;
    const own = Object.entries(env).map(([variable, text]) => [variable, filledMacros(text)]);
    const lines = filledMacros(script ?? inputs?.["inlineScript"] ?? "");
    const said = await shell(lines, { ...jobVariables("SYSTEM_ACCESSTOKEN"), ...Object.fromEntries(own) });
    all = { code: all.code || said.code, text: all.text + said.text };
  }
  await expectSetUp(all);
  expect(all.text).toContain("can pull from myregistry");
});
