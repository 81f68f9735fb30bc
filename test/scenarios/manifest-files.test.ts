import { spawnSync } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretsIn } from "../canary.ts";
import { documentsIn, sealWith, sync } from "../gitops/reconciler.ts";
import { livePasswords, runProgram, setup, spawnProgram } from "../program.ts";

let sandbox: Sandbox;
let folder: string;
let file: string;
beforeEach(async () => {
  sandbox = await startSandbox();
  folder = await mkdtemp(join(tmpdir(), "acr-pull-manifest-files-"));
  file = join(folder, "pull.yaml");
});
afterEach(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

const manifest = (path: string, ...args: readonly string[]) => setup(sandbox, ["--manifest", path, ...args]);

/** A command that runs a bash script and then seals. It skips the script while acr-pull only tries the command. */
async function sealAfter(script: string): Promise<string> {
  const command = join(folder, "seal.sh");
  const body = `#!/bin/bash\ntext=$(cat)\ncase $text in *eyJhdXRocyI6e319*) ;; *) ${script};; esac\n${sealWith} <<<"$text"\n`;
  await writeFile(command, body, { mode: 0o700 });
  return command;
}

describe("a manifest that others write to as well", () => {
  it("keeps the documents of two runs that write to one file at once", async () => {
    const namespaces = ["awesomeapps", "default"];
    for (const name of ["one", "two", "three", "four"]) {
      const path = join(folder, `${name}.yaml`);
      const args = ["setup", "--registry", "myregistry", "--secret-name", name, "--manifest", path, "--yes"];
      const runs = await Promise.all(namespaces.map((one) => spawnProgram(sandbox, [...args, "-n", one])));
      expect(runs.map(({ code, stderr }) => (code === 0 ? "" : stderr))).toEqual(["", ""]);
      expect(documentsIn(path).map(({ metadata }) => metadata.namespace)).toHaveLength(2);
    }
    expect((await readdir(folder)).toSorted()).toEqual(["four.yaml", "one.yaml", "three.yaml", "two.yaml"]);
  });

  it("writes nothing into a document that somebody edits while the new one is sealed", async () => {
    await manifest(file, "--seal-with", sealWith);
    await sync(sandbox, file);
    const edit = await sealAfter(`echo "# edited" >> '${file}'`);
    livePasswords(sandbox)[0]!.removedAt = Date.now();
    await manifest(file, "--seal-with", edit);
    await manifest(file, "--seal-with", sealWith);
    expect(documentsIn(file)).toHaveLength(1);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("takes over a lock that a crash has left", { timeout: 60_000 }, async () => {
    await writeFile(join(folder, ".pull.yaml.acr-pull.lock"), "");
    expect((await manifest(file)).code).toBe(0);
    expect(await readdir(folder)).toEqual(["pull.yaml"]);
  });
});

it("takes away the draft that a crash has left", async () => {
  await writeFile(join(folder, ".pull.yaml.draft"), "a password");
  expect((await manifest(file)).code).toBe(0);
  expect(await readdir(folder)).toEqual(["pull.yaml"]);
});

describe("a manifest among files of all kinds", () => {
  it("refuses a file that is not UTF-8, and keeps every byte of it", async () => {
    const latin = Buffer.from("# caf\xe9\nkind: ConfigMap\n", "latin1");
    await writeFile(file, latin);
    const run = await manifest(file);
    expect([run.code, run.json.error.code]).toEqual([2, "manifest.unreadable"]);
    expect(run.json.error.message).toContain("UTF-8");
    expect(await readFile(file)).toEqual(latin);
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it.skipIf(process.platform === "win32")(
    "refuses a pipe in a folder, and does not wait for it",
    async () => {
      spawnSync("mkfifo", [join(folder, "a.yaml")]);
      const run = await manifest(folder);
      expect([run.code, run.json.error.code]).toEqual([2, "manifest.unreadable"]);
    },
  );

  it("says so when it cannot note what it is about to do", async () => {
    await mkdir(join(folder, ".acr-pull"));
    const run = await manifest(folder);
    expect([run.code, run.json.error.code]).toEqual([2, "manifest.unreadable"]);
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it("refuses a link that leads out of the folder", async () => {
    const real = join(folder, "real.txt");
    const pull = join(folder, "pull");
    const link = join(pull, "awesomeapps-acr-secret.yaml");
    await mkdir(pull);
    await writeFile(real, "# of others\n");
    await symlink("../real.txt", link);
    const run = await manifest(pull);
    expect([run.code, run.json.error?.code]).toEqual([2, "manifest.unreadable"]);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(real, "utf8")).toBe("# of others\n");
    expect(livePasswords(sandbox)).toEqual([]);
  });
});

describe("a secret that stands in what acr-pull does not edit", () => {
  const configMap = JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "awesomeapps" },
    data: { script: 'if "}" \\ {' },
  });
  const forms = {
    "a list": {
      name: "pull.yaml",
      text: (secret: object) => JSON.stringify({ kind: "List", items: [secret] }),
    },
    "a JSON file": { name: "pull.json", text: (secret: object) => JSON.stringify(secret, null, "\t") },
    "a list in a JSON file": {
      name: "pull.json",
      text: (secret: object) => JSON.stringify({ apiVersion: "v1", kind: "SecretList", items: [secret] }),
    },
    "a JSON file with several values": {
      name: "pull.json",
      text: (secret: object) => `${configMap}\n${JSON.stringify(secret)}\n`,
    },
    "a YAML file that begins with several JSON values": {
      name: "pull.yaml",
      text: (secret: object) => `${configMap}${JSON.stringify(secret, null, "\t")}\n---\nkind: Other\n`,
    },
  };

  it.each(Object.entries(forms))("gets no second document, in %s", async (_what, { name, text }) => {
    await manifest(folder);
    await sync(sandbox, folder);
    const [written = ""] = await readdir(folder);
    const [secret] = documentsIn(join(folder, written));
    await rm(join(folder, written));
    const moved = text(secret);
    await writeFile(join(folder, name), moved);
    for (const command of ["setup", "rotate"]) {
      const args = [command, "--registry", "myregistry", "-n", "awesomeapps", "--manifest", folder, "-y"];
      const run = await runProgram(sandbox, [...args, "-o", "json"]);
      expect([run.code, run.json.error.code], run.stdout).toEqual([2, "manifest.embedded"]);
    }
    expect(await readdir(folder)).toEqual([name]);
    expect(await readFile(join(folder, name), "utf8")).toBe(moved);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it.each(Object.entries(forms))(
    "stands in nobody's way if it is another, in %s",
    async (_what, { name, text }) => {
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "other", namespace: "awesomeapps" },
      };
      const before = text(secret);
      await writeFile(join(folder, name), before);
      expect((await manifest(folder)).code).toBe(0);
      expect(await readdir(folder)).toEqual(["awesomeapps-acr-secret.yaml", name].toSorted());
      expect(await readFile(join(folder, name), "utf8")).toBe(before);
    },
  );

  it.each(Object.entries(forms))(
    "keeps every byte of it, also when a sealed document is to replace it, in %s",
    async (_what, { name, text }) => {
      await manifest(folder);
      const [written = ""] = await readdir(folder);
      const [secret] = documentsIn(join(folder, written));
      await rm(join(folder, written));
      const before = text(secret);
      await writeFile(join(folder, name), before);
      const run = await manifest(folder, "--seal-with", sealWith);
      expect([run.code, run.json.error?.code], run.stdout).toEqual([2, "manifest.embedded"]);
      expect(await readFile(join(folder, name), "utf8")).toBe(before);
    },
  );

  it.each([
    ["a list in a list", (item: object) => ({ kind: "List", items: [{ kind: "List", items: [item] }] })],
    [
      "a SecretList that leaves out the kind of its items",
      ({ metadata, data }: Record<string, unknown>) => ({
        kind: "SecretList",
        apiVersion: "v1",
        items: [{ metadata, data }],
      }),
    ],
  ])("is seen in %s", async (_what, put) => {
    await manifest(folder);
    const [written = ""] = await readdir(folder);
    const [secret] = documentsIn(join(folder, written));
    await rm(join(folder, written));
    await writeFile(file, JSON.stringify(put(secret)));
    expect((await manifest(folder)).json.error?.code).toBe("manifest.embedded");
  });

  it("stops nobody when two JSON files have the same secret of somebody else, or are no manifests", async () => {
    const other = JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "x", namespace: "y" },
    });
    for (const name of ["prod.json", "staging.json"]) await writeFile(join(folder, name), other);
    await writeFile(join(folder, "utf16.json"), Buffer.from("\uFEFF{}", "utf16le"));
    await mkdir(join(folder, "dashboards.json"));
    await symlink("nowhere.json", join(folder, "link.json"));
    expect((await manifest(folder)).code).toBe(0);
    const args = ["rotate", "-n", "awesomeapps", "--manifest", folder, "--if-due", "-y"];
    const { json } = await runProgram(sandbox, [...args, "-o", "json"]);
    expect(json.error?.code).not.toBe("manifest.twice");
  });

  it("is not written after several JSON values, where kubectl would not read it", async () => {
    const text = `${configMap}${configMap}\n`;
    await writeFile(file, text);
    const run = await manifest(file, "--dry-run");
    expect([run.code, run.json.error?.code]).toEqual([2, "manifest.unwritable"]);
    expect((await manifest(file)).code).toBe(2);
    expect(await readFile(file, "utf8")).toBe(text);
    expect(livePasswords(sandbox)).toEqual([]);
    expect((await manifest(folder)).code).toBe(0);
  });

  it("keeps a service account in a list as it is", async () => {
    const account = {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "web", namespace: "awesomeapps" },
    };
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: [account] }));
    const run = await manifest(file, "--service-account", "web");
    expect([run.code, run.json.error.code], run.stdout).toEqual([2, "manifest.account-not-ours"]);
  });
});

it("refuses a link to a file that does not exist, and keeps the link", async () => {
  await symlink("nowhere.yaml", file);
  const run = await manifest(file);
  expect([run.code, run.json.error?.code]).toEqual([2, "manifest.unreadable"]);
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect(livePasswords(sandbox)).toEqual([]);
});

it.skipIf(process.getuid?.() === 0)(
  "refuses a link to a file in a folder that may not be written, also in a dry run",
  async () => {
    const real = join(folder, "real");
    await mkdir(real);
    await writeFile(join(real, "x.yaml"), "");
    await chmod(real, 0o500);
    await symlink("real/x.yaml", file);
    for (const more of [["--dry-run"], []]) {
      const run = await manifest(file, ...more);
      expect([run.code, run.json.error?.code]).toEqual([2, "manifest.unwritable"]);
    }
    await chmod(real, 0o700);
  },
);

it("says which folder is missing, and the command that makes it", async () => {
  const path = `${join(folder, "my deploy", "pull")}/`;
  const { json } = await manifest(path);
  const missing = join(folder, "my deploy");
  expect(json.error).toMatchObject({
    code: "manifest.unwritable",
    message: `${path} cannot be written: there is no folder ${missing}.`,
    hint: `Check the name, or make the folder: mkdir -p '${missing}'`,
  });
});

it("refuses to write YAML into a file that is named as JSON", async () => {
  const run = await manifest(join(folder, "pull.json"));
  expect([run.code, run.json.error?.code]).toEqual([2, "manifest.unreadable"]);
  expect(livePasswords(sandbox)).toEqual([]);
});

describe("what a sealing command answers", () => {
  it("is not written when it has the password in another encoding", async () => {
    const command = join(folder, "reencode.mjs");
    const body = `import { readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
const text = readFileSync(0, "utf8");
const data = /dockerconfigjson: (\\S+)\\n?$/m.exec(text.slice(text.indexOf("\\ndata:")))[1];
const again = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(data, "base64")), null, 2)).toString("base64");
const { stdout } = spawnSync(process.execPath, process.argv.slice(2), { input: text, encoding: "utf8" });
process.stdout.write(stdout.replace(/(dockerconfigjson: )\\S+/, "$1" + again));
`;
    await writeFile(command, body);
    const run = await manifest(
      file,
      "--seal-with",
      sealWith.replace(process.execPath, `${process.execPath} ${command}`),
    );
    expect(JSON.stringify(run.json)).toContain("manifest.not-sealed");
    expect((await readdir(folder)).includes("pull.yaml")).toBe(false);
    expect(secretsIn(run.stdout + run.stderr, sandbox)).toEqual([]);
  });
});

describe("a readable document that is to be sealed from now on", () => {
  it("is sealed by rotate, with the old key and the new one", async () => {
    await manifest(file);
    await sync(sandbox, file);
    const args = [
      "rotate",
      "--manifest",
      file,
      "--seal-with",
      sealWith,
      "--settle",
      "0s",
      "-y",
      "-o",
      "json",
    ];
    const run = await runProgram(sandbox, args);
    expect([run.code, run.json.error]).toEqual([0, undefined]);
    expect(documentsIn(file).map(({ kind }) => kind)).toEqual(["SealedSecret"]);
    await sync(sandbox, file);
    expect(livePasswords(sandbox)).toHaveLength(2);
    const verify = await runProgram(sandbox, ["verify", "-n", "awesomeapps", "-o", "json"]);
    expect(verify.code).toBe(0);
  });

  it.each(["other.example", "https://other.example/v1/"])(
    "is left alone when it also holds a credential for %s",
    async (host) => {
      await manifest(file);
      const [document] = documentsIn(file);
      const config = JSON.parse(Buffer.from(document.data[".dockerconfigjson"], "base64").toString());
      config.auths[host] = { auth: Buffer.from("user:a password of others").toString("base64") };
      document.data[".dockerconfigjson"] = Buffer.from(JSON.stringify(config)).toString("base64");
      const before = JSON.stringify(document);
      await writeFile(file, before);
      const run = await manifest(file, "--seal-with", sealWith);
      expect([run.code, run.json.error.code]).toEqual([2, "manifest.drops-entries"]);
      expect(run.json.error.message).toContain("other.example");
      expect(await readFile(file, "utf8")).toBe(before);
    },
  );

  it("is left alone when somebody else wrote it", async () => {
    const config = {
      auths: { [sandbox.world.registries[0]!.loginServer]: { username: "u", password: "p" } },
    };
    const data = { ".dockerconfigjson": Buffer.from(JSON.stringify(config)).toString("base64") };
    const metadata = { name: "acr-secret", namespace: "awesomeapps" };
    const before = JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata,
      data,
    });
    await writeFile(file, before);
    const run = await manifest(file, "--seal-with", sealWith);
    expect([run.code, run.json.error.code]).toEqual([2, "manifest.drops-entries"]);
    expect(await readFile(file, "utf8")).toBe(before);
  });
});
