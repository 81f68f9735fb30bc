import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { runExecPlugin, type ExecPlugin } from "../../src/kubernetes/exec-plugin.ts";

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

const never = new AbortController().signal;

function run(what: ExecPlugin, { signal = never, say = (_line: string) => {} } = {}) {
  return runExecPlugin(what, { context: "blue", cluster: { server: "https://blue.test" }, say }, signal);
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

  test.each([
    [
      "fails",
      `process.stderr.write("s3cr3t"); process.stdout.write("s3cr3t"); process.exit(3)`,
      "exit code 3",
    ],
    ["is killed", `process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 1e6)`, "SIGTERM"],
    ["says no JSON", `process.stdout.write("s3cr3t")`, "no credential"],
    ["gives neither token nor certificate", give({}), "no credential"],
    ["says far too much", `setInterval(() => process.stdout.write("s3cr3t".repeat(1e5)), 0)`, "no end"],
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
