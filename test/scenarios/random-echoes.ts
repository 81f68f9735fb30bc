import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Search, secretsOf, watching } from "../echoes.ts";
import { runInProcess, runProgram, type Run } from "../program.ts";

/** The outcome of all runs. */
export interface Told {
  runs: number;
  /** Runs in which some answer was replaced or lost. */
  struck: number;
  /** Runs that left a piece of a secret somewhere, each with how to repeat it. */
  readonly hits: string[];
  readonly exits: Map<string, number>;
}

/** How many runs share a world. A world that has seen many takes long to list. */
const runsInOneWorld = 25;

type Draw = (...words: readonly string[]) => number;

/** Numbers from 0 to 1, the same for the same words. */
function drawing(seed: number, run: number): Draw {
  return (...words) =>
    createHash("sha256")
      .update([seed, run, ...words].join(" "))
      .digest()
      .readUInt32BE() /
    2 ** 32;
}

function one<T>(draw: Draw, what: string, choices: readonly T[]): T {
  return choices[Math.floor(draw(what) * choices.length)] as T;
}

/** Groups of requests, from which a fault picks its own. */
const places = [
  "POST .*/oauth2/v2.0/token",
  "^[A-Z]+ /(subscriptions|providers)",
  "^[A-Z]+ /(v1.0|beta)/",
  "^[A-Z]+ /(oauth2|v2)/",
  "^[A-Z]+ /api/",
  "^(POST|PATCH|PUT|DELETE) ",
  "",
];
const statuses = [200, 201, 307, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503];

function randomFault(draw: Draw): FaultOptions {
  const struck = {
    match: one(draw, "place", places),
    nth: 1 + Math.floor(draw("nth") ** 2 * 8),
    times: one(draw, "times", [1, 1, 3, 50]),
    after: one(draw, "after", ["receive", "receive", "commit"] as const),
  };
  if (draw("loss") < 0.05) return { ...struck, action: one(draw, "action", ["drop", "reset"] as const) };
  const isCut = draw("cut") < 0.4;
  const echo = {
    of: one(draw, "of", ["request", "authorization", "headers", "body"] as const),
    in: one(draw, "in", ["message", "code", "header", "everywhere"] as const),
    as: one(draw, "as", ["plain", "json", "url", "hex", "base64"] as const),
    ...(isCut && { from: Math.floor(draw("from") * 300), length: 1 + Math.floor(draw("length") * 300) }),
  };
  // Sometimes the answer is the true one, with an echo in it.
  if (draw("true") < 0.1) return { ...struck, echo };
  const retryAfter = draw("again") < 0.3 ? { retryAfter: 0 } : {};
  return { ...struck, ...retryAfter, status: one(draw, "status", statuses), echo };
}

interface Invocation {
  readonly args: readonly string[];
  readonly input?: string;
}

function randomInvocation(draw: Draw, run: number, { world, folder }: Sandbox): Invocation {
  const namespace = one(draw, "namespace", ["awesomeapps", "default", "kube-public"]);
  const registry = ["--registry", one(draw, "registry", ["myregistry", "myregistry", "abacregistry"])];
  const place = ["--registry", "myregistry", "-n", namespace];
  const key = world.applications.flatMap(({ appId, passwords }) =>
    passwords.map(({ secretText, keyId }) => ({ appId, secretText, keyId })),
  )[0];
  const commands: readonly Invocation[] = [
    { args: ["setup", ...registry, "-n", namespace, "--yes"] },
    {
      args: [
        "setup",
        ...place,
        "-n",
        `new-${run}`,
        "--create-namespace",
        "--yes",
        "--service-account",
        "default",
      ],
    },
    { args: ["setup", ...place, "--dry-run"] },
    { args: ["setup", ...place, "--yes", "--proof", "entra"] },
    { args: ["setup", ...place, "--yes", "--image", "team/app:v1"] },
    {
      args: [
        "setup",
        ...place,
        "--yes",
        "--secret-name",
        `s${run}`,
        "--credentials-file",
        join(folder, `made-${run}`),
      ],
    },
    {
      args: ["setup", ...place, "--yes", "--service-principal", key?.appId ?? "x", "--password-stdin"],
      input: `${key?.secretText ?? "none"}\n`,
    },
    { args: ["rotate", "--yes", "--settle", "0s", "--grace", "30m"] },
    { args: ["rotate", "--yes", "--settle", "0s", "--compromised"] },
    { args: ["rotate", "--yes", "--settle", "0s", "--finish"] },
    { args: ["rotate", "--dry-run"] },
    { args: ["verify"] },
    { args: ["verify", ...place] },
    { args: ["status"] },
    { args: ["remove", "--registry", "myregistry", "--yes", "--settle", "0s"] },
    { args: ["remove", ...place, "--yes", "--force", "--settle", "0s"] },
    { args: ["remove", "--registry", "myregistry", "--dry-run"] },
  ];
  // The first run in each world makes something to look at and to change.
  const { args, ...rest } = run % runsInOneWorld === 0 ? commands[0]! : one(draw, "command", commands);
  const detail = one(draw, "detail", [[], ["-v"], ["--debug"], ["-v", "--debug"], ["--quiet"]]);
  const output = ["-o", one(draw, "output", ["text", "json"])];
  return { ...rest, args: [...args, ...output, ...detail, "--timeout", "1s"] };
}

/** A kubeconfig whose token comes from a program that complains and names the caller's password. */
async function withPlugin(sandbox: Sandbox): Promise<string> {
  const path = join(sandbox.folder, "plugin.kubeconfig");
  const config = JSON.parse(await readFile(sandbox.kubeconfigPath, "utf8")) as {
    users: Array<{ user: { token?: string; exec?: object } }>;
  };
  for (const { user } of config.users) {
    const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential" };
    const printed = JSON.stringify({ ...credential, status: { token: user.token } });
    const file = join(sandbox.folder, `${config.users.findIndex((one) => one.user === user)}.credential`);
    await writeFile(file, printed);
    const script = `echo "who is $AZURE_CLIENT_SECRET" >&2; cat '${file}'`;
    user.exec = {
      apiVersion: credential.apiVersion,
      command: "sh",
      args: ["-c", script],
      interactiveMode: "Never",
    };
    delete user.token;
  }
  await writeFile(path, JSON.stringify(config));
  return path;
}

/**
 * Runs commands in all their forms while services, at random, repeat what they were sent. Searches everything that
 * the runs leave for any piece of any secret: what they print, files, and the command lines of what they start.
 * @param runs how many of the seed's runs
 * @param inProcess whether they run in this process; otherwise each runs in its own, where libraries may log
 */
export async function runAmidEchoes(seed: number, runs: number, inProcess: boolean): Promise<Told> {
  const told: Told = { runs: 0, struck: 0, hits: [], exits: new Map() };
  for (let first = 0; first < runs; first += runsInOneWorld) {
    const sandbox = await startSandbox();
    const home = join(sandbox.folder, "home");
    await mkdir(home);
    try {
      const plugin = await withPlugin(sandbox);
      for (let run = first; run < Math.min(first + runsInOneWorld, runs); run += 1) {
        const draw = drawing(seed, run);
        const { args, input } = randomInvocation(draw, run, sandbox);
        const faults = run % runsInOneWorld === 0 ? [] : [randomFault(draw)];
        const env = { HOME: home, ...(draw("plugin") < 0.15 && { KUBECONFIG: plugin }) };
        sandbox.setFaults(faults);
        const met = sandbox.requests.entries.length;
        const { result, watched } = await watching(() =>
          inProcess
            ? runInProcess(sandbox, args, { env, ...(input && { input }), hurried: true })
            : runProgram(sandbox, args, { env: { ...env, ...switches(draw) }, ...(input && { input }) }),
        );
        sandbox.setFaults([]);
        told.runs += 1;
        const exit = String(result.code ?? result.signal);
        told.exits.set(exit, (told.exits.get(exit) ?? 0) + 1);
        if (sandbox.requests.entries.slice(met).some(({ fault }) => fault !== undefined)) told.struck += 1;
        const found = await piecesLeft(sandbox, home, { result, watched, faults });
        if (found !== undefined) {
          told.hits.push(
            `seed ${seed}, run ${run}: ${found}\n${args.join(" ")}\n${JSON.stringify(faults)}\n${result.stderr}`,
          );
        }
      }
    } finally {
      await sandbox.close();
      await rm(home, { recursive: true, force: true });
    }
  }
  return told;
}

/** Variables that make libraries log their work. */
function switches(draw: Draw): Record<string, string> {
  return {
    ...(draw("azure") < 0.5 && { AZURE_LOG_LEVEL: "verbose" }),
    ...(draw("debug") < 0.5 && { DEBUG: "*" }),
  };
}

async function piecesLeft(
  sandbox: Sandbox,
  home: string,
  {
    result,
    watched,
    faults,
  }: Pick<Awaited<ReturnType<typeof watching<Run>>>, "result" | "watched"> & {
    readonly faults: readonly FaultOptions[];
  },
): Promise<string | undefined> {
  // A true answer contains names that the run needs. Short pieces of a secret may occur in them by chance.
  const isRefusal = faults.every(({ status, action }) => action !== undefined || (status ?? 0) >= 300);
  const search = new Search([...secretsOf(sandbox), ...watched.credentials], isRefusal ? 8 : 12);
  const left: Array<[string, string]> = [
    ["stdout", result.stdout],
    ["stderr", result.stderr],
    ["a command line", watched.commandLines.join("\n")],
  ];
  for (const file of await readdir(home, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) left.push([file.name, await readFile(join(file.parentPath, file.name), "latin1")]);
  }
  for (const [where, text] of left) {
    const piece = search.in(text);
    if (piece !== undefined) return `${where} holds ${piece}`;
  }
  return undefined;
}
