import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { addSecret, start } from "./rotation.ts";
import { expectDepartures, remove, removed, told } from "./removal.ts";

/*
 * The API server keeps at most ten writers of an object apart. If more than ten have updated it, what the oldest
 * wrote is attributed to one manager named ancient-changes. acr-pull itself may be among those, or a controller.
 */

const forgotten = (fieldsV1: object) => [
  { manager: "ancient-changes", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1 },
];

function addAccount(sandbox: Sandbox): void {
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: "builder",
      namespace: "awesomeapps",
      managedFields: forgotten({ "f:imagePullSecrets": {} }),
    },
    imagePullSecrets: [{ name: "theirs" }, { name: "acr-secret" }],
  });
}

describe.concurrent("where the API server has forgotten who wrote", () => {
  it("a service account's list, remove takes the secret out of it that goes", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    addAccount(sandbox);
    expectDepartures(sandbox);
    expect(told(await removed(sandbox))[0]).toBe("service-account updated");
    const account = sandbox.world.clusters[0]!.objects["serviceaccounts"]!.find(
      ({ metadata }) => metadata.name === "builder",
    );
    expect(account?.["imagePullSecrets"]).toEqual([{ name: "theirs" }]);
  });

  it("a service account's list, it stays as it is where the secret stays", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    addAccount(sandbox);
    const data = secretOf(sandbox)!["data"] as Record<string, string>;
    const config = JSON.parse(Buffer.from(data[".dockerconfigjson"]!, "base64").toString()) as {
      auths: Record<string, unknown>;
    };
    config.auths["other.example"] = { username: "u", password: "p" };
    data[".dockerconfigjson"] = Buffer.from(JSON.stringify(config)).toString("base64");
    expectDepartures(sandbox);
    const run = await remove(sandbox);
    expect([run.code, told(run)[0]], run.stderr).toEqual([0, "service-account kept (holds-other-entries)"]);
  });

  it("a secret, setup says that a controller may be among them, and changes it all the same", async (test) => {
    const sandbox = await start(test);
    addSecret(
      sandbox,
      { namespace: "awesomeapps", name: "acr-secret", managedFields: forgotten({ "f:data": {} }) },
      { auths: {} },
    );
    const plan = await setup(sandbox, ["--adopt", "--dry-run"]);
    expect(plan.json.warnings).toContainEqual(
      expect.stringContaining("More than ten writers have changed sandbox/awesomeapps/acr-secret"),
    );
    expect((await setup(sandbox, ["--adopt"])).code).toBe(0);
  });
});
