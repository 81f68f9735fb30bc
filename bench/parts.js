import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, run } from "./process.js";
import { longestChain, worldOf } from "./sandbox.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = join(root, "bin", "acr-pull.cjs");

const ms = (figure) => `${Math.round(figure)} ms`;
const ratio = (ours, theirs) => `${(ours / theirs).toFixed(2)} x`;

/** The environment without the variables that would make a run differ from a user's. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !["CI", "NODE_COMPILE_CACHE", "NODE_EXTRA_CA_CERTS"].includes(name),
  ),
);
const environmentOf = (sandbox) => ({ ...environment, ...sandbox.environment });

const acrPull = (env, ...args) => run(process.execPath, [program, ...args], { env });

/** Takes each measurement once uncounted, to fill the caches, then all in turn: a disturbance affects all of them. */
async function inTurn(runs, measurements) {
  const figures = measurements.map(() => []);
  for (let turn = -1; turn < runs; turn += 1) {
    for (const [index, measure] of measurements.entries()) {
      const figure = await measure();
      if (turn >= 0) figures[index].push(figure);
    }
  }
  return figures;
}

/** How soon anything happens. */
async function start({ runs, startSandbox, found }) {
  const sandbox = await startSandbox();
  const trusting = environmentOf(sandbox);
  const time = async (...command) => (await run(...command)).ms;
  const node = (env) => () => time(process.execPath, ["-e", "0"], { env });
  const ours = (...args) => ({
    name: `acr-pull ${args.join(" ")}`,
    measure: () => time(process.execPath, [program, ...args], { env: environment }),
  });
  const firstRequest = async () => {
    const from = sandbox.requests.entries.length;
    const args = ["setup", "--registry", "myregistry", "-n", "awesomeapps", "--dry-run"];
    const { startedAt } = await acrPull(trusting, ...args);
    return sandbox.requests.entries[from].startedAt - startedAt;
  };
  const kubectl = () => time("kubectl", ["version", "--client"], { env: environment });
  // Each group is compared with Node in the same environment: Node itself starts more slowly with more certificates.
  const groups = [
    [
      { name: "node -e 0", measure: node(environment) },
      ours("--help"),
      ours("--version"),
      ours("setup", "--help"),
      ours("completion", "bash"),
      ...(found.kubectl ? [{ name: "kubectl version --client", measure: kubectl }] : []),
    ],
    [
      { name: "node -e 0, trusting the sandbox", measure: node(trusting) },
      { name: "acr-pull setup, until its first request", measure: firstRequest },
    ],
  ];
  const figures = await inTurn(
    runs,
    groups.flat().map(({ measure }) => measure),
  );
  await sandbox.close();
  const medians = figures.map(median);
  return {
    title: "How soon anything happens",
    columns: ["command", "time", "beside bare Node"],
    rows: groups.flatMap((group) => {
      const own = medians.splice(0, group.length);
      return group.map(({ name }, index) => {
        const [figure, [bare]] = [own[index], own];
        const more = `${figure < bare ? "" : "+"}${ms(figure - bare)}`;
        return [`\`${name}\``, ms(figure), `${ratio(figure, bare)}, ${more}`];
      });
    }),
  };
}

/** Setup beside the commands that it replaces, in a fresh world each time. */
async function setup({ runs, startSandbox, found }) {
  const rows = [];
  for (const latency of [0, 50, 200]) {
    const sides = {};
    for (let turn = -1; turn < runs; turn += 1) {
      const sandbox = await startSandbox({ latency: `${latency}ms` });
      const env = environmentOf(sandbox);
      const loginServer = sandbox.world.registries.find(({ name }) => name === "myregistry").loginServer;
      const measured = {
        "setup, registry by login server": () => setupIn(sandbox, env, loginServer, "sandbox"),
        ...(found.az && {
          "setup, signed in with az": () => setupIn(sandbox, env, loginServer, "sandbox-staging", "cli"),
        }),
        ...(found.az && found.kubectl && { "the recipe, signed in": () => recipe(sandbox, env) }),
      };
      if (found.az) await signInAz(env);
      for (const [name, measure] of Object.entries(measured)) {
        const from = sandbox.requests.entries.length;
        const { startedAt, ms } = await measure();
        const requests = sandbox.requests.entries.slice(from);
        const azure = requests.filter(({ service }) => !service.startsWith("cluster"));
        const one = {
          ms,
          requests: azure.length,
          chain: longestChain(azure),
          delayed: longestChain(azure.filter(({ service }) => service === "azure")),
          startUp: requests[0].startedAt - startedAt,
        };
        if (turn >= 0) (sides[name] ??= []).push(one);
      }
      await sandbox.close();
    }
    const theirs = sides["the recipe, signed in"];
    for (const [name, all] of Object.entries(sides)) {
      const figure = (key) => median(all.map((one) => one[key]));
      const floor = figure("startUp") + figure("delayed") * latency;
      rows.push([
        ms(latency),
        name,
        ms(figure("ms")),
        theirs ? ratio(median(theirs.map((one) => one.ms)), figure("ms")) : "-",
        // Which requests wait for each other can be seen only if answers take time.
        latency === 0 ? `${figure("requests")}` : `${figure("requests")}, ${figure("chain")}`,
        all === theirs || latency === 0 ? "-" : `${ms(floor)}, ${ratio(figure("ms"), floor)}`,
      ]);
    }
  }
  return {
    title:
      "`setup` beside the commands that it replaces (latency of each answer of Azure; requests to Azure and its registry, those that wait for each other; the floor is the start and that chain alone)",
    columns: ["latency", "command", "time", "faster than the recipe", "requests, chain", "floor"],
    rows,
  };
}

const setupIn = (_sandbox, env, registry, context, auth = "environment") =>
  acrPull(
    env,
    "setup",
    "--registry",
    registry,
    "--context",
    context,
    "-n",
    "awesomeapps",
    "--auth",
    auth,
    "--yes",
  );

async function signInAz(env) {
  const az = (...args) => run("az", args, { env });
  const { ACR_PULL_CLOUD, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_TENANT_ID } = env;
  await az("cloud", "register", "-n", "bench", "--endpoint-resource-manager", ACR_PULL_CLOUD);
  await az("cloud", "set", "-n", "bench");
  const principal = ["--service-principal", "-u", AZURE_CLIENT_ID, `--password=${AZURE_CLIENT_SECRET}`];
  await az("login", ...principal, "-t", AZURE_TENANT_ID);
}

/** Microsoft's own commands, run by somebody who is already signed in. */
async function recipe(_sandbox, env) {
  const startedAt = performance.timeOrigin + performance.now();
  const az = async (...args) => (await run("az", args, { env })).stdout.trim();
  const show = (query) => az("acr", "show", "-n", "myregistry", "--query", query, "-o", "tsv");
  const id = await show("id");
  const server = await show("loginServer");
  const made = JSON.parse(
    await az("ad", "sp", "create-for-rbac", "-n", "bench", "--role", "acrpull", "--scopes", id),
  );
  const secret = ["create", "secret", "docker-registry", "recipe-secret", "-n", "awesomeapps"];
  const content = [
    `--docker-server=${server}`,
    `--docker-username=${made.appId}`,
    `--docker-password=${made.password}`,
  ];
  await run("kubectl", [...secret, ...content], { env });
  return { startedAt, ms: performance.timeOrigin + performance.now() - startedAt };
}

/** Many secrets at once. */
async function secrets({ runs, startSandbox, found }) {
  const rows = [];
  for (const namespaces of [10, 100, 1_000]) {
    const ours = [];
    const theirs = [];
    let requests;
    for (let turn = -1; turn < Math.min(runs, 3); turn += 1) {
      const sandbox = await startSandbox(worldOf(namespaces));
      const env = environmentOf(sandbox);
      const { ms } = await acrPull(env, ...setupOfAll);
      const toCluster = sandbox.requests.entries.filter(({ service }) => service.startsWith("cluster"));
      const mutating = (service) =>
        sandbox.requests.mutating().filter((one) => one.service.startsWith(service));
      requests = `${toCluster.length}, ${mutating("cluster").length}; ${mutating("azure").length}`;
      if (turn >= 0) ours.push(ms);
      if (found.kubectl) {
        const applied = await applyAll(env, namespaces);
        if (turn >= 0) theirs.push(applied);
      }
      await sandbox.close();
    }
    const [mine, yours] = [median(ours), median(theirs)];
    rows.push([
      namespaces,
      ms(mine),
      theirs.length > 0 ? ms(yours) : "-",
      theirs.length > 0 ? ratio(yours, mine) : "-",
      requests,
    ]);
  }
  return {
    title:
      "Secrets written into many namespaces, beside `kubectl apply` of one file with as many (requests to the cluster, those that change something; those that change something in Azure)",
    columns: ["namespaces", "setup", "kubectl apply", "faster", "requests"],
    rows,
  };
}

const setupOfAll = [
  "setup",
  "--registry",
  "myregistry",
  "--namespace-selector",
  "bench=yes",
  "--yes",
  "-o",
  "json",
];

async function applyAll(env, namespaces) {
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-bench-"));
  const file = join(folder, "secrets.json");
  const config = JSON.stringify({ auths: { "r.example": { username: "u", password: "p".repeat(40) } } });
  const items = Array.from({ length: namespaces }, (_, index) => ({
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: { name: "applied", namespace: `bench-${index}` },
    data: { ".dockerconfigjson": Buffer.from(config).toString("base64") },
  }));
  try {
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    return (await run("kubectl", ["apply", "--validate=false", "-f", file], { env })).ms;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What it takes to look after many namespaces. */
async function fleet({ runs, startSandbox }) {
  const rows = [];
  for (const namespaces of [10, 100, 1_000, 5_000]) {
    const figures = { status: [], "setup, all in order": [], rotate: [] };
    const requests = new Map();
    for (let turn = 0; turn < (namespaces > 100 ? 1 : Math.min(runs, 3)); turn += 1) {
      const sandbox = await startSandbox(worldOf(namespaces));
      const env = environmentOf(sandbox);
      await acrPull(env, ...setupOfAll);
      const commands = {
        status: ["status", "-o", "json"],
        "setup, all in order": setupOfAll,
        rotate: ["rotate", "--namespace-selector", "bench=yes", "--yes", "-o", "json"],
      };
      for (const [name, args] of Object.entries(commands)) {
        const from = sandbox.requests.entries.length;
        figures[name].push(await acrPull(env, ...args));
        const sent = sandbox.requests.entries.slice(from);
        const changes = sent.filter(({ mutating, service }) => mutating && service === "azure").length;
        requests.set(name, `${sent.length}, ${changes}`);
      }
      await sandbox.close();
    }
    for (const [name, all] of Object.entries(figures)) {
      const peak = Math.max(...all.map(({ peakMb }) => peakMb));
      rows.push([
        namespaces,
        `\`${name}\``,
        ms(median(all.map((one) => one.ms))),
        requests.get(name),
        `${peak} MB`,
      ]);
    }
  }
  return {
    title: "Looking after many namespaces (requests in all, those that change something in Azure)",
    columns: ["namespaces", "command", "time", "requests", "peak memory"],
    rows,
  };
}

/** What it takes to install acr-pull. */
async function install({ runs }) {
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-bench-"));
  try {
    const npm = (...args) => run("npm", [...args, "--no-audit", "--no-fund", "--silent", "--ignore-scripts"]);
    await npm("pack", root, "--pack-destination", folder);
    const tarball = join(
      folder,
      (await readdir(folder)).find((name) => name.endsWith(".tgz")),
    );
    const { devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const { components } = JSON.parse(await readFile(join(root, "dist", "sbom.cdx.json"), "utf8"));
    const unbundled = components
      .filter(({ name }) => name in devDependencies)
      .map(({ name, version }) => `${name}@${version}`);
    let sizes = {};
    const fresh = (name, what) => async () => {
      const prefix = await mkdtemp(join(folder, "prefix-"));
      const { ms } = await npm("install", "--global", "--prefix", prefix, "--prefer-offline", ...what);
      sizes = { ...sizes, [name]: await weigh(prefix) };
      await rm(prefix, { recursive: true });
      return ms;
    };
    const sides = { "acr-pull": [tarball], "what it bundles, not bundled": unbundled };
    const figures = await inTurn(
      Math.min(runs, 3),
      Object.entries(sides).map(([name, what]) => fresh(name, what)),
    );
    const packed = Math.round((await stat(tarball)).size / 1024);
    return {
      title: "Installing it, from npm's cache",
      columns: ["", "time", "packages", "on disk", "to carry"],
      rows: Object.keys(sides).map((name, index) => {
        const { packages, mb } = sizes[name];
        return [name, ms(median(figures[index])), packages, `${mb} MB`, index === 0 ? `${packed} kB` : "-"];
      }),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How many packages a folder holds, and how large its files are. */
async function weigh(folder) {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  );
  const paths = files.map((one) => join(one.parentPath, one.name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const packages = paths.filter((path) =>
    /node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path),
  ).length;
  return { packages, mb: (sizes.reduce((sum, size) => sum + size, 0) / 1e6).toFixed(1) };
}

/** The parts that can be measured, by name. */
export const parts = { start, setup, secrets, fleet, install };
