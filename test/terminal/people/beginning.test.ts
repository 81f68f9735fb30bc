import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { entryOf, livePasswords, secretOf } from "../../program.ts";
import { expectRepeatable, mutatingSince, Walk } from "../walk-through.ts";
import { see, seenOf, toPaste, typed } from "./person.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ clusters: [{ context: "sandbox", users: [narrow] }] });
});
afterEach(() => sandbox.close());

/** Contributor, which may do everything except assign roles. */
const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";

/** May write in one namespace only, and look everywhere. */
const narrow = {
  context: "narrow",
  rules: [
    { verbs: ["get", "list"], resources: ["*"] },
    { verbs: ["*"], resources: ["*"], namespaces: ["awesomeapps"] },
  ],
};

describe("somebody's first run", () => {
  it("begins with the program's name alone, which fits the screen and says where to start", async () => {
    const run = await typed(sandbox, "acr-pull");
    expect((await seenOf(run)).code).toBe(0);
    // All of it is still on the screen, above the prompt.
    expect(run.screen).toContain("Usage: acr-pull");
    expect(run.history.split("\n").length).toBeLessThan(24);
    expect(run.screen).toMatch(/^Start with: acr-pull setup +\S/m);
  });

  it("takes what is proposed, shows each question on the screen, and ends with a Pod and what to run next", async () => {
    const walk = new Walk(await typed(sandbox, "acr-pull setup"));
    await walk.find("registry", "myreg", "myregistry");
    await (await walk.accept("contexts", "namespaces")).at("review");
    expect(mutatingSince(sandbox)).toEqual([]);
    walk.press("enter");
    const { code, said } = await seenOf(walk.run);
    expect(code, said).toBe(0);
    expect(said).toContain("What these are:");
    expect(said).toMatch(/^ {4}imagePullSecrets:/m);
    expect(said.match(/^✔ /gm)).toHaveLength(4);
    // The last screen, above the shell's prompt, says until when it pulls, how a Pod uses it, and how to renew it.
    for (const next of [/^✓ .* can pull from /m, /^ {4}imagePullSecrets:/m, /^To renew it, run/m])
      expect(walk.run.screen).toMatch(next);
    // Checking, repeating and renewing, pasted as they are printed.
    const commands = toPaste(said);
    expect(commands.map((line) => line.split(" ")[1])).toEqual(["verify", "setup", "rotate"]);
    for (const command of commands) await expectRepeatable(sandbox, command);
  });
});

describe("somebody who rehearses", () => {
  it("is told first and last that nothing is real, and pastes a rehearsal", async () => {
    const line = "acr-pull setup --sandbox --registry myregistry -n awesomeapps --yes";
    const { code, said } = await see(sandbox, line);
    expect(code, said).toBe(0);
    const lines = said.split("\n").filter((one) => one !== "");
    expect(lines[0]).toMatch(/^# .*made up/);
    expect(lines.at(-1)).toMatch(/^# .*nothing real/);
    const commands = toPaste(said);
    expect(commands).toHaveLength(3);
    for (const command of commands) expect(command).toContain(" --sandbox");
    // The world around the terminal has seen nothing of it.
    expect(sandbox.requests.entries).toEqual([]);
    const again = await see(
      sandbox,
      commands.find((command) => command.startsWith("acr-pull setup "))!,
    );
    expect(again.code, again.said).toBe(0);
  });
});

describe("somebody's typing error", () => {
  it.each([
    ["acr-pull setpu", "Did you mean setup?"],
    ["acr-pull setup --registri myregistry", "--registry"],
    ["acr-pull setup myregistry", "acr-pull setup --help"],
    ["acr-pull setup --registry myregistry --context sandbx --yes", "sandbox"],
  ])("in %s is answered by what was meant, with 2, and writes nothing", async (line, meant) => {
    const { code, said } = await see(sandbox, line);
    expect(code, said).toBe(2);
    expect(said).toMatch(/^error\[[\w.-]+\]: /m);
    expect(said.split(/^ +fix: /m)[1], said).toContain(meant);
    expect(said.split("\n").length).toBeLessThan(8);
    expect(mutatingSince(sandbox)).toEqual([]);
  });

  it.each([
    ["--registry myregistri -n awesomeapps", "--registry myregistry"],
    ["--registry myregistry -n awesomeaps", "-n awesomeapps"],
  ])("in a name, as in %s, is told with what was meant, before anything is written", async (args, meant) => {
    const { code, said } = await see(sandbox, `acr-pull setup ${args} --yes`);
    expect(code, said).toBe(2);
    expect(said).toMatch(new RegExp(`^ +fix: Run again with ${meant}[;,]`, "m"));
    expect(mutatingSince(sandbox)).toEqual([]);
  });
});

describe("somebody without rights", () => {
  it("to assign roles learns who can, with 3 and nothing written; granted, the same line succeeds", async () => {
    const { roleAssignments, caller } = sandbox.world;
    const at = roleAssignments.findIndex(({ principalId }) => principalId === caller.objectId);
    const owner = roleAssignments[at]!;
    const roleDefinitionId = owner.roleDefinitionId.replace(/[^/]+$/, contributor);
    roleAssignments[at] = { ...owner, roleDefinitionId };
    const line = "acr-pull setup --registry myregistry -n awesomeapps --auth environment --yes";
    const { code, said } = await see(sandbox, line);
    expect(code, said).toBe(3);
    expect(said).toMatch(/^ +fix: /m);
    expect(mutatingSince(sandbox)).toEqual([]);
    roleAssignments[at] = owner;
    const again = await see(sandbox, line);
    expect(again.code, again.said).toBe(0);
  });

  it("in one namespace of two gets the other, and is told of the first with 4; granted, it converges", async () => {
    const user = sandbox.world.clusters[0]!.users.at(-1)!;
    const line = "acr-pull setup --registry myregistry --context narrow -n awesomeapps -n default --yes";
    const { code, said } = await see(sandbox, line);
    expect(code, said).toBe(4);
    expect(said).toMatch(/^✗ narrow\/default: /m);
    expect(said).toMatch(/^ +fix: /m);
    expect(secretOf(sandbox, "default")).toBeUndefined();
    user.rules.push({ verbs: ["*"], resources: ["*"], namespaces: ["default"] });
    const again = await see(sandbox, line);
    expect(again.code, again.said).toBe(0);
    expect(entryOf(sandbox, "myregistry", "default")).toEqual(entryOf(sandbox));
    expect(livePasswords(sandbox)).toHaveLength(1);
  });
});

describe("somebody who presses Ctrl-C", () => {
  it("at a question has written nothing, and pastes a line that goes on from there", async () => {
    const walk = new Walk(await typed(sandbox, "acr-pull setup --registry myregistry"));
    await walk.accept("contexts");
    (await walk.at("namespaces")).press("ctrl-c");
    const { code, said } = await seenOf(walk.run);
    expect(code, said).toBe(130);
    expect(said).toContain("Nothing was written.");
    expect(mutatingSince(sandbox)).toEqual([]);
    const next = /(acr-pull setup --.*)$/m.exec(said)?.[1] ?? "";
    expect(next).toContain("--context sandbox");
    const on = new Walk(await typed(sandbox, next));
    // What was answered is not asked again.
    await on.at("namespaces");
    expect(on.answered).toHaveLength(0);
    expect(await on.press("ctrl-c").exit()).toBe(130);
  });

  it("amid the work is told what is unfinished; the line it pastes finishes with one password", async () => {
    const { arrived, release } = held("/addPassword");
    const run = await typed(sandbox, "acr-pull setup --registry myregistry -n awesomeapps --yes");
    await arrived;
    await run.until("Making a key");
    run.press("ctrl-c");
    await run.until("Ctrl-C again");
    release();
    const { code, said } = await seenOf(run);
    expect(code, said).toBe(130);
    expect(said).toContain("not finished:");
    const next = /(acr-pull setup --.*)$/m.exec(said)?.[1] ?? "";
    expect(next).toContain("--context sandbox");
    const on = await see(sandbox, next);
    expect(on.code, on.said).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(entryOf(sandbox)).toBeDefined();
  });
});

/** Holds the answer to a request as long as a person needs to press a key. */
function held(path: string): { readonly arrived: Promise<void>; readonly release: () => void } {
  let answer: () => void = () => {};
  const released = new Promise<void>((resolve) => (answer = resolve));
  let release: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    const stop = sandbox.observe(async (phase, request) => {
      if (phase !== "committed" || !request.path.endsWith(path)) return undefined;
      resolve();
      await released;
      return "drop";
    });
    release = () => {
      answer();
      stop();
    };
  });
  return { arrived, release };
}
