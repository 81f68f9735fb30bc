import { expect, it } from "vitest";
import { secretOf } from "../program.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { virtualRun } from "../virtual-time.ts";
import { setUp } from "./already-set-up.ts";
import { addSecret, heldKeys, keyIds } from "./rotation.ts";

it("rotate --compromised gives the new key to the secrets of the plan that a person agreed to, and to no other", async () => {
  const sandbox = await startSandbox();
  setUp(sandbox, { namespaces: ["awesomeapps", "kube-public"] });
  const { labels, annotations } = secretOf(sandbox)!.metadata;
  const marks = { labels: { ...labels }, annotations: { ...annotations } };
  const run = virtualRun(sandbox);
  try {
    let planted = "";
    sandbox.observe((phase, { path }) => {
      if (phase !== "committed" || !path.endsWith("/addPassword")) return;
      planted = JSON.stringify(addSecret(sandbox, { namespace: "default", name: "double", ...marks }));
    });
    const outcome = await run.rotate({ intent: "compromised", agreedTo: "plan", settleMs: 0 });
    expect(outcome).toMatchObject({ exitCode: 4, error: { code: "rotate.still-held" } });
    expect(JSON.stringify(secretOf(sandbox, "default", "double"))).toBe(planted);
    const newest = keyIds(sandbox).at(-1);
    for (const namespace of ["awesomeapps", "kube-public"])
      expect(heldKeys(sandbox, namespace).plain).toBe(newest);
  } finally {
    run.end();
    await sandbox.close();
  }
});
