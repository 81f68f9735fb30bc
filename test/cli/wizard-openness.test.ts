import { describe, expect, it } from "vitest";
import { question, walk } from "./scripted-wizard.ts";

describe("a question that only what is looked up opens", () => {
  it("is asked only then, and Back does not meet it otherwise", async () => {
    const adopt = question("adopt", {
      dependsOn: ["name"],
      subject: undefined,
      looking: "Looking at the secrets",
      isOpen: (data) => data.endsWith("=theirs"),
    });
    const { given, waits } = await walk(
      [question("name"), adopt, question("last")],
      "name: new, last: back, name: theirs, adopt: yes, last: back, adopt: back, name: new, last: 1",
    );
    expect(given).toEqual({ name: "new", last: "1" });
    expect(new Set(waits)).toEqual(new Set(["Looking at the secrets"]));
  });
});
