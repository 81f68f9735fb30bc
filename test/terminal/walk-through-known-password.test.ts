import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Walk } from "./walk-through.ts";

const appId = "11111111-2222-4333-8444-555555555555";
const secretText = "known-password";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    registries: [{ name: "myregistry" }],
    applications: [
      {
        displayName: "shared",
        appId,
        passwords: [{ secretText }],
        roles: [{ role: "AcrPull", scope: "myregistry" }],
      },
    ],
  });
});
afterAll(() => sandbox.close());

it("a password that was given: the review speaks of no new one, nor of how long one would live", async () => {
  const file = join(sandbox.folder, "password");
  await writeFile(file, secretText);
  const settled = "--auth environment --registry myregistry --role acrpull --context sandbox -n awesomeapps";
  const known = ["--service-principal", appId, "--password-file", file];
  const walk = await Walk.start(sandbox, [...settled.split(" "), ...known]);
  await walk.accept("secretName", "serviceAccounts");
  const { run } = await walk.at("review");
  expect(run.screen).toMatch(/Password +the one given; none is made/);
  expect(run.screen).not.toContain("the next key");
  expect(await (await walk.accept("review")).exit(), run.history).toBe(0);
  expect(run.output).not.toContain(secretText);
});
