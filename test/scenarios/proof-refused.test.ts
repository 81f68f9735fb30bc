import { afterEach, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { livePasswords, rotate, secretOf, setup } from "../program.ts";
import { expectFailure } from "./refusals.ts";

/*
 * A registry that goes on refusing a credential gives no reason. Entra does.
 */

let sandbox: Sandbox;
afterEach(() => sandbox.close());

const start = async (policy: SandboxOptions["policy"] = {}) => {
  sandbox = await startSandbox({ policy });
};

/** The pulling principal, which is the last that was made. */
const principal = () => sandbox.world.servicePrincipals.at(-1)!;

it("a Conditional Access policy against the new principal is named, and not waited for", async () => {
  await start({ conditionalAccessBlocks: true, conditionalAccessExcludes: ["caller"] });
  const run = await setup(sandbox);
  expectFailure(run, "setup", {
    exit: 4,
    code: "azure.conditional-access",
    says: ["AADSTS53003"],
    hint: ["administrator"],
  });
  expect(run.json.verification.status).toBe("failed");
});

it("a disabled principal is named, and not waited for", async () => {
  await start();
  await setup(sandbox);
  const [key] = livePasswords(sandbox);
  Object.assign(key!, { startDateTime: "2026-01-01T00:00:00Z" });
  principal().accountEnabled = false;
  const run = await setup(sandbox, ["-n", "default"]);
  expectFailure(run, "setup", {
    exit: 4,
    code: "proof.refused",
    says: [/^Entra refuses the credential: AADSTS7000112: .* is disabled\.$/],
    hint: [`az ad sp update --id ${principal().appId} --set accountEnabled=true`],
  });
  expect(run.json.verification.status).toBe("failed");
});

it("a rotation names it too, and leaves the secret as it was", async () => {
  await start();
  await setup(sandbox);
  sandbox.observe((phase, { method, path }) => {
    if (phase === "committed" && method === "POST" && path.endsWith("/addPassword"))
      principal().accountEnabled = false;
    return undefined;
  });
  const before = secretOf(sandbox)?.["data"];
  const run = await rotate(sandbox, ["--settle", "0s"]);
  expectFailure(run, "rotate", {
    exit: 4,
    code: "proof.refused",
    says: ["AADSTS7000112"],
    hint: ["accountEnabled=true"],
  });
  expect(secretOf(sandbox)?.["data"]).toEqual(before);
});

it("where Entra accepts what the registry refuses, that is said, and what else may block the registry", async () => {
  await start({ conditionalAccessBlocksRegistries: true });
  const run = await setup(sandbox, ["--timeout", "2s"]);
  expectFailure(run, "setup", {
    exit: 4,
    code: "proof.refused",
    says: ["refused the credential", "Entra accepts it"],
    hint: ["ten minutes", "Conditional Access policy for workload identities", "sign-in log"],
    retryable: true,
  });
  expect(run.json.verification.status).toBe("failed");
});
