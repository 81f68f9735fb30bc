import { describe, expect, it } from "vitest";
import { asking, closestName } from "../../src/domain/closest-name.ts";

describe("the name that somebody may have meant", () => {
  it.each([
    ["awsomeapps", ["default", "awesomeapps"], "awesomeapps"],
    ["MyRegistri", ["myregistry", "abacregistry"], "myregistry"],
    ["web", ["api", "db"], undefined],
    ["prod", ["prd", "test"], "prd"],
    ["apps", ["app2", "appz", "apps2"], "app2"],
    ["setpu", ["rotate", "setup", "status"], "setup"],
    ["--yse", ["--yes", "--name"], "--yes"],
    ["acrpul", ["acrpush", "acrpull"], "acrpull"],
    ["azurecluod", ["AzureCloud", "AzureChinaCloud"], "AzureCloud"],
    ["xml", ["json", "yaml", "text"], undefined],
    ["myregistry-staging", ["myregistry"], undefined],
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
