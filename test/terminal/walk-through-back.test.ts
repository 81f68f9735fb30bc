import { afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { dockerConfigOf, liveAssignments, secretOf } from "../program.ts";
import { expectRepeatable, foreignSecret, mutatingSince, Walk, type QuestionName } from "./walk-through.ts";

let sandbox: Sandbox;
afterEach(() => sandbox.close());

/** A question, the keys before Enter that answer it, and how it looks when one comes back to it. */
type Step = readonly [question: QuestionName, keys: readonly string[], again: string];

/** Answers to every question that differ from the proposed one, wherever there is another. */
const steps: readonly Step[] = [
  ["signIn", [], "❯ service principal"],
  ["registry", ["abac"], "❯ abacregistry"],
  ["principal", [], "❯ its own"],
  ["contexts", ["down", "space"], "[x] sandbox-staging"],
  ["namespaces", ["space", "down", "space"], "[x] awesomeapps"],
  ["secretName", ["ctrl-u", "pulls"], "pulls"],
  // Enter alone never gives consent, not even the second time.
  ["adopt", ["add"], "❯ choose another name"],
  ["serviceAccounts", ["space"], "[x] default"],
  ["role", ["acrpush"], "❯ acrpush"],
  ["repositories", ["team/*, tools"], "team/*, tools"],
  ["lifetime", ["30 days"], "❯ 30 days"],
];

describe("Back", () => {
  it("from every question shows the one before as it was answered, and changes nothing of the outcome", async () => {
    sandbox = await startSandbox();
    sandbox.addObject("sandbox-staging", foreignSecret("awesomeapps", "pulls"));
    const walk = await Walk.start(sandbox);
    let before: Step | undefined;
    for (const [question, keys, again] of [...steps, ["review", [], ""] as const]) {
      await walk.at(question);
      if (before) {
        const [earlier, earlierKeys, shown] = before;
        walk.press(question === "role" ? "escape" : "shift-tab");
        await (await walk.at(earlier)).shows(shown);
        walk.press(...(earlier === "adopt" ? earlierKeys : []), "enter");
        await walk.at(question);
      }
      expect(mutatingSince(sandbox)).toEqual([]);
      walk.press(...keys, "enter");
      before = [question, keys, again];
    }
    const command = await walk.equivalentCommand();
    expect(command).toBe(
      "acr-pull setup --registry abacregistry --namespace awesomeapps --context sandbox --context sandbox-staging" +
        " --secret-name pulls --role acrpush --repository 'team/*' --repository tools --expires-in 30d" +
        " --service-account default --adopt --yes",
    );
    expect(Object.keys(dockerConfigOf(sandbox, "awesomeapps", "pulls", "sandbox-staging").auths)).toEqual(
      expect.arrayContaining(["other.example", loginServer("abacregistry")]),
    );
    await expectRepeatable(sandbox, command);
  });

  it("to the registry, for one of the other mode, asks again only what depends on it", async () => {
    sandbox = await startSandbox();
    const walk = await Walk.start(sandbox);
    await walk.accept("signIn");
    await walk.answer("registry", "myregistry");
    await walk.accept("principal", "contexts");
    await walk.answer("namespaces", "space", "down", "space");
    await walk.accept("secretName", "serviceAccounts");
    await (await walk.at("role")).shows("grants AcrPush");
    await walk.answer("role", "acrpush");
    const answered = [
      "role",
      "serviceAccounts",
      "secretName",
      "namespaces",
      "contexts",
      "principal",
    ] as const;
    for (const question of ["lifetime", ...answered] as const) await walk.back(question);
    await (await walk.at("registry")).shows("❯ myregistry");
    // The filter moves the pointer to what is left.
    walk.press("abac", "enter");
    // Clusters, namespaces and their service accounts do not depend on the registry.
    await walk.accept("principal", "secretName");
    await (await walk.at("role")).shows("❯ acrpush");
    await walk.shows("grants Container Registry Repository Writer");
    walk.press("enter");
    await walk.answer("repositories", "team/app");
    await walk.accept("lifetime", "review");
    const command = await walk.equivalentCommand();
    expect(command).toBe(
      "acr-pull setup --registry abacregistry --namespace awesomeapps --context sandbox --role acrpush --repository team/app --yes",
    );
    expect(liveAssignments(sandbox)).toHaveLength(1);
    expect(secretOf(sandbox, "awesomeapps")).toBeDefined();
    expect(secretOf(sandbox, "default")).toBeUndefined();
    await expectRepeatable(sandbox, command);
  });
});

function loginServer(name: string): string {
  return sandbox.world.registries.find((one) => one.name === name)?.loginServer ?? "";
}
