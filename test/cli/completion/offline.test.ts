import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProgram, type Run } from "../../program.ts";

let folder = "";
let watcher = "";
let kubeconfig = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-offline-"));
  watcher = join(folder, "watcher.mjs");
  kubeconfig = join(folder, "kubeconfig");
  await writeFile(
    watcher,
    [
      'import { Socket } from "node:net";',
      'import { ChildProcess } from "node:child_process";',
      'import { appendFileSync } from "node:fs";',
      "for (const [type, method] of [[Socket, 'connect'], [ChildProcess, 'spawn']]) {",
      "  const real = type.prototype[method];",
      "  type.prototype[method] = function (...given) {",
      "    appendFileSync(process.env.SEEN, `${method}\\n`);",
      "    return real.apply(this, given);",
      "  };",
      "}",
    ].join("\n"),
  );
  // To ask this cluster anything, one must first run a plugin and then connect.
  await writeFile(
    kubeconfig,
    JSON.stringify({
      "current-context": "dev",
      contexts: [{ name: "dev", context: { cluster: "c", user: "u", namespace: "apps" } }],
      clusters: [{ name: "c", cluster: { server: "https://localhost:9" } }],
      users: [
        {
          name: "u",
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1",
              command: "sh",
              args: ["-c", `echo '${JSON.stringify(credential)}'`],
              interactiveMode: "Never",
            },
          },
        },
      ],
    }),
  );
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const credential = {
  apiVersion: "client.authentication.k8s.io/v1",
  kind: "ExecCredential",
  status: { token: "t" },
};

interface Watched {
  readonly run: Run;
  /** `connect` for each connection it opened, `spawn` for each program it ran. */
  readonly seen: readonly string[];
  /** The text of every file of the build that was loaded. */
  readonly loaded: string;
}

/** Runs the program and records which files it loaded (from Node's coverage report) and what it tried to reach. */
async function watched(args: readonly string[]): Promise<Watched> {
  const own = await mkdtemp(join(folder, "run-"));
  const [seen, coverage] = [join(own, "seen"), join(own, "coverage")];
  await writeFile(seen, "");
  const run = await runProgram(undefined, args, {
    env: {
      KUBECONFIG: kubeconfig,
      NODE_OPTIONS: `--import=${watcher}`,
      SEEN: seen,
      NODE_V8_COVERAGE: coverage,
    },
  });
  const [report = ""] = await readdir(coverage);
  const { result } = JSON.parse(await readFile(join(coverage, report), "utf8")) as {
    result: ReadonlyArray<{ url: string }>;
  };
  const files = result.map(({ url }) => url).filter((url) => url.includes("/dist/"));
  expect(files.map((url) => basename(url))).toContain("main.cjs");
  const texts = await Promise.all(files.map((url) => readFile(new URL(url), "utf8")));
  return {
    run,
    seen: (await readFile(seen, "utf8")).split("\n").filter(Boolean),
    loaded: texts.join("\n"),
  };
}

/** Class names of the clients, and of the SDKs that some of them load. */
const clients = /\b(?:KubernetesHttp|SharedCredential|KubeConfig|ConfidentialClientApplication)\b/;

describe("a completion", () => {
  it.each([
    [["completion", "bash"], "complete -o default"],
    [["__complete", "zsh", "--", "setup", "--"], "--registry"],
    [["__complete", "zsh", "--", "setup", "--context", ""], "dev\t"],
    [["__complete", "bash", "--", "setup", "-n", ""], "apps"],
  ])("%j loads no client, opens no connection and runs no program", async (args, expected) => {
    const { run, seen, loaded } = await watched(args);
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    expect(run.stdout).toContain(expected);
    expect(seen).toEqual([]);
    expect(loaded).not.toMatch(clients);
  });

  it("would be found out: a run that asks the cluster does all of that", async () => {
    const { seen, loaded } = await watched(["rotate", "--yes", "--timeout", "2s"]);
    expect(new Set(seen)).toEqual(new Set(["spawn", "connect"]));
    expect(loaded).toMatch(clients);
  });
});
