import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { setup } from "../program.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    faults: [{ match: "POST .*/namespaces/awesomeapps/secrets", nth: 2, status: 403 }],
  });
});
afterAll(() => sandbox.close());

it("a principal whose application alone could be made is told as created, for it was not there before", async () => {
  const run = await setup(sandbox);
  expect([run.code, run.json.error.code], run.stderr).toEqual([4, "kubernetes.forbidden"]);
  const made = sandbox.world.applications.map(({ appId }) => appId);
  expect(run.json.servicePrincipals).toMatchObject([{ objectId: null, action: "created" }]);
  expect(made).toContain(run.json.servicePrincipals[0].appId);
});
