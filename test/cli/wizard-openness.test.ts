import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { flags, question, walk } from "./scripted-wizard.ts";

describe("a question that only what is looked up opens", () => {
  /** Asked only for secrets of others. */
  const adopt = question("adopt", {
    dependsOn: ["name"],
    looking: "Looking at the secrets",
    isOpen: (data) => data.endsWith("=theirs"),
  });
  const three = [question("name"), adopt, question("last")];

  it("is asked only then, and Back does not meet it otherwise", async () => {
    const { given, waits } = await walk(
      three,
      "name: new, last: back, name: theirs, adopt: yes, last: back, adopt: back, name: new, last: 1",
    );
    expect(given).toEqual({ name: "new", last: "1" });
    expect(new Set(waits)).toEqual(new Set(["Looking at the secrets"]));
  });

  it("cannot be changed while it has nothing to ask", async () => {
    const { seen } = await walk(three, "name: new, last: change name, name: theirs, adopt: yes, last: 1");
    expect(seen.filter(({ id }) => id === "last").map(({ changeable }) => changeable)).toEqual([
      ["name"],
      ["name", "adopt"],
    ]);
  });

  it("keeps its answer while another one leaves it nothing to ask", async () => {
    const { given } = await walk(
      three,
      "name: theirs, adopt: yes, last: change name, name: new, last: change name, name: theirs, last: 1",
    );
    expect(given).toEqual({ name: "theirs", adopt: "yes", last: "1" });
  });

  it("is asked where a flag settled it and the answer is to be changed", async () => {
    const { given } = await walk(
      three,
      "name: new, last: change adopt, adopt: no, last: 1",
      flags({ adopt: "yes" }),
    );
    expect(given).toEqual({ name: "new", adopt: "no", last: "1" });
  });

  it("is not asked when a look failed, and the next one says that there is nothing to ask", async () => {
    let looks = 0;
    const unsteady = question("adopt", {
      isOpen: (data) => data === "theirs",
      look: () => (++looks === 1 ? Promise.reject(new Error("no network")) : Promise.resolve("none")),
    });
    expect((await walk([unsteady, question("last")], "failed: again, last: 1")).given).toEqual({ last: "1" });
  });

  it("takes away nothing that a recovery gives", async () => {
    const script = "name: new, last: fail, failed: give adopt, last: 1";
    expect((await walk(three, script)).given).toEqual({ name: "new", adopt: "true", last: "1" });
  });

  it("keeps nobody from looking what the questions behind it show", async () => {
    const events: string[] = [];
    const slow = question("adopt", {
      async look() {
        await nextTurn();
        await nextTurn();
        events.push("adopt was looked up");
        return "";
      },
      isOpen: () => false,
    });
    const last = question("last", {
      async look() {
        events.push("last is looked up");
        return "";
      },
    });
    await walk([slow, last], "last: 1");
    expect(events).toEqual(["last is looked up", "adopt was looked up"]);
  });
});
