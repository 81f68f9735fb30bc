import { afterEach, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { setup } from "../program.ts";

let sandbox: Sandbox;
afterEach(() => sandbox.close());

it("a principal of which only the application was made is reported as created, because it was not there before", async () => {
  sandbox = await startSandbox({
    faults: [{ match: "POST .*/namespaces/awesomeapps/secrets", nth: 2, status: 403 }],
  });
  const run = await setup(sandbox);
  expect([run.code, run.json.error.code], run.stderr).toEqual([4, "kubernetes.forbidden"]);
  const made = sandbox.world.applications.map(({ appId }) => appId);
  expect(run.json.servicePrincipals).toMatchObject([{ objectId: null, action: "created" }]);
  expect(made).toContain(run.json.servicePrincipals[0].appId);
});

it("a stranger's secret that turns up once something was made ends the run half way, not as a refusal", async () => {
  sandbox = await startSandbox();
  sandbox.requests.observe((phase, { method, path, query }) => {
    // The rehearsal of the write succeeds. The write itself comes too late.
    if (phase !== "read" || method !== "POST" || !path.endsWith("/awesomeapps/secrets")) return;
    if (query.includes("dryRun")) return;
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") },
      metadata: { name: "acr-secret", namespace: "awesomeapps" },
    });
  });
  const run = await setup(sandbox);
  expect([run.code, run.json.error.code], run.stderr).toEqual([4, "secret.not-ours"]);
  expect(sandbox.world.applications.some(({ uniqueName }) => uniqueName?.startsWith("acr-pull-"))).toBe(true);
});
