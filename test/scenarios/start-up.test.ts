import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runProgram, type Run } from "../program.ts";

let sandbox: Sandbox;
const folder = mkdtempSync(join(tmpdir(), "acr-pull-start-up-"));
const [watcher, seen] = [join(folder, "watcher.cjs"), join(folder, "seen.json")];
beforeAll(async () => {
  sandbox = await startSandbox();
  writeFileSync(
    watcher,
    `process.on("exit", () => {
      const files = Object.keys(require.cache).filter((file) => file !== __filename);
      const parts = process.moduleLoadList.map((name) => name.replace("NativeModule ", ""));
      require("node:fs").writeFileSync(${JSON.stringify(seen)}, JSON.stringify({ files, parts }));
    });`,
  );
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await sandbox.close();
});

interface Loaded {
  /** Paths of the program's own files. */
  readonly files: readonly string[];
  /** The parts of Node that it loaded too. */
  readonly parts: readonly string[];
}

/** Runs the program and records what it loaded. */
async function watched(commandLine: string, sandbox?: Sandbox): Promise<Loaded & { readonly run: Run }> {
  const run = await runProgram(sandbox, commandLine.split(" ").filter(Boolean), {
    env: { NODE_OPTIONS: `--require=${watcher}` },
  });
  return { run, ...(JSON.parse(readFileSync(seen, "utf8")) as Loaded) };
}

/** Parts of Node that take long to load. Help needs none of them; the streams of a process do. */
const slow = ["net", "tty", "stream", "https", "crypto", "child_process", "internal/process/esm_loader"];

describe("help and the version", () => {
  it.each(["", "--help", "--version", "help"])(
    "of acr-pull %s come from two files and hardly any of Node",
    async (line) => {
      const { run, files, parts } = await watched(line);
      expect(run.code).toBe(0);
      expect(run.stdout).not.toBe("");
      const names = files.map((file) => basename(file));
      expect(names.filter((name) => !name.startsWith("rolldown-runtime"))).toEqual([
        "acr-pull.cjs",
        "main.cjs",
      ]);
      const sizes = files.map((file) => statSync(file).size);
      expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(100_000);
      expect(parts.filter((part) => slow.includes(part))).toEqual([]);
    },
  );

  it("of one command load no other", async () => {
    const { files, parts } = await watched("setup --help");
    expect(
      files.filter((file) => /\/(?:flow-(?!command)|text-|questions-|sandbox-|run-)/.test(file)),
    ).toEqual([]);
    expect(parts.filter((part) => slow.includes(part))).toEqual([]);
  });
});

describe("a completion script", () => {
  it("comes without any SDK", async () => {
    const { files } = await watched("completion bash");
    const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
    expect(sdks.filter((name) => text.includes(name))).toEqual([]);
    expect(text.length).toBeLessThan(250_000);
  });
});

/** Names from libraries that some command may need. */
const sdks = ["ConfidentialClientApplication", "KubeConfig", "loadAll", "protobuf", "startSandbox"];

/** Names from code that comes with needed libraries but is not needed itself: for kubeconfigs, proxies, terminals. */
const unused = ["JSONPath", "SmartBuffer", "ansi256"];

describe("a command that is carried out", () => {
  it("loads no second HTTP client: Node's fetch takes as long to load as all that is ours", async () => {
    const { run, parts } = await watched("setup --registry myregistry -n awesomeapps --yes", sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(parts).not.toContain("internal/deps/undici/undici");
  });

  it("loads of the Kubernetes client its calls alone, and no colours for a pipe", async () => {
    const { run, files } = await watched("status", sandbox);
    expect(run.code, run.stderr).toBe(0);
    const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
    expect(unused.filter((name) => text.includes(name))).toEqual([]);
  });
});

describe("what is looked for here", () => {
  it("is there to be found", async () => {
    const { files, parts } = await watched("setup --registry myregistry -n awesomeapps --dry-run", sandbox);
    expect(files.length).toBeGreaterThan(20);
    for (const part of ["net", "stream", "https", "crypto"]) expect(parts).toContain(part);
    const dist = join(files.find((file) => file.endsWith("main.cjs")) ?? "", "..");
    const all = readdirSync(dist).map((name) => readFileSync(join(dist, name), "utf8"));
    expect([...sdks, ...unused].filter((name) => !all.some((one) => one.includes(name)))).toEqual([]);
  });
});

describe("a run that Node ends before it came to its end", () => {
  it("has failed", async () => {
    const stuck = join(folder, "stuck.cjs");
    writeFileSync(stuck, `require("node:fs").read = () => {};`);
    const run = await runProgram(sandbox, ["status", "-o", "json"], {
      env: { NODE_OPTIONS: `--require=${stuck}` },
    });
    expect(run.stdout).toBe("");
    expect(run.code).toBe(1);
  });
});

describe("Node", () => {
  it.each([
    "--help",
    "--version",
    "completion bash",
    "setup --registry myregistry -n awesomeapps --yes",
    "status",
    "verify -n awesomeapps",
    "rotate --registry myregistry -n awesomeapps --dry-run",
    "remove --registry myregistry --yes",
  ])("warns of nothing in acr-pull %s", async (commandLine) => {
    const run = await runProgram(sandbox, commandLine.split(" "));
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).not.toMatch(/\(node:\d+\)|Warning:/);
  });
});
