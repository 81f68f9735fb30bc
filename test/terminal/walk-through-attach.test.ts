import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    clusters: [{ context: "shop" }],
    managedClusters: [{ name: "shop", context: "shop" }],
  });
});
afterAll(() => sandbox.close());

it("setup --attach asks for little, and ends on one screen with how to check it and how a Pod pulls", async () => {
  const walk = await Walk.start(sandbox, ["--attach"], { columns: 80, rows: 24 });
  await walk.find("registry", "my", "myregistry");
  await walk.run.until("create role assignment AcrPull on myregistry for the nodes of shop");
  walk.press("enter");
  expect(await walk.exit(), walk.run.history).toBe(0);
  const { screen } = walk.run;
  expect(screen).toContain("The nodes of shop may pull from");
  expect(screen).toMatch(
    /^A Pod names the image, such as \S+\/my-awesome-app:v1, and needs\s+no\s+imagePullSecrets\./m,
  );
  expect(screen).toMatch(/To check it:\n {2}acr-pull verify --registry myregistry --context shop\n/);
  expect(screen).toMatch(
    /questions:\n {2}acr-pull setup --registry myregistry --context shop --attach --yes/,
  );
});
