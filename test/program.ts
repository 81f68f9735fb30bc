import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { vi } from "vitest";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { wrongWith } from "./answers/answer-schema.ts";
import { inTurn, isFree, mainInProcess } from "./in-process.ts";

/** The program as it is published: run `npm run build` first, as `npm test` does. */
export const programPath = fileURLToPath(new URL("../bin/acr-pull.cjs", import.meta.url));
const hurriedPath = fileURLToPath(new URL("./hurried-process.cjs", import.meta.url));

/** How a run ended, and what it said. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout read as the one JSON document that `-o json` promises. */
  readonly json: ResultDocument;
}

/** A document of the published contract, as loosely as tests read it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type ResultDocument = any;

export interface RunOptions {
  /** Added to the sandbox's environment. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Standard input. By default it is closed. */
  readonly input?: string;
  /** Called with a function that sends the running process a signal. */
  readonly started?: (kill: (signal: NodeJS.Signals) => void, pid: number) => void;
  /** Whether its pauses are cut short. Default: if no replica lags. */
  readonly hurried?: boolean;
  /** Called with each piece of stderr, as it comes. */
  readonly told?: (text: string) => void;
}

/** Variables that Node, or a library while it loads, reads only once. A run with one of them needs its own process. */
const readAtStart = /^(?:NODE_(?!EXTRA_CA_CERTS$)|DEBUG$|AZURE_LOG_LEVEL$|INQUIRER_)/;

/** How many runs are under way in each sandbox. */
const underWay = new WeakMap<Sandbox, number>();

/**
 * Runs the program inside a sandbox, without a terminal, and waits for its end. It runs in this process, at a third
 * of the cost. It runs in a process of its own if a test signals it, if its variables have to exist when Node starts,
 * if the command is a server that runs other programs, if the tests have a clock of their own, or if it has to run at
 * the same time as another one, because both are in one sandbox or its pauses are long.
 */
export async function runProgram(
  sandbox: Sandbox | undefined,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  const isServer =
    args[0] === "sandbox" || args.includes("--sandbox") || options.env?.["ACR_PULL_SANDBOX"] !== undefined;
  const hasSwitch = Object.keys(options.env ?? {}).some((name) => readAtStart.test(name));
  const isAlone = options.started !== undefined || isServer || hasSwitch;
  const run = async (): Promise<Run> => {
    // After this, all runs that begin at once have been counted.
    await Promise.resolve();
    const isBeside = sandbox !== undefined && (underWay.get(sandbox) ?? 0) > 1;
    const hurried = options.hurried ?? !(isAlone || isBeside || isLate(sandbox));
    const needsOwn = isAlone || isBeside || vi.isFakeTimers() || (!hurried && !isFree());
    return await (needsOwn ? spawnProgram : runInProcess)(sandbox, args, { ...options, hurried });
  };
  if (sandbox === undefined) return await run();
  const count = (more: number) => underWay.set(sandbox, (underWay.get(sandbox) ?? 0) + more);
  count(1);
  return await run().finally(() => count(-1));
}

/** Whether some replicas of a sandbox learn of a write later than others. Then there is something to wait for. */
const isLate = (sandbox: Sandbox | undefined): boolean => (sandbox?.world.replication.lagMs ?? 0) > 0;

/** Runs the program in a process of its own, with short pauses only if asked to. */
export function spawnProgram(
  sandbox: Sandbox | undefined,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  return atHome(sandbox, options, (env) => {
    return new Promise<Run>((resolve, reject) => {
      const preloaded = options.hurried === true ? ["--require", hurriedPath] : [];
      const child = spawn(process.execPath, [...preloaded, programPath, ...args], {
        env,
        stdio: ["pipe", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
        options.told?.(text);
      });
      child.stdin.on("error", () => {}).end(options.input ?? "");
      child.on("error", reject);
      child.on("close", (code, signal) => resolve(asRun({ code, signal, stdout, stderr })));
      options.started?.((signal) => child.kill(signal), child.pid ?? 0);
    });
  });
}

/** Runs the program in this process when it is its turn, with short pauses only if asked to. */
export function runInProcess(
  sandbox: Sandbox | undefined,
  args: readonly string[],
  { input = "", told, started, hurried = false, ...options }: RunOptions = {},
): Promise<Run> {
  const run = async (env: Record<string, string | undefined>) => {
    const [stdout, stderr] = [[] as Buffer[], [] as Buffer[]];
    const code = await mainInProcess(args, {
      env,
      input,
      stdout: (piece) => stdout.push(piece),
      stderr(piece) {
        stderr.push(piece);
        told?.(piece.toString("utf8"));
      },
      started,
      hurried,
    });
    const [said, saidAside] = [stdout, stderr].map((pieces) => Buffer.concat(pieces).toString("utf8"));
    return asRun({ code, signal: null, stdout: said ?? "", stderr: saidAside ?? "" });
  };
  return inTurn(() => atHome(sandbox, options, run));
}

/** Gives a run the variables of a user whose home is empty. */
async function atHome(
  sandbox: Sandbox | undefined,
  options: RunOptions,
  run: (env: Record<string, string | undefined>) => Promise<Run>,
): Promise<Run> {
  const home = await mkdtemp(join(tmpdir(), "acr-pull-home-"));
  try {
    return await run({
      PATH: process.env["PATH"],
      HOME: home,
      XDG_CACHE_HOME: join(tmpdir(), "acr-pull-test-cache"),
      ...sandbox?.environment,
      ...options.env,
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** A run that has ended. Its stdout is read as JSON only when a test asks for that. */
function asRun(ended: Omit<Run, "json">): Run {
  return {
    ...ended,
    get json(): ResultDocument {
      let document: ResultDocument;
      try {
        document = JSON.parse(ended.stdout);
      } catch {
        throw new Error(`stdout is not one JSON document:\n${ended.stdout}\n--- stderr:\n${ended.stderr}`);
      }
      const wrong = "schemaVersion" in document ? wrongWith(document) : undefined;
      if (wrong !== undefined) throw new Error(`stdout is not as docs/answer.schema.json says:\n${wrong}`);
      return document;
    },
  };
}

/** `acr-pull setup` for myregistry and awesomeapps unless the arguments say otherwise, as JSON, without asking. */
export async function setup(
  sandbox: Sandbox,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const defaults = [
    ...(args.includes("--registry") ? [] : ["--registry", "myregistry"]),
    ...(args.includes("-n") || args.includes("--namespace-selector") ? [] : ["-n", "awesomeapps"]),
  ];
  return runProgram(sandbox, ["setup", ...defaults, "-y", "-o", "json", ...args], options);
}

/** `acr-pull rotate` for whatever key the context's cluster holds unless the arguments say otherwise, as JSON, without asking. */
export async function rotate(
  sandbox: Sandbox,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  return runProgram(sandbox, ["rotate", "-y", "-o", "json", ...args], options);
}

/** `acr-pull remove` of myregistry unless the arguments say otherwise, as JSON, without asking, its proofs back to back. */
export async function remove(
  sandbox: Sandbox,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const registry = args.includes("--registry") ? [] : ["--registry", "myregistry"];
  return runProgram(sandbox, ["remove", ...registry, "-y", "-o", "json", "--settle", "0s", ...args], options);
}

/** A secret of the sandbox as its API server holds it. */
export function secretOf(
  sandbox: Sandbox,
  namespace = "awesomeapps",
  name = "acr-secret",
  context = "sandbox",
) {
  const cluster = sandbox.world.clusters.find((one) => one.context === context);
  return cluster?.objects["secrets"]?.find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
  );
}

/** The decoded `.dockerconfigjson` of a secret of the sandbox. */
export function dockerConfigOf(sandbox: Sandbox, namespace?: string, name?: string, context?: string) {
  const data = secretOf(sandbox, namespace, name, context)?.["data"] as Record<string, string> | undefined;
  const text = Buffer.from(data?.[".dockerconfigjson"] ?? "", "base64").toString("utf8");
  return JSON.parse(text) as { auths: Record<string, { username: string; password: string; auth: string }> };
}

/** The entry of one registry of the sandbox in a secret. */
export function entryOf(
  sandbox: Sandbox,
  registry = "myregistry",
  namespace?: string,
  name?: string,
  context?: string,
) {
  const loginServer = sandbox.world.registries.find((one) => one.name === registry)?.loginServer ?? "";
  return dockerConfigOf(sandbox, namespace, name, context).auths[loginServer];
}

/** The marks of a secret of the sandbox. */
export function marksOf(sandbox: Sandbox, namespace?: string, name?: string, context?: string) {
  const annotations = secretOf(sandbox, namespace, name, context)?.metadata.annotations ?? {};
  return JSON.parse(annotations["acr-pull/entries"] ?? "{}") as Record<string, ResultDocument>;
}

/** The passwords that work, except the caller's own: not removed, not expired, and of applications that still exist. */
export function livePasswords({ world }: Sandbox) {
  return world.applications
    .filter(({ removedAt, appId }) => removedAt === undefined && appId !== world.caller.appId)
    .flatMap(({ passwords }) => passwords)
    .filter(({ removedAt, endDateTime }) => removedAt === undefined && Date.parse(endDateTime) > Date.now());
}

/** The existing role assignments, except those of the people and pipelines that run the program. */
export function liveAssignments({ world }: Sandbox) {
  const callers = new Set([world.caller.objectId, ...world.users.map(({ id }) => id)]);
  return world.roleAssignments.filter(
    ({ removedAt, principalId }) => removedAt === undefined && !callers.has(principalId),
  );
}
