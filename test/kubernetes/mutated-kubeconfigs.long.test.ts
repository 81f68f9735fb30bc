import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { seedsFromEnvironment } from "../scenarios/failing-seeds.ts";
import { MutatedKubeconfigs } from "./mutated-kubeconfigs.ts";

let sandbox: Sandbox;
let kubeconfigs: MutatedKubeconfigs;
beforeAll(async () => {
  sandbox = await startSandbox();
  kubeconfigs = await MutatedKubeconfigs.open(sandbox);
});
afterAll(async () => {
  await kubeconfigs.close();
  await sandbox.close();
});

it("ten thousand kubeconfigs that were mutated are refused or fail as documented, and show nobody a credential", async () => {
  expect(await kubeconfigs.failures(seedsFromEnvironment(10_000))).toEqual([]);
});
