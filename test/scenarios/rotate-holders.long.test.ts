import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { KubernetesObject } from "../../src/sandbox/world.ts";
import { dockerConfigOf } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { clusterOf, teams } from "./partial-rotation.ts";
import { addSecret, azureWrites, rotate, signsIn } from "./rotation.ts";

const namespaces = teams(200);
const trials = 200;

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox(clusterOf([...namespaces, "elsewhere"]));
});
afterAll(() => sandbox.close());

/** Adds a secret that holds the oldest key, under one of the spellings of its host. */
function addCopy(trial: number): KubernetesObject {
  const { loginServer } = sandbox.world.registries[0]!;
  const entry = Object.values(dockerConfigOf(sandbox, namespaces[0]).auths).at(-1);
  const hosts = [
    loginServer,
    `https://${loginServer}`,
    `${loginServer}/v2/`,
    `${loginServer}/team`,
    "localhost:*",
  ];
  const auths = { [hosts[trial % hosts.length]!]: entry };
  const namespace = trial % 4 === 0 ? "elsewhere" : namespaces[(trial * 37) % namespaces.length]!;
  return addSecret(sandbox, { namespace, name: `copy-${trial}` }, { auths });
}

function remove(secret: KubernetesObject): void {
  const { objects } = sandbox.world.clusters[0]!;
  objects["secrets"] = objects["secrets"]!.filter((one) => one !== secret);
}

it(`rotate of ${namespaces.length} namespaces is refused in each of ${trials} trials in which one more secret holds the key`, async () => {
  setUp(sandbox, { namespaces });
  for (let trial = 0; trial < trials; trial += 1) {
    const copy = addCopy(trial);
    const run = await rotate(sandbox);
    remove(copy);
    expect([run.code, run.json.error?.code], `trial ${trial}`).toEqual([2, "rotate.holder-unwritable"]);
    expect(run.json.error.message).toContain(`${copy.metadata.namespace}/copy-${trial}`);
  }
  expect(sandbox.requests.mutating()).toEqual([]);
  console.log(`${trials} of ${trials} trials refused before anything was made`);
  sandbox.world.clusters[0]!.objects["secrets"] = [];
  sandbox.world.applications.splice(1);
});

it(`rotate --finish leaves the old key in each of ${trials} trials in which one more secret holds it`, async () => {
  const { old } = changedOver(sandbox, { namespaces, due: true });
  for (let trial = 0; trial < trials; trial += 1) {
    const copy = addCopy(trial);
    const run = await rotate(sandbox, ["--finish"]);
    remove(copy);
    expect([run.code, run.json.error?.code], `trial ${trial}`).toEqual([4, "rotate.still-held"]);
    expect(run.json.error.message).toContain(`${copy.metadata.namespace}/copy-${trial}`);
  }
  expect([azureWrites(sandbox), signsIn(sandbox, old)]).toEqual([[], true]);
  console.log(`${trials} of ${trials} trials left the key, and named the secret`);
});
