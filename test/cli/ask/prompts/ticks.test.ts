import { describe, expect, it } from "vitest";
import { Ticks, type EnterEffect, type Situation } from "../../../../src/cli/ask/prompts/live-choose.ts";

const entry = { value: "b", label: "b" };
const still: Situation = { text: "", moved: false, spaced: false };

describe("Enter at several of a list", () => {
  const preselected = Ticks.of(["a"]);
  const practised = preselected.toggled("c");
  it.each<[string, Ticks, Partial<Situation>, EnterEffect]>([
    ["takes what is preselected when nothing was touched", preselected, {}, "confirm"],
    ["ticks what one moved to", preselected, { moved: true }, "tick"],
    ["goes on at what is ticked", preselected.ticked("b"), { moved: true }, "confirm"],
    ["goes on wherever one moved who has used Space", practised, { moved: true }, "confirm"],
    ["ticks what was typed", preselected, { text: "b" }, "tick"],
    ["ticks what was typed by one who has used Space before", practised, { text: "b" }, "tick"],
    ["goes on when Space ticked what was typed", practised, { text: "b", spaced: true }, "confirm"],
  ])("%s", (_does, ticks, situation, expected) => {
    expect(ticks.enter(entry, { ...still, ...situation })).toBe(expected);
  });

  it("goes on where there is nothing to point at", () => {
    expect(preselected.enter(undefined, { ...still, moved: true })).toBe("confirm");
  });
});
