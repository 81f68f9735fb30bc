import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ registries: [{ name: "myregistry" }] });
});
afterAll(() => sandbox.close());

it("who signs in with a code does so once: for the lists, the plan and the writing", async () => {
  const settled = "--auth device-code --role acrpull --name puller --context sandbox -n awesomeapps";
  const walk = await Walk.start(sandbox, [...settled.split(" "), "--secret-name", "pulls"]);
  await walk.accept("registry", "serviceAccounts", "lifetime", "review");
  expect(await walk.exit(), walk.run.history).toBe(0);
  const codes = sandbox.requests.entries.filter(({ path }) => path.endsWith("/devicecode"));
  expect(codes.map(({ status }) => status)).toEqual([200]);
});
