import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { columnsOf } from "../../../../src/cli/show/text-width.ts";
import { Asking, resultOf } from "./asking.ts";

let asking: Asking;
beforeAll(async () => {
  asking = await Asking.prepare();
});
afterAll(() => asking.remove());

describe.concurrent("a list", () => {
  it("is filtered by every word that is typed, and Enter takes what is pointed at", async () => {
    const run = await asking.at("choose");
    await run.until("❯ other.azurecr.io eastus, ABAC");
    run.press("WEST rbac");
    await run.until("Filter: WEST rbac ❯ myregistry.azurecr.io");
    expect(run.screen).not.toContain("other.azurecr.io");
    run.press("down");
    await run.until("❯ images-of-the-platform-team");
    run.press("up", "enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "/r/1" });
    expect(run.screen.split("\n")[0]).toBe("✔ Which registry?  myregistry.azurecr.io");
    expect(run.screen).not.toContain("Filter");
  });

  it("explains what is pointed at, and says what the keys do", async () => {
    const run = await asking.at("choose");
    await run.until("↑↓ move · type to filter · Enter choose · Esc back");
    run.press("up");
    await run.until("The one of the team.");
    run.press("down");
    await run.until("❯ other.azurecr.io");
    expect(run.screen).not.toContain("The one of the team.");
    run.press("enter");
    await run.exit();
  });

  it("goes back at Esc and leaves nothing on the screen", async () => {
    const run = await asking.at("choose");
    await run.until("Esc back");
    run.press("escape");
    expect(await resultOf(run)).toEqual({ kind: "back" });
    expect(run.screen).toBe('= {"kind":"back"}');
  });

  it("goes back at Shift+Tab", async () => {
    const run = await asking.at("choose");
    await run.until("Esc back");
    run.press("shift-tab");
    expect(await resultOf(run)).toEqual({ kind: "back" });
  });

  it("stays where there is no question before", async () => {
    const run = await asking.at("first");
    await run.until("❯ myregistry.azurecr.io");
    expect(run.screen).not.toContain("Esc");
    run.press("shift-tab", "tab", "down");
    await run.until("❯ other.azurecr.io");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "/r/2" });
  });

  it("keeps what is typed while it is on its way, and takes no Enter", async () => {
    const run = await asking.at("loading");
    await run.until("… Looking through your subscriptions");
    run.press("enter", "other");
    await run.until("Filter: other");
    run.kill("SIGUSR2");
    await run.until("❯ other.azurecr.io");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "/r/2" });
  });

  it("allows going back while the list loads", async () => {
    const run = await asking.at("loading");
    await run.until("Esc back");
    run.press("escape");
    await run.until('= {"kind":"back"}');
    run.kill("SIGUSR2");
    expect(await resultOf(run)).toEqual({ kind: "back" });
  });

  it("ends the question when it cannot be loaded", async () => {
    const run = await asking.at("failing");
    expect(await resultOf(run)).toBe("Error: no list");
    expect(run.screen).not.toContain("Which registry?");
  });

  it("says where one is in a list longer than the screen, and turns pages", async () => {
    const run = await asking.at("many", { rows: 14 });
    await run.until("1 of 5000");
    run.press("\u001b[6~");
    await run.until("❯ entry-9");
    run.press("\u001b[F");
    await run.until("5000 of 5000");
    run.press("\u001b[H");
    await run.until("1 of 5000");
    run.press("4999");
    await run.until("Filter: 4999 ❯ entry-4999");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "v4999" });
  });

  it("says that nothing matches", async () => {
    const run = await asking.at("choose");
    await run.until("❯ other.azurecr.io");
    expect(run.screen).not.toContain("Filter");
    run.press("zzz");
    await run.until("Nothing matches.");
    run.press("enter");
    await run.until("✗ Nothing matches.");
    expect(run.screen.match(/Nothing matches/g)).toHaveLength(1);
    expect(run.screen).toContain("Esc clear");
    run.press("escape");
    await run.until("❯ other.azurecr.io");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "/r/2" });
  });

  it("says that there is nothing to choose from", async () => {
    const run = await asking.at("empty");
    await run.until("There is nothing to choose from: type a name.");
    run.press("shop");
    await run.until("❯ shop (new)");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "shop" });
  });

  it("lets one go back while the answer is checked, and takes no other key", async () => {
    const run = await asking.at("unanswered");
    await run.until("❯ myregistry.azurecr.io");
    run.press("enter");
    await run.until("… checking");
    run.press("enter", "other", "escape");
    expect(await resultOf(run)).toEqual({ kind: "back" });
  });

  it("asks again when the answer does not stand its check", async () => {
    const run = await asking.at("checked");
    await run.until("❯ myregistry.azurecr.io");
    run.press("enter");
    await run.until("✗ You may not assign roles on it.");
    run.press("down", "enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "/r/2" });
  });

  it("shows what is searched elsewhere beside what is there", async () => {
    const run = await asking.at("searched");
    await run.until("❯ app-zero");
    run.press("shop");
    await run.until("❯ found by shop");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "1" });
  });
});

describe.concurrent("several of a list", () => {
  it("are ticked by Space and taken by Enter, in the order of the list", async () => {
    const run = await asking.at("several");
    await run.until("❯ [x] awesomeapps [ ] default");
    run.press("down", "down", "space");
    await run.until("❯ [x] team-a");
    run.press("up", "space");
    await run.until("❯ [x] default [x] team-a");
    await run.until("3 chosen");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: ["awesomeapps", "default", "team-a"] });
    expect(run.screen).toContain("✔ Which namespaces pull?  awesomeapps, default, team-a");
  });

  it("take a name that is not in the list yet, and say at once when it can be none", async () => {
    const run = await asking.at("several");
    await run.until("type to filter or add");
    run.press("Shop");
    await run.until("It must have only small letters, digits and dashes.");
    run.press("ctrl-u", "shop");
    await run.until("❯ [ ] shop (new)");
    run.press("enter");
    await run.until("[x] awesomeapps ❯ [x] shop (new)");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: ["awesomeapps", "shop"] });
  });

  it("are not left without what one moved to and pressed Enter at: it is ticked first", async () => {
    const run = await asking.at("several");
    await run.until("Enter continue");
    run.press("down");
    await run.until("Enter tick");
    run.press("enter");
    await run.until("[x] awesomeapps ❯ [x] default");
    await run.until("Enter continue");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: ["awesomeapps", "default"] });
  });

  it("are at least one where one is needed, and none where none will do", async () => {
    const run = await asking.at("several");
    await run.until("❯ [x] awesomeapps");
    run.press("space", "enter");
    await run.until("Nothing is ticked: press Space to tick an entry.");
    run.press("space", "enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: ["awesomeapps"] });
    const none = await asking.at("none");
    await none.until("none chosen");
    none.press("enter");
    expect(await resultOf(none)).toEqual({ kind: "answer", value: [] });
    expect(none.screen).toContain("✔ Which accounts?  none");
  });
});

describe.concurrent("a line of text", () => {
  it("is edited from what stands there, remarked on and checked", async () => {
    const run = await asking.at("text");
    await run.until("> acr-secret");
    await run.until("acr-secret does not exist yet.");
    run.press("enter");
    await run.until("✗ That one exists already.");
    run.press("up", "-2");
    await run.until("acr-secret-2 does not exist yet.");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "acr-secret-2" });
  });

  it("goes back with nothing left behind", async () => {
    const run = await asking.at("text");
    await run.until("Esc back");
    run.press("escape");
    expect(await resultOf(run)).toEqual({ kind: "back" });
    expect(run.screen).not.toContain("acr-secret");
  });
});

describe.concurrent("the screen", () => {
  it("keeps what arrives meanwhile above what comes next", async () => {
    const run = await asking.at("noted");
    await run.until("Open https://microsoft.com/devicelogin and enter ABCD.");
    run.press("enter");
    expect(await resultOf(run)).toEqual({ kind: "answer", value: "/r/1", asking: false });
    expect(run.screen.split("\n").slice(0, 3)).toEqual([
      "Before the question.",
      "✔ Which registry?  myregistry.azurecr.io",
      "Open https://microsoft.com/devicelogin and enter ABCD.",
    ]);
  });

  it("holds one question after the other", async () => {
    const run = await asking.at("two");
    await run.until("❯ other.azurecr.io");
    run.press("enter");
    await run.until("✔ Which registry? other.azurecr.io ? Which namespaces pull?");
    run.press("enter");
    await resultOf(run);
    expect(run.screen.split("\n").slice(0, 2)).toEqual([
      "✔ Which registry?  other.azurecr.io",
      "✔ Which namespaces pull?  awesomeapps",
    ]);
  });

  it("does not show the answer of a question that is asked again", async () => {
    const run = await asking.at("back", { columns: 40 });
    await run.until("❯ other.azurecr.io");
    run.press("down", "enter");
    // The answer takes two lines.
    await run.until(/✔ Which registry\? images-of.*azurecr.io \? Which namespaces pull/);
    run.press("escape");
    await run.until("❯ other.azurecr.io");
    expect(run.screen).not.toContain("✔");
    run.press("enter");
    await run.exit();
    expect(run.screen).toBe('✔ Which registry?  other.azurecr.io\n= {"kind":"answer","value":"/r/2"}');
  });

  it("fits into 40 columns and 12 rows", async () => {
    const run = await asking.at("choose", { columns: 40, rows: 12 });
    await run.until("Enter choose · Esc back");
    const lines = run.screen.split("\n");
    expect(lines[0]).toBe("? Which registry?");
    expect(lines.every((line) => columnsOf(line) <= 40)).toBe(true);
    // Nothing has scrolled away, and each entry takes one line.
    expect(run.history).toBe(run.screen);
    run.press("down", "down");
    await run.until("❯ レジストリの名前はとても長いです長い…");
    run.press("ctrl-c");
    await run.exit();
  });

  it("is coloured by the terminal's rule alone", async () => {
    const colored = await asking.at("choose");
    await colored.until("Enter choose");
    colored.press("enter");
    await colored.exit();
    expect(colored.output).toContain("\u001b[32m❯ \u001b[39m");
    const bare = await asking.at("choose", { env: { NO_COLOR: "1" } });
    await bare.until("Enter choose");
    bare.press("enter");
    await bare.exit();
    expect(bare.output).not.toMatch(/\u001b\[[0-9;]*m/);
  });

  it.each([
    ["Ctrl-C", "ctrl-c"],
    ["the end of input", "\u0004"],
  ])("says at which question %s stopped the run", async (_what, key) => {
    const run = await asking.at("choose");
    await run.until("Enter choose");
    run.press(key);
    expect(await resultOf(run)).toBe("InterruptedError: Stopped before the end.");
    expect(await run.exit()).toBe(130);
    expect(run.screen.split("\n")[0]).toBe("✗ Which registry?");
  });
});
