import { spawn, type ChildProcess } from "node:child_process";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { Variables } from "../domain/proxy.ts";
import { programFile, programVariables, type ExecPlugin } from "./exec-program.ts";

const limitMs = 60_000;
const largestOutputBytes = 1024 * 1024;
const mostSaid = 64 * 1024;
const longestLine = 500;

/** The credential that a plugin printed. */
export interface ExecCredential {
  readonly token: string | undefined;
  /** PEM */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

/** What a plugin runs for, and with. */
export interface ExecRun {
  readonly context: string;
  /** Used to find the program, and passed to it. */
  readonly variables: Variables;
  /** Passed to a plugin that asks for it. */
  readonly cluster: Readonly<Record<string, unknown>>;
  /** Called with each line that the plugin writes to standard error: it may ask to finish a sign-in in a browser. */
  readonly say: (line: string) => void;
}

/**
 * Runs a plugin without a shell, standard input or acr-pull's secrets, within 60 s and 1 MiB, in its own process group.
 * The Kubernetes client's own runner has no limits, leaves the plugin waiting for input that never comes, tells it
 * nothing about the cluster, and puts all of its output into the error.
 * @throws ActionableError `kubernetes.exec-plugin-failed`; the signal's reason when it aborts
 */
export async function runExecPlugin(
  plugin: ExecPlugin,
  run: ExecRun,
  signal: AbortSignal,
): Promise<ExecCredential> {
  if (plugin.interactiveMode === "Always") {
    throw failed(plugin, run.context, "it works only at a terminal, and there is none");
  }
  const output = await outputOf(plugin, run, signal);
  return readCredential(output) ?? failWith(failed(plugin, run.context, "it returned no credential"));
}

function outputOf(plugin: ExecPlugin, run: ExecRun, signal: AbortSignal): Promise<string> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false, ...(plugin.provideClusterInfo && { cluster: run.cluster }) },
  };
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const { command, args, env } = plugin;
    const program = programFile(command, run.variables);
    if (program === undefined) throw failed(plugin, run.context, "it is not installed", true);
    const child = spawn(program, args, {
      env: { ...programVariables(command, env, run.variables), KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      stdio: ["ignore", "pipe", "pipe"],
      // The plugin leads a process group, which can be killed as a whole. On Windows this would open a window instead.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      settle();
    };
    const stop = (reason: unknown) => {
      killGroup(child);
      // A process that has left the group may hold these streams open.
      child.stdout.destroy();
      child.stderr.destroy();
      end(() => reject(reason instanceof Error ? reason : new Error(String(reason))));
    };
    const abort = () => stop(signal.reason);
    const timer = setTimeout(
      () => stop(failed(plugin, run.context, `it did not finish within ${limitMs / 1000} s`)),
      limitMs,
    );
    signal.addEventListener("abort", abort, { once: true });
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > largestOutputBytes) stop(failed(plugin, run.context, "its output is too long"));
      else chunks.push(chunk);
    });
    sayLines(child.stderr, run.say);
    child.once("error", (error) => {
      const missing = "code" in error && error.code === "ENOENT";
      end(() =>
        reject(
          failed(plugin, run.context, missing ? "it is not installed" : "it cannot be started", missing),
        ),
      );
    });
    child.once("close", (code, killedBy) => {
      end(() => {
        if (code === 0) resolve(Buffer.concat(chunks).toString("utf8"));
        else
          reject(
            failed(plugin, run.context, `it ended with ${killedBy ?? `exit code ${code ?? "unknown"}`}`),
          );
      });
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || process.platform === "win32") {
    child.kill("SIGKILL");
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group no longer exists.
  }
}

/** Passes on up to 64 KiB of lines. Reads all output, so that the plugin never blocks. */
function sayLines(stream: NodeJS.ReadableStream, say: (line: string) => void): void {
  let rest = "";
  let length = 0;
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (length > mostSaid) return;
    const lines = (rest + chunk.slice(0, mostSaid - length)).split(/\r?\n/);
    length += chunk.length;
    rest = (lines.pop() ?? "").slice(0, longestLine);
    for (const line of lines) if (line !== "") say(line.slice(0, longestLine));
    if (length > mostSaid) rest = "(the rest of its output is omitted)";
  });
  stream.on("end", () => {
    if (rest !== "") say(rest);
  });
}

/** Undefined if the output is not a credential. No error quotes the output, which may hold a token. */
function readCredential(output: string): ExecCredential | undefined {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    return undefined;
  }
  const { kind, status } = Object(value) as Record<string, unknown>;
  const { token, clientCertificateData, clientKeyData } = Object(status) as Record<string, unknown>;
  const text = (field: unknown) => (typeof field === "string" && field !== "" ? field : undefined);
  const credential = {
    token: text(token),
    certificate: text(clientCertificateData),
    key: text(clientKeyData),
  };
  const usable =
    credential.token !== undefined || (credential.certificate !== undefined && credential.key !== undefined);
  return kind === "ExecCredential" && usable ? credential : undefined;
}

function failed(plugin: ExecPlugin, context: string, why: string, missing = false): ActionableError {
  const hint =
    missing && plugin.installHint !== undefined
      ? ` The kubeconfig says: ${JSON.stringify(plugin.installHint.slice(0, longestLine))}.`
      : "";
  return new ActionableError(
    `Context ${context} gets its credential from the program ${JSON.stringify(plugin.command)}, but ${why}.`,
    {
      code: "kubernetes.exec-plugin-failed",
      hint: `Make kubectl work with this context first: it runs the same program.${hint}`,
      docs: "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
      exitCode: exitCode.notAllowed,
    },
  );
}

function failWith(error: Error): never {
  throw error;
}
