import { describe, expect, it } from "vitest";
import { nearRegistry } from "../../../src/core/cluster/registry-meant.ts";
import { registryReference } from "../../../src/domain/names.ts";

const there = [
  { name: "myregistry", loginServer: "myregistry-a1b2c3d4.azurecr.io" },
  { name: "abacregistry", loginServer: "abacregistry.azurecr.io" },
  { name: "abc12", loginServer: "abc12.azurecr.io" },
];

describe("the registry that somebody may have meant", () => {
  it.each([
    ["myregistri", "myregistry"],
    ["somebodys", undefined],
    // Microsoft's recipe builds a login server from the name, without the hash of a domain name label.
    ["myregistry.azurecr.io", "myregistry-a1b2c3d4.azurecr.io"],
    ["abacregistri.azurecr.io", "abacregistry.azurecr.io"],
    ["abacregistry.azurecr.cn", "abacregistry.azurecr.io"],
    // Only their endings are alike.
    ["xyz99.azurecr.io", undefined],
    [
      "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistri",
      undefined,
    ],
  ])("by %s is %s", (text, meant) => {
    expect(nearRegistry(registryReference(text), there)).toBe(meant);
  });
});
