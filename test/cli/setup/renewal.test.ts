import { expect, it } from "vitest";
import { readAnswers } from "../../../src/cli/options/answers.ts";
import { gather } from "../given.ts";
import { rotateOptions } from "../../../src/cli/rotate/options.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";
import { renewalCommand } from "../../../src/cli/setup/renewal.ts";

it("is told after setup: rotate for the same keys, of the same clusters, before their end", () => {
  const flags = {
    registry: "myregistry",
    subscription: "s",
    namespace: ["a", "b"],
    context: ["kind"],
    secretName: "pull",
    role: "acrpush",
    expiresIn: "30d",
    serviceAccount: ["default"],
    proof: "entra",
    yes: true,
  };
  const given = gather(setupOptions, flags, {});
  const command = renewalCommand({ program: "acr-pull", given, environment: {} });
  expect(command).toBe(
    "acr-pull rotate --registry myregistry --namespace a --namespace b --context kind --secret-name pull" +
      " --proof entra --if-due --yes",
  );
});

it.each(["device-code", "browser"])("never signs in by %s, for which nobody is there", (auth) => {
  const given = gather(setupOptions, { auth, yes: true }, {});
  const command = renewalCommand({ program: "acr-pull", given, environment: {} });
  expect(command).toBe("acr-pull rotate --if-due --yes");
});

it("leaves to the environment what the environment says to both, and nothing that setup alone is told", () => {
  const environment = { ACR_PULL_REGISTRY: "myregistry", ACR_PULL_EXPIRES_IN: "30d" };
  const given = gather(setupOptions, { namespace: ["a"], yes: true }, environment);
  const command = renewalCommand({ program: "acr-pull", given, environment });
  expect(command).toBe("acr-pull rotate --namespace a --if-due --yes");
  expect(readAnswers(rotateOptions, gather(rotateOptions, {}, environment)).registry).toEqual({
    kind: "name",
    name: "myregistry",
  });
});
