import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf } from "../program.ts";
import { expectRepeatable, mutatingSince, Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    registries: [{ name: "myregistry" }],
    clusters: [
      { context: "kind-dev", namespaces: ["default", "kube-system", "shop"] },
      { context: "kind-lab", namespaces: ["default", "kube-system"] },
    ],
  });
});
afterAll(() => sandbox.close());

describe("two clusters", () => {
  it("both get a namespace that neither has and one that the other has, and the secret in them", async () => {
    const walk = await Walk.start(sandbox, ["--auth", "environment", "--registry", "myregistry"]);
    await (await walk.at("contexts")).shows("❯◉ kind-dev, current");
    await walk.press("down", "space").shows("❯◉ kind-lab");
    walk.press("enter");
    await (await walk.at("namespaces")).shows("shop, new in kind-lab");
    // The proposed one is unticked. One that exists is ticked, and another is typed.
    await walk.press("space", "down").shows("❯◯ shop");
    await walk.press("space", "up", "up").shows("❯◯ others, typed next");
    walk.press("space", "enter");
    await walk.answer("typedNamespaces", "brand-new");
    await walk.at("review");
    expect(walk.run.screen).toContain("create namespace kind-lab/shop");
    expect(mutatingSince(sandbox)).toEqual([]);
    const command = await (await walk.accept("review")).equivalentCommand();
    expect(command).toBe(
      "acr-pull setup --registry myregistry --auth environment --namespace shop --namespace brand-new" +
        " --context kind-dev --context kind-lab --create-namespace --yes",
    );
    const passwords = ["kind-dev", "kind-lab"].map((context) =>
      ["shop", "brand-new"].map(
        (namespace) => entryOf(sandbox, "myregistry", namespace, "acr-secret", context)?.password,
      ),
    );
    // One application per cluster, with one password in all of its namespaces.
    expect(passwords.map((ofCluster) => new Set(ofCluster).size)).toEqual([1, 1]);
    expect(new Set(passwords.flat()).size).toBe(2);
    await expectRepeatable(sandbox, command);
  });
});
