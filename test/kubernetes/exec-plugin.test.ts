import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runExecPlugin } from "../../src/kubernetes/exec-plugin.ts";
import type { ExecPlugin } from "../../src/kubernetes/exec-program.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-plugin-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A plugin that is a line of JavaScript. */
function plugin(script: string, more: Partial<ExecPlugin> = {}): ExecPlugin {
  return {
    command: process.execPath,
    args: ["-e", script],
    env: {},
    apiVersion: "client.authentication.k8s.io/v1",
    interactiveMode: undefined,
    provideClusterInfo: false,
    installHint: undefined,
    ...more,
  };
}

/** Whether a process runs. A zombie does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const never = new AbortController().signal;

function run(
  what: ExecPlugin,
  {
    signal = never,
    say = () => {},
    variables = {},
  }: { signal?: AbortSignal; say?: (line: string) => void; variables?: Record<string, string> } = {},
) {
  const ours = { PATH: process.env["PATH"], ...variables };
  const cluster = { server: "https://blue.test" };
  return runExecPlugin(what, { context: "blue", variables: ours, cluster, say }, signal);
}

const give = (status: object) =>
  `process.stdout.write(JSON.stringify({ kind: "ExecCredential", status: ${JSON.stringify(status)} }))`;

describe("runExecPlugin", () => {
  test("gives the token", async () => {
    expect(await run(plugin(give({ token: "t" })))).toMatchObject({ token: "t" });
  });

  test("gives a client certificate with its key", async () => {
    const credential = await run(plugin(give({ clientCertificateData: "c", clientKeyData: "k" })));
    expect(credential).toEqual({ token: undefined, certificate: "c", key: "k" });
  });

  test("tells the plugin that it is not interactive, its version and, if it asks, its cluster", async () => {
    const echo = `process.stdout.write(JSON.stringify({ kind: "ExecCredential", status: { token: process.env.KUBERNETES_EXEC_INFO + process.env.MORE } }))`;
    const { token } = await run(plugin(echo, { provideClusterInfo: true, env: { MORE: "!" } }));
    expect(token).toBe(
      `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":"https://blue.test"}}}!`,
    );
  });

  test("ends the plugin's standard input at once, so that one that reads it does not hang", async () => {
    const reader = `process.stdin.on("end", () => { ${give({ token: "t" })} }).resume()`;
    expect(await run(plugin(reader))).toMatchObject({ token: "t" });
  });

  test("passes on line by line what the plugin says", async () => {
    const lines: string[] = [];
    await run(
      plugin(`process.stderr.write("one\\ntw"); process.stderr.write("o"); ${give({ token: "t" })}`),
      {
        say: (line) => lines.push(line),
      },
    );
    expect(lines).toEqual(["one", "two"]);
  });

  test("passes on no more than 64 KiB of what it says, and lets it go on", async () => {
    const lines: string[] = [];
    const talker = `for (let i = 0; i < 5000; i += 1) process.stderr.write("x".repeat(99) + "\\n"); ${give({ token: "t" })}`;
    expect(await run(plugin(talker), { say: (line) => lines.push(line) })).toMatchObject({ token: "t" });
    expect(lines.join("\n").length).toBeLessThan(66_000);
    expect(lines.at(-1)).toBe("(the rest of its output is omitted)");
  });

  test("hands the plugin no secret of ours", async () => {
    const secrets = ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD"];
    const all = [...secrets, "ACR_PULL_SOME_TOKEN", "IDENTITY_HEADER"].map((name) => [name, "s3cr3t"]);
    const variables = { ...Object.fromEntries(all), AZURE_CLIENT_ID: "an id" };
    const echo = `process.stdout.write(JSON.stringify({ kind: "ExecCredential", status: { token: JSON.stringify(process.env) } }))`;
    const { token = "" } = await run(plugin(echo, { env: { AZURE_PASSWORD: "the kubeconfig's" } }), {
      variables,
    });
    expect(token).not.toContain("s3cr3t");
    expect(JSON.parse(token)).toMatchObject({
      AZURE_CLIENT_ID: "an id",
      AZURE_PASSWORD: "the kubeconfig's",
    });
  });

  test("hands kubelogin, which signs in to Azure itself, what it signs in with", async () => {
    await writeFile(
      join(folder, "kubelogin"),
      `#!/bin/sh\necho "{\\"kind\\": \\"ExecCredential\\", \\"status\\": {\\"token\\": \\"$AZURE_CLIENT_SECRET\\"}}"`,
      { mode: 0o755 },
    );
    const variables = { AZURE_CLIENT_SECRET: "s3cr3t", PATH: `${folder}:${process.env["PATH"]}` };
    const ofPath = await run(plugin("", { command: "kubelogin", args: [] }), { variables });
    const elsewhere = await mkdtemp(join(folder, "elsewhere-"));
    await copyFile(join(folder, "kubelogin"), join(elsewhere, "kubelogin"));
    const likeIt = run(plugin("", { command: join(elsewhere, "kubelogin"), args: [] }), { variables });
    await expect(likeIt).rejects.toMatchObject({ message: expect.stringContaining("no credential") });
    expect(ofPath).toMatchObject({ token: "s3cr3t" });
  });

  test("is the one that our own PATH finds, whatever PATH the kubeconfig gives it, as for kubectl", async () => {
    await writeFile(join(folder, "login-helper"), "#!/bin/sh\n", { mode: 0o755 });
    const misled = plugin("", { command: "login-helper", args: [], env: { PATH: folder } });
    await expect(run(misled)).rejects.toMatchObject({ message: expect.stringContaining("is not installed") });
  });

  test.each([
    ["goes on for ever", "", "aborted"],
    [
      "says far too much",
      `setInterval(() => process.stdout.write("x".repeat(1e6)), 0);`,
      "its output is too long",
    ],
  ])("is ended together with what it started when it %s", async (_what, more, why) => {
    const abort = new AbortController();
    const child = `require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" })`;
    let pid = 0;
    const say = (line: string) => {
      pid = Number(line);
      if (more === "") abort.abort(new Error("aborted"));
    };
    const script = `process.stderr.write(${child}.pid + "\\n"); ${more} setInterval(() => {}, 1e6)`;
    await expect(run(plugin(script), { signal: abort.signal, say })).rejects.toThrow(why);
    expect(pid).toBeGreaterThan(0);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 20_000 });
  });

  test.each([
    [
      "fails",
      `process.stderr.write("s3cr3t"); process.stdout.write("s3cr3t"); process.exit(3)`,
      "exit code 3",
    ],
    ["is killed", `process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 1e6)`, "SIGTERM"],
    ["says no JSON", `process.stdout.write("s3cr3t")`, "no credential"],
    ["gives neither token nor certificate", give({}), "no credential"],
    [
      "says far too much",
      `setInterval(() => process.stdout.write("s3cr3t".repeat(1e5)), 0)`,
      "its output is too long",
    ],
  ])("refuses one that %s, without repeating it", async (_what, script, why) => {
    const error: unknown = await run(plugin(script)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "kubernetes.exec-plugin-failed",
      exitCode: 3,
      message: expect.stringContaining(why),
    });
    expect(inspect(error)).not.toContain("s3cr3t");
  });

  test("names one that is not installed, with the kubeconfig's own advice", async () => {
    const missing = plugin("", { command: "no-such-plugin", installHint: "see https://plugin.test" });
    await expect(run(missing)).rejects.toMatchObject({
      code: "kubernetes.exec-plugin-failed",
      message: expect.stringContaining("no-such-plugin"),
      hint: expect.stringContaining("see https://plugin.test"),
    });
  });

  test("does not start one that works at a terminal only", async () => {
    await expect(run(plugin(give({ token: "t" }), { interactiveMode: "Always" }))).rejects.toMatchObject({
      code: "kubernetes.exec-plugin-failed",
    });
  });

  test("kills the plugin when the run is aborted", async () => {
    const abort = new AbortController();
    const reason = new Error("interrupted");
    const lines: string[] = [];
    const running = run(plugin(`process.stderr.write("ready\\n"); setInterval(() => {}, 1e6)`), {
      signal: abort.signal,
      say: (line) => {
        lines.push(line);
        abort.abort(reason);
      },
    });
    await expect(running).rejects.toBe(reason);
    expect(lines).toEqual(["ready"]);
  });
});
