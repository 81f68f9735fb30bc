import { execFileSync } from "node:child_process";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runHurried } from "../canary.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runProgram, setup } from "../program.ts";

let folder = "";
let sandbox: Sandbox;
let pipes = 0;
beforeAll(async () => {
  [folder, sandbox] = await Promise.all([mkdtemp(join(tmpdir(), "acr-pull-named-files-")), startSandbox()]);
});
afterAll(() => Promise.all([rm(folder, { recursive: true }), sandbox.close()]));

function pipe(): string {
  const path = join(folder, `pipe-${(pipes += 1)}`);
  execFileSync("mkfifo", [path]);
  return path;
}

/** The sandbox's kubeconfig with some fields of its clusters and users replaced. */
async function kubeconfigWith(cluster: object, user: object): Promise<string> {
  const config = load(await readFile(sandbox.kubeconfigPath, "utf8")) as {
    clusters: Array<{ cluster: object }>;
    users: Array<{ user: object }>;
  };
  for (const item of config.clusters) Object.assign(item.cluster, cluster);
  for (const item of config.users) Object.assign(item.user, user);
  const path = join(folder, "kubeconfig");
  await writeFile(path, dump(config, { skipInvalid: true }));
  return path;
}

describe("a run that reads a pipe which nobody writes to", () => {
  it.each([
    ["a kubeconfig", (file: string) => ["status", "--kubeconfig", file]],
    ["a sandbox's faults", (file: string) => ["sandbox", "--faults", file, "--", "true"]],
    ["a sandbox's world", (file: string) => ["sandbox", "--world", file, "--", "true"]],
  ])("as %s ends at Ctrl-C", async (_what, args) => {
    const file = pipe();
    let kill: (signal: NodeJS.Signals) => void = () => {};
    const running = runProgram(sandbox, args(file), { started: (signal) => (kill = signal) });
    // It opens once the program reads, and stays open so that the program keeps reading.
    const writer = await open(file, "w");
    kill("SIGINT");
    const run = await running;
    await writer.close();
    expect(run.code, run.stderr).toBe(130);
  });
});

describe("a file that a command names", () => {
  it("may be a pipe that is written, as a shell makes for <(...)", async () => {
    const file = pipe();
    const [run] = await Promise.all([
      runHurried(sandbox, ["status", "--kubeconfig", file, "-o", "json"]),
      readFile(sandbox.kubeconfigPath).then((text) => writeFile(file, text)),
    ]);
    expect(run.code, run.stderr).toBe(0);
  });

  it.each([
    ["/dev/zero", "it is a device"],
    ["/dev", "it is a directory"],
  ])("is refused when it is %s", async (file, why) => {
    const status = await runHurried(sandbox, ["status", "--kubeconfig", file]);
    expect(status).toMatchObject({ code: 2, stderr: expect.stringContaining(`cannot be read: ${why}`) });
    const world = await runHurried(sandbox, ["sandbox", "--world", file, "--", "true"]);
    expect(world).toMatchObject({ code: 2, stderr: expect.stringContaining(`cannot be read: ${why}`) });
  });

  it("is refused when it is far too large", async () => {
    const file = join(folder, "large");
    await writeFile(file, Buffer.alloc(9 * 1024 * 1024, " "));
    const status = await runHurried(sandbox, ["status", "--kubeconfig", file]);
    expect(status).toMatchObject({ code: 2, stderr: expect.stringContaining("it is larger than 8 MiB") });
  });
});

describe("a file that a kubeconfig names", () => {
  it.each([
    [
      "an authority",
      (file: string) => [{ "certificate-authority-data": "", "certificate-authority": file }, {}],
    ],
    ["a certificate", (file: string) => [{}, { "client-certificate": file }]],
    ["a key", (file: string) => [{}, { "client-key": file }]],
    ["a token", (file: string) => [{}, { token: undefined, tokenFile: file }]],
  ])("as %s is a regular file of bounded size", async (_what, fields) => {
    const large = join(folder, "large.pem");
    await writeFile(large, Buffer.alloc(1024 * 1024 + 1, "x"));
    const files = [
      [pipe(), "it is a pipe"],
      ["/dev/zero", "it is a device"],
      [folder, "it is a directory"],
      [large, "it is larger than 1 MiB"],
    ] as const;
    for (const [file, why] of files) {
      const [cluster = {}, user = {}] = fields(file);
      const run = await runHurried(sandbox, ["status", "--kubeconfig", await kubeconfigWith(cluster, user)]);
      expect(run.code, run.stderr).toBe(3);
      expect(run.stderr).toContain("There is no credential for context ");
      expect(run.stderr).toContain(`: ${file} cannot be read: ${why}`);
    }
  });
});

describe("a file that a variable of Azure's names", () => {
  it("as AZURE_FEDERATED_TOKEN_FILE is a regular file of bounded size", async () => {
    const variable = "AZURE_FEDERATED_TOKEN_FILE";
    for (const [file, why] of [
      [pipe(), "it is a pipe"],
      ["/dev/zero", "it is a device"],
    ] as const) {
      const env = { AZURE_CLIENT_SECRET: undefined, [variable]: file };
      const run = await setup(sandbox, ["--auth", "workload-identity"], { env });
      expect(run.code, run.stderr).toBe(3);
      expect(run.json.error).toMatchObject({
        code: "azure.not-signed-in",
        message: `The file in ${variable}, ${file}, cannot be read: ${why}.`,
      });
    }
  });
});
