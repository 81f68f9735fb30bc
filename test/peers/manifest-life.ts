import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely, secretsIn } from "../canary.ts";
import { keyIds, signsIn } from "../scenarios/rotation.ts";
import { runClient, succeed, type ClientRun } from "./clients.ts";

/** A cluster, and the Azure of a sandbox. */
export interface Place {
  readonly sandbox: Sandbox;
  readonly kubeconfig: string;
  /** Secrets that no output may show, beside those of the sandbox. */
  readonly secrets: readonly string[];
}

/** The namespaces whose secrets come from a manifest. */
export const namespaces = ["awesomeapps", "default"];

/** How documents are sealed, and how they reach the cluster. */
export interface Delivery {
  /** Options of acr-pull. Empty if nothing is sealed. */
  readonly args: readonly string[];
  /**
   * Lets the documents of a folder take effect.
   * @param applied to be called when a part of them has
   */
  readonly apply: (files: readonly string[], applied: () => Promise<void>) => Promise<void>;
}

/** Runs acr-pull, with its answer as JSON, and checks that its output shows no secret. */
export function programIn({ sandbox, kubeconfig, secrets }: Place, args: readonly string[]) {
  return runSafely(sandbox, [...args, "-o", "json"], { env: { KUBECONFIG: kubeconfig }, secrets });
}

/** `kubectl` that may fail. */
export function kubectlIn(place: Place, words: readonly string[]): Promise<ClientRun> {
  return runClient("kubectl", words, variablesOf(place));
}

/** Applies a document server-side. */
export async function applyIn(place: Place, document: string): Promise<void> {
  await succeed("kubectl", ["apply", "--server-side", "-f", "-"], variablesOf(place), document);
}

const variablesOf = ({ sandbox, kubeconfig }: Place) => ({ KUBECONFIG: kubeconfig, HOME: sandbox.folder });

/** Sets a password up by a manifest, rotates it and retires the old one. No pull fails at any step. */
export async function lifeByManifest(place: Place, { args: seal, apply: deliver }: Delivery): Promise<void> {
  const { sandbox } = place;
  const manifest = join(await mkdtemp(join(sandbox.folder, "manifest-")), "pull");
  await mkdir(manifest);
  const name = "acr-secret";
  const where = ["--yes", "--manifest", manifest, ...seal];
  const setup = ["setup", "--registry", "myregistry", "--secret-name", name, ...where];
  setup.push(...namespaces.flatMap((one) => ["-n", one]));
  const rotate = ["rotate", "--secret-name", name, "--settle", "0s", ...where];
  const files = async () => (await readdir(manifest)).map((file) => join(manifest, file));

  /** Every credential that the nodes can read in the cluster has to work. */
  async function expectPulls(): Promise<void> {
    for (const namespace of namespaces) {
      const { code, stdout } = await kubectlIn(place, ["get", "secret", name, "-n", namespace, "-o", "json"]);
      if (code !== 0) continue;
      const data = JSON.parse(stdout).data[".dockerconfigjson"];
      const { auths } = JSON.parse(Buffer.from(data, "base64").toString("utf8"));
      const keys = sandbox.world.applications.flatMap(({ passwords }) => passwords);
      for (const { password } of Object.values<{ password: string }>(auths)) {
        const key = keys.find(({ secretText }) => secretText === password);
        expect(signsIn(sandbox, key?.keyId ?? "")).toBe(true);
      }
    }
  }
  async function apply(): Promise<void> {
    await deliver(await files(), expectPulls);
    if (seal.length === 0) return;
    for (const file of await files()) expect(secretsIn(await readFile(file, "utf8"), sandbox)).toEqual([]);
  }
  async function step(args: readonly string[]) {
    const run = await programIn(place, args);
    expect(run.code, run.stderr).toBe(0);
    await expectPulls();
    return run.json;
  }

  const made = await programIn(place, setup);
  expect(made.code, made.stderr).toBe(0);
  const owner = "# Owner: platform\n";
  for (const file of await files())
    await writeFile(file, (await readFile(file, "utf8")).replace("---\n", `---\n${owner}`));
  await apply();
  const texts = await Promise.all((await files()).map((file) => readFile(file, "utf8")));
  expect((await step(setup)).credentials[0].action).toBe("unchanged");
  expect(await Promise.all((await files()).map((file) => readFile(file, "utf8")))).toEqual(texts);

  const old = made.json.credentials[0].keyId;
  const [begun] = (await step(rotate)).rotations;
  expect([begun.state, begun.replaced]).toEqual(["pending", old]);
  await apply();
  for (const file of await files()) {
    const past = `${new Date(Date.now() - 60_000).toISOString().slice(0, 19)}Z`;
    await writeFile(file, (await readFile(file, "utf8")).replaceAll(/("after":")[^"]+/g, `$1${past}`));
  }
  await apply();
  const [cleaned] = (await step([...rotate, "--finish"])).rotations;
  expect([cleaned.retired, cleaned.retireBlocked]).toEqual([false, "not-applied"]);
  await apply();
  const [finished] = (await step([...rotate, "--finish"])).rotations;
  expect([finished.state, finished.retired, finished.keyId]).toEqual(["rotated", true, begun.keyId]);
  expect([keyIds(sandbox).includes(old), signsIn(sandbox, old)]).toEqual([false, false]);
  await apply();
  for (const file of await files()) expect(await readFile(file, "utf8")).toMatch(owner);
  const { json } = await programIn(place, ["status"]);
  return json.entries.map(({ state }: { state: string }) => state);
}
