import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TerminalOptions } from "../../../terminal.ts";
import { Asking, resultOf } from "./asking.ts";

let asking: Asking;
beforeAll(async () => {
  asking = await Asking.prepare();
});
afterAll(() => asking.remove());

const accessible: TerminalOptions = { env: { ACR_PULL_ACCESSIBLE: "true" } };

/** Types each line once the prompt before it is shown. Returns the result, and everything that was written. */
async function converse(scenario: string, lines: readonly string[], options?: TerminalOptions) {
  const run = await asking.at(scenario, options ?? accessible);
  const prompts = () => run.output.match(/(?:back|\(y\/N\)|grant it): ?/g)?.length ?? 0;
  for (const [index, line] of lines.entries()) {
    await run.when(() => prompts() > index, `prompt ${index + 1}`);
    run.press(line, ...(line === "ctrl-c" || line === "\u0004" ? [] : ["enter"]));
  }
  const result = await resultOf(run);
  // No cursor movement and no color: a screen reader would read them out.
  expect(run.output).not.toContain("\u001b");
  return { result, run, output: run.output.replaceAll("\r", "") };
}

describe.concurrent("a plain list", () => {
  it("is numbered, names its default, explains and takes a number", async () => {
    const { result, output } = await converse("choose", ["?", "9", "1"]);
    expect(output).toContain(
      [
        "Which registry?",
        "All that you can see, over every subscription of the tenant you signed in to.",
        "1. myregistry.azurecr.io, westeurope, RBAC",
        "2. other.azurecr.io, eastus, ABAC (default)",
      ].join("\n"),
    );
    expect(output).toContain("\nNumber or name, Enter for 2 (default), ? to explain, b to go back: ?\n");
    expect(output).toContain("\n1. myregistry.azurecr.io: The one of the team.\n");
    expect(output).toContain("\nThere is no number 9.\n");
    expect(output).toContain("\nChosen: myregistry.azurecr.io\n");
    expect(result).toEqual({ kind: "answer", value: "/r/1" });
  });

  it("takes its default, a name, and the only match of a part of it", async () => {
    expect((await converse("choose", [""])).result).toEqual({ kind: "answer", value: "/r/2" });
    expect((await converse("choose", ["MyRegistry.azurecr.io"])).result).toEqual({
      kind: "answer",
      value: "/r/1",
    });
    expect((await converse("choose", ["platform"])).result).toEqual({ kind: "answer", value: "/r/3" });
  });

  it("lists what matches a part of several names", async () => {
    const { result, output } = await converse("choose", ["west", "3"]);
    expect(output).toMatch(/Matches for west:\n3\. images.*\n1\. myregistry.*\n/);
    expect(result).toEqual({ kind: "answer", value: "/r/3" });
  });

  it("shows the beginning of a long one, and how many more there are", async () => {
    const { result, output } = await converse("many", ["ntry-49", "4999"]);
    expect(output).toContain("20. entry-19\nAnd 4980 more: type part of a name to list the matches.\n");
    expect(output).toContain("\nNumber or name, Enter for 1 (default), b to go back: ");
    expect(result).toEqual({ kind: "answer", value: "v4998" });
  });

  it("says what it waits for, and goes on when the list is there", async () => {
    const run = await asking.at("loading", accessible);
    await run.until("Looking through your subscriptions …");
    run.kill("SIGUSR2");
    await run.until("b to go back:");
    run.press("b", "enter");
    expect(await resultOf(run)).toEqual({ kind: "back" });
  });

  it("asks again when the answer does not stand its check", async () => {
    const { result, output } = await converse("checked", ["1", "2"]);
    expect(output).toContain("\nYou may not assign roles on it.\n");
    expect(result).toEqual({ kind: "answer", value: "/r/2" });
  });

  it("has no default where it is empty", async () => {
    const { result, output } = await converse("empty", ["", "shop"]);
    expect(output).toContain("\nThere is nothing to choose from: type a name.\n");
    expect(result).toEqual({ kind: "answer", value: "shop" });
  });

  it("finds what is searched elsewhere", async () => {
    expect((await converse("searched", ["shop"])).result).toEqual({ kind: "answer", value: "1" });
  });
});

describe.concurrent("several of a plain list", () => {
  it("are numbers and names with commas, new ones among them", async () => {
    const { result, output } = await converse("several", ["team", "4, shop,default"]);
    expect(output).toContain("Matches for team:\n3. team-a\n4. team-b\n");
    expect(output).toContain("Chosen: default, team-b, shop (new)\n");
    expect(result).toEqual({ kind: "answer", value: ["default", "team-b", "shop"] });
  });

  it("break the rule of a name in words, and are the default at Enter", async () => {
    const { result, output } = await converse("several", ["Shop!", ""]);
    expect(output).toContain("\nIt must have only small letters, digits and dashes.\n");
    expect(result).toEqual({ kind: "answer", value: ["awesomeapps"] });
  });

  it("are none where none will do, and at least one where one is needed", async () => {
    expect((await converse("none", ["none"])).result).toEqual({ kind: "answer", value: [] });
    const { result, output } = await converse("several", [",", "1"]);
    expect(output).toContain("At least one is needed");
    expect(result).toEqual({ kind: "answer", value: ["default"] });
  });
});

describe.concurrent("other plain questions", () => {
  it("take a text or what stands there, remark on it and check it", async () => {
    const { result, output } = await converse("text", ["", "other"]);
    expect(output).toContain(
      "It holds the password.\nacr-secret does not exist yet.\nText, Enter for acr-secret",
    );
    expect(output).toContain("\nThat one exists already.\n");
    expect(output).toContain("\nother does not exist yet.\n");
    expect(result).toEqual({ kind: "answer", value: "other" });
  });

  it("repeat their prompt below what arrives meanwhile", async () => {
    const run = await asking.at("noted", accessible);
    await run.until(/b to go back: Open https:.* ABCD\. Number or name, .*b to go back:/);
    run.press("2", "enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "/r/2", asking: false });
  });

  it("take lines typed ahead, one by one", async () => {
    const run = await asking.at("two", accessible);
    await run.until("b to go back:");
    run.press("1\r2,3\r");
    expect(await resultOf(run)).toEqual([
      { kind: "answer", value: "/r/1" },
      { kind: "answer", value: ["awesomeapps", "team-a"] },
    ]);
  });

  it.each(["ctrl-c", "\u0004"])("stop the run at %j", async (key) => {
    const { result, run } = await converse("choose", [key]);
    expect(result).toBe("InterruptedError: Stopped before the end.");
    expect(await run.exit()).toBe(130);
  });

  it("are asked of a dumb terminal too", async () => {
    expect((await converse("choose", ["b"], { env: { TERM: "dumb" } })).result).toEqual({ kind: "back" });
  });
});
