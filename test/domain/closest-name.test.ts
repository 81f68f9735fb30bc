import { describe, expect, it } from "vitest";
import { asking, closestName } from "../../src/domain/closest-name.ts";

describe("the name that somebody may have meant", () => {
  it.each([
    ["awsomeapps", ["default", "awesomeapps"], "awesomeapps"],
    ["MyRegistri", ["myregistry", "abacregistry"], "myregistry"],
    ["web", ["api", "db"], undefined],
    ["prod", ["prd", "test"], "prd"],
    ["nowhere", [], undefined],
    ["", ["default"], undefined],
  ])("by %s among %j is %s", (name, names, meant) => {
    expect(closestName(name, names)).toBe(meant);
  });

  it("is asked at the end of a sentence", () => {
    expect(asking("There is none.", "acr-secret")).toBe("There is none. Did you mean acr-secret?");
    expect(asking("There is none.", undefined)).toBe("There is none.");
  });
});
