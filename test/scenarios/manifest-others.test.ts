import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { documentsIn, sealWith, sync } from "../gitops/reconciler.ts";
import { livePasswords, runProgram, setup } from "../program.ts";

let sandbox: Sandbox;
let folder: string;
beforeEach(async () => {
  sandbox = await startSandbox();
  folder = await mkdtemp(join(tmpdir(), "acr-pull-manifest-others-"));
});
afterEach(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

const written = "awesomeapps-acr-secret.yaml";
const manifest = (path: string, ...args: readonly string[]) => setup(sandbox, ["--manifest", path, ...args]);
const rotate = (path: string) =>
  runProgram(sandbox, ["rotate", "--manifest", path, "--if-due", "-y", "-o", "json"]);
const put = (name: string, text: string) => writeFile(join(folder, name), text);

describe("two YAML documents for one secret", () => {
  const other = (name: string) =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: awesomeapps}\n`;

  it("stop nobody if somebody else wrote both and the run is not about that secret", async () => {
    await put("prod.yaml", other("x"));
    await put("staging.yaml", other("x"));
    expect((await manifest(folder)).code).toBe(0);
    await sync(sandbox, join(folder, written));
    const run = await rotate(folder);
    expect([run.code, run.json.error]).toEqual([0, undefined]);
  });

  it("stop a run that is about that secret", async () => {
    await put("prod.yaml", other("acr-secret"));
    await put("staging.yaml", other("acr-secret"));
    const run = await manifest(folder);
    expect([run.code, run.json.error?.code]).toEqual([2, "manifest.twice"]);
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it("stop a rotation if acr-pull wrote one of them", async () => {
    await manifest(folder);
    await sync(sandbox, folder);
    await put("other.yaml", other("acr-secret"));
    const run = await rotate(folder);
    expect([run.code, run.json.error?.code]).toEqual([2, "manifest.twice"]);
  });
});

describe("a document of this secret in a folder inside the folder", () => {
  it("gets no second one, and the message says which folder to name", async () => {
    const below = join(folder, "prod", "pull");
    await mkdir(below, { recursive: true });
    await manifest(below);
    for (const more of [[], ["--dry-run"], ["--seal-with", sealWith]]) {
      const run = await manifest(folder, ...more);
      expect([run.code, run.json.error?.code], run.stdout).toEqual([2, "manifest.twice"]);
      expect(run.json.error.message).toContain(join(below, written));
      expect(run.json.error.hint).toContain(`--manifest ${below}`);
    }
    expect(await readdir(folder)).toEqual(["prod"]);
    expect((await manifest(below)).json.secrets[0].action).toBe("unchanged");
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("is no obstacle if it is of another cluster", async () => {
    const below = join(folder, "staging");
    await mkdir(below);
    await manifest(below);
    const file = join(below, written);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(/"clusterId":"[^"]+"/, `"clusterId":"${crypto.randomUUID()}"`));
    expect((await manifest(folder)).code).toBe(0);
    expect((await readdir(folder)).toSorted()).toEqual([written, "staging"]);
  });
});

describe("a kustomization beside the documents", () => {
  it("that does not list a new one is named, once", async () => {
    await put("kustomization.yaml", "resources: [deployment.yaml]\n");
    const run = await manifest(folder, "-n", "awesomeapps", "-n", "default");
    expect(run.code).toBe(0);
    expect(run.stderr.match(/does not list \S+/g)).toEqual([`does not list ${written}:`]);
    expect((await manifest(folder)).stderr).not.toContain("does not list");
  });

  it.each([
    ["a file whose name ends alike", `my-${written}`],
    ["it only in a comment", `deployment.yaml # ${written}`],
  ])("that lists %s is named", async (_what, listed) => {
    await put("kustomization.yaml", `resources:\n  - ${listed}\n`);
    expect((await manifest(folder)).stderr).toContain(`does not list ${written}:`);
  });

  it.each([
    `resources: [${written}]\n`,
    `resources:\n  - "./${written}"\n`,
    `resources:\r\n- ${written}\r\n`,
  ])("that lists it is not mentioned: %j", async (text) => {
    await put("kustomization.yaml", text);
    expect((await manifest(folder)).stderr).not.toContain("does not list");
  });
});

describe.each([
  ["readable", []],
  ["sealed", ["--seal-with", sealWith]],
])("the comments of a %s document", (_how, seal) => {
  it.each([
    ["a separator", "---\n# Owner: platform\n\n"],
    ["a separator with a comment", "--- # Owner: platform\n"],
    ["no separator", "# Owner: platform\n"],
    ["carriage returns", "---\r\n# Owner: platform\r\n"],
  ])("stay above and below what acr-pull writes, after %s", async (_what, above) => {
    const file = join(folder, "pull.yaml");
    await manifest(file, ...seal);
    const text = await readFile(file, "utf8");
    await writeFile(file, `${text.replace("---\n", above)}# The end\n`);
    livePasswords(sandbox)[0]!.removedAt = Date.now();
    expect((await manifest(file, ...seal)).json.credentials[0].action).toBe("created");
    const now = await readFile(file, "utf8");
    expect(now.startsWith(above)).toBe(true);
    expect(now.endsWith("\n# The end\n")).toBe(true);
    expect(now.match(/Owner/g)).toHaveLength(1);
    expect(documentsIn(file)).toHaveLength(1);
    await sync(sandbox, file);
    expect((await manifest(file, ...seal)).json.secrets[0].action).toBe("unchanged");
    expect(await readFile(file, "utf8")).toBe(now);
  });
});

describe("a document that SOPS encrypted", () => {
  const encrypted = (name: string, annotations = "") =>
    `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n  namespace: default\n${annotations}data: {a: 'ENC[x]'}\nsops: {mac: 'ENC[x]'}\n`;

  it.each([[[]], [["--seal-with", sealWith]], [["--create-namespace", "-n", "fresh"]]])(
    "shares its file with no other, with %j",
    async (more) => {
      const text = encrypted("other");
      await put("pull.yaml", text);
      const run = await manifest(join(folder, "pull.yaml"), ...more);
      expect([run.code, run.json.error?.code]).toEqual([2, "manifest.sops-beside-others"]);
      expect(await readFile(join(folder, "pull.yaml"), "utf8")).toBe(text);
      expect(livePasswords(sandbox)).toEqual([]);
    },
  );

  const sopsLike = join(import.meta.dirname, "../gitops/sops-like.mjs");
  it.each([
    ["a namespace", ["-n", "fresh", "--create-namespace"]],
    ["a service account", ["-n", "awesomeapps", "--service-account", "default"]],
    ["another secret", ["-n", "awesomeapps", "-n", "default"]],
  ])("does not come into one file with %s, and no key is made", async (_what, more) => {
    const seal = ["--seal-with", `${process.execPath} ${sopsLike}`];
    const run = await manifest(join(folder, "pull.yaml"), ...seal, ...more);
    expect([run.code, run.json.error?.code]).toEqual([2, "manifest.sops-beside-others"]);
    expect(await readdir(folder)).toEqual([]);
    expect(livePasswords(sandbox)).toEqual([]);
    expect((await manifest(`${folder}/pull/`, ...seal, ...more)).code).toBe(0);
  });

  it("gets no second one if nobody can tell which secret it makes", async () => {
    const text = encrypted("ENC[x]", "  annotations: {acr-pull/entries: 'ENC[x]'}\n");
    await put(written, text.replace("kind: Secret", "kind: ENC[x]").replace("default", "ENC[x]"));
    const run = await manifest(folder);
    expect([run.code, run.json.error?.code]).toEqual([2, "manifest.marks-sealed"]);
    expect(livePasswords(sandbox)).toEqual([]);
  });
});

it("a label that Go would read as a number stays a text when the document is written again", async () => {
  const file = join(folder, "pull.yaml");
  await manifest(file);
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace("  labels:\n", "  labels:\n    release: '2026_01'\n"));
  livePasswords(sandbox)[0]!.removedAt = Date.now();
  await manifest(file);
  expect(await readFile(file, "utf8")).toContain("release: '2026_01'\n");
});

it("a document whose namespace somebody took out gets no second one", async () => {
  await manifest(folder);
  const file = join(folder, written);
  const text = (await readFile(file, "utf8")).replace(/^ {2}namespace: .*\n/m, "");
  await writeFile(file, text);
  const run = await manifest(folder);
  expect([run.code, run.json.error?.code]).toEqual([2, "manifest.embedded"]);
  expect(run.json.error.message).toContain("without a namespace");
  expect(await readFile(file, "utf8")).toBe(text);
  expect(livePasswords(sandbox)).toHaveLength(1);
});

it("the comments and annotations that somebody gave an account's document stay when it gets another secret", async () => {
  const link = (name: string) => manifest(folder, "--secret-name", name, "--service-account", "default");
  await link("acr-secret");
  const file = join(folder, "awesomeapps-default-account.yaml");
  const edited = (await readFile(file, "utf8"))
    .replace("---\n", "---\n# Owner: web\n")
    .replace("Delete=false", "Delete=false,ServerSideApply=true");
  await writeFile(file, edited);
  expect((await link("second")).code).toBe(0);
  expect(await readFile(file, "utf8")).toBe(`${edited}  - name: second\n`);
});

it("a date without quotes in a label or an annotation stays when the document is written again", async () => {
  const file = join(folder, "pull.yaml");
  await manifest(file);
  const text = (await readFile(file, "utf8"))
    .replace("  labels:\n", "  labels:\n    release: 2026-01-02\n")
    .replace("  annotations:\n", "  annotations:\n    reviewed: 2026-01-02T03:04:05Z\n");
  await writeFile(file, text);
  livePasswords(sandbox)[0]!.removedAt = Date.now();
  await manifest(file);
  const { metadata } = documentsIn(file)[0];
  expect([metadata.labels.release, metadata.annotations.reviewed]).toEqual([
    "2026-01-02",
    "2026-01-02T03:04:05Z",
  ]);
});
