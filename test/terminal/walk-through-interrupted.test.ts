import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { programPath, secretOf } from "../program.ts";
import { expectCleanEnd, underShell } from "./under-shell.ts";
import { mutatingSince, runInShell, Walk, type QuestionName } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

/** A question, how it is answered, and the flags that answer it. */
interface Step {
  readonly question: QuestionName;
  readonly told?: readonly string[];
}

const steps: readonly Step[] = [
  { question: "registry", told: ["--registry", "abacregistry"] },
  { question: "contexts", told: ["--context", "sandbox"] },
  { question: "namespaces", told: ["--namespace", "default"] },
  { question: "review" },
];

/** The flags that settle the questions before one. */
function givenBefore(at: number): readonly string[] {
  return steps.slice(0, Math.max(at, 0)).flatMap(({ told }) => told ?? []);
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
      if (earlier?.question === "registry") await walk.find("registry", "abac", "abacregistry");
      else if (earlier) await walk.accept(earlier.question);
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
      await underShell(sandbox, programPath, ["setup", ...givenBefore(steps.length - 1)]),
    );
    await walk.accept("review");
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
    expect(secretOf(sandbox, "default")).toBeDefined();
  });
});

describe("Ctrl-D", () => {
  it("at a question ends it as Ctrl-C does", async () => {
    const walk = new Walk(await underShell(sandbox, programPath, ["setup"]));
    await (await walk.at("registry")).press("\u0004").exit();
    expect(walk.run.screen).toContain("ended with 130");
    expectCleanEnd(walk.run);
  });
});
