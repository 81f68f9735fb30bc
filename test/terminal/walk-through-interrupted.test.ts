import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { programPath, secretOf } from "../program.ts";
import { expectCleanEnd, underShell } from "./under-shell.ts";
import { foreignSecret, mutatingSince, runInShell, Walk, type QuestionName } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  sandbox.addObject("sandbox", foreignSecret("awesomeapps", "pulls"));
});
afterAll(() => sandbox.close());

/** A question, how it is answered, and the flags that answer it: the printed ones, unless `given` names others. */
interface Step {
  readonly question: QuestionName;
  readonly keys?: readonly string[];
  readonly told?: readonly string[];
  readonly given?: readonly string[];
}

const steps: readonly Step[] = [
  { question: "signIn", told: ["--auth", "auto"] },
  { question: "registry", told: ["--registry", "abacregistry"] },
  { question: "principal", given: ["--name", "puller"] },
  { question: "contexts", told: ["--context", "sandbox"] },
  { question: "namespaces", keys: ["space", "awesome", "enter"], told: ["--namespace", "awesomeapps"] },
  { question: "secretName", keys: ["ctrl-u", "pulls"], told: ["--secret-name", "pulls"] },
  { question: "adopt", keys: ["add"], told: ["--adopt"] },
  { question: "serviceAccounts", keys: ["space"], told: ["--service-account", "default"] },
  { question: "role", keys: ["owner"], told: ["--role", "owner"] },
  { question: "ownerConsent", keys: ["abacregistry"], told: ["--allow-privileged-role", "owner"] },
  { question: "repositories", keys: ["tools"], told: ["--repository", "tools"] },
  { question: "lifetime", keys: ["30"], told: ["--expires-in", "30d"] },
  { question: "review" },
];

/** The flags that settle the questions before one. */
function givenBefore(at: number): readonly string[] {
  return steps.slice(0, Math.max(at, 0)).flatMap(({ given, told }) => given ?? told ?? []);
}

/** The words of the command that is printed after some text. */
function toldCommand(transcript: string, after: string): readonly string[] {
  const text = transcript.replaceAll(/\s+/g, " ");
  return new RegExp(`${after}: acr-pull setup (.*?) ?ended with`).exec(text)?.[1]?.split(" ") ?? [];
}

describe("Ctrl-C", () => {
  it.each(steps.map(({ question }, at) => [question, at] as const))(
    "at the question %s writes nothing and tells the command to go on from there",
    async (question, at) => {
      const given = givenBefore(at - 1);
      const walk = new Walk(await underShell(sandbox, programPath, ["setup", ...given]));
      const earlier = steps[at - 1];
      if (earlier) await walk.answer(earlier.question, ...(earlier.keys ?? []));
      await (await walk.at(question)).press("ctrl-c").exit();
      expect(walk.run.screen).toContain("ended with 130");
      expect(walk.run.screen).toContain("Nothing was written.");
      const told = toldCommand(walk.run.transcript, "To continue").filter((word) => word !== "");
      expect(told.toSorted()).toEqual([...given, ...(earlier?.told ?? [])].toSorted());
      expectCleanEnd(walk.run);
      expect(mutatingSince(sandbox)).toEqual([]);
    },
  );

  it("while what was agreed to is carried out stops where it is safe, and tells the command that finishes it", async () => {
    let arrive: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const stop = sandbox.observe(async (phase, { path }) => {
      if (phase !== "committed" || !path.endsWith("/addPassword")) return;
      arrive();
      await released;
    });
    const walk = new Walk(
      await underShell(sandbox, programPath, ["setup", ...givenBefore(steps.length - 2)]),
    );
    await walk.accept("lifetime", "review");
    await arrived;
    await walk.press("ctrl-c").run.until("stopping as soon as it is safe");
    release();
    stop();
    await walk.exit();
    expect(walk.run.screen).toContain("ended with 130");
    expectCleanEnd(walk.run);
    const again = toldCommand(walk.run.transcript, "To continue");
    expect(again).toContain("--yes");
    const run = await runInShell(sandbox, ["acr-pull", "setup", ...again].join(" "));
    expect(run.code, run.screen).toBe(0);
    expect(secretOf(sandbox, "awesomeapps", "pulls")?.metadata.annotations).toHaveProperty(
      "acr-pull/entries",
    );
  });
});
