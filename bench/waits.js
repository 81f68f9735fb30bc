// What a user waits for, measured as whole processes on this machine: `node bench/waits.js [runs]`, after a build.
// Azure's answers take 50 ms each, as they do across a region. Beside acr-pull stands the recipe that it replaces,
// where `az` and `kubectl` are installed. Medians, in milliseconds, with the smallest and the largest.
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../bin/acr-pull.js", import.meta.url));
const runs = Number(process.argv[2] ?? 5);
const latency = "50ms";

if (process.argv[2] === "inside") {
  inside(process.argv[3]);
} else {
  report("node, doing nothing", () => timed(process.execPath, ["-e", "0"]));
  report("acr-pull --version", () => timed(process.execPath, [program, "--version"]));
  report("acr-pull --help", () => timed(process.execPath, [program, "--help"]));
  report("acr-pull setup --help", () => timed(process.execPath, [program, "setup", "--help"]));
  report(`setup, first run, Azure at ${latency}`, () => inSandbox("setup"));
  report(`setup, nothing to do, Azure at ${latency}`, () => inSandbox("again"));
  report(`setup, 200 namespaces, Azure at ${latency}`, () => inSandbox("many"));
  if (isInstalled("az") && isInstalled("kubectl")) {
    report(`the recipe (az, kubectl), Azure at ${latency}`, () => inSandbox("recipe"));
  }
}

/** Runs a measurement in a sandbox of its own and takes its milliseconds from its last line. */
function inSandbox(what) {
  const command = [process.execPath, fileURLToPath(import.meta.url), "inside", what];
  const args = [program, "sandbox", "--latency", latency, "--", ...command];
  const output = execFileSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return Number(output.trim().split("\n").at(-1));
}

/** The measurements that happen inside a sandbox; prints milliseconds. */
function inside(what) {
  const setup = (...more) =>
    timed("acr-pull", ["setup", "--registry", "myregistry", "--yes", "-o", "json", ...more]);
  if (what === "setup") {
    show(setup("-n", "awesomeapps"));
  } else if (what === "again") {
    setup("-n", "awesomeapps");
    show(setup("-n", "awesomeapps"));
  } else if (what === "many") {
    const namespaces = Array.from({ length: 200 }, (_, index) => ["-n", `bench-${index}`]).flat();
    show(setup(...namespaces, "--create-namespace"));
  } else {
    show(recipe());
  }
}

/** Microsoft's own commands, sign-in not counted. */
function recipe() {
  const az = (...args) => execFileSync("az", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const { ACR_PULL_CLOUD, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_TENANT_ID } = process.env;
  az("cloud", "register", "-n", "sandbox", "--endpoint-resource-manager", ACR_PULL_CLOUD);
  az("cloud", "set", "-n", "sandbox");
  az(
    "login",
    "--service-principal",
    "-u",
    AZURE_CLIENT_ID,
    `--password=${AZURE_CLIENT_SECRET}`,
    "-t",
    AZURE_TENANT_ID,
  );
  const start = performance.now();
  const show = (query) => az("acr", "show", "-n", "myregistry", "--query", query, "-o", "tsv").trim();
  const [id, server] = [show("id"), show("loginServer")];
  const made = JSON.parse(
    az("ad", "sp", "create-for-rbac", "-n", "bench", "--role", "acrpull", "--scopes", id),
  );
  const secret = [
    "create",
    "secret",
    "docker-registry",
    "acr-secret",
    "-n",
    "awesomeapps",
    `--docker-server=${server}`,
  ];
  execFileSync("kubectl", [
    ...secret,
    `--docker-username=${made.appId}`,
    `--docker-password=${made.password}`,
  ]);
  return performance.now() - start;
}

function timed(command, args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stderr}`);
  return took;
}

function isInstalled(command) {
  return spawnSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" }).status === 0;
}

function report(name, measure) {
  measure();
  const took = Array.from({ length: runs }, measure).sort((left, right) => left - right);
  const [least, median, most] = [took[0], took[Math.floor(took.length / 2)], took.at(-1)].map(Math.round);
  console.log(`${name.padEnd(44)} ${String(median).padStart(6)}  (${least}-${most}, ${runs} runs)`);
}

function show(milliseconds) {
  console.log(Math.round(milliseconds));
}
