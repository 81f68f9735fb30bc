import { describe, expect, it } from "vitest";
import { clusterIdOf, type ClusterIdClues } from "../../../src/core/cluster/cluster-id.ts";

const idOf = (clues: Partial<ClusterIdClues>) =>
  clusterIdOf({ uid: undefined, said: undefined, recorded: [], ...clues }, { context: "blue" });

describe("a cluster's id is", () => {
  it.each<[string, Partial<ClusterIdClues>, string | undefined]>([
    ["the UID of kube-system, whatever marks say", { uid: "u", recorded: ["other"] }, "u"],
    ["what the user says, where the UID may not be read", { said: "s", recorded: ["other"] }, "s"],
    ["what all marks record, where nobody says it", { recorded: ["r", "r"] }, "r"],
    ["not known, where nothing tells", {}, undefined],
  ])("%s", (_title, clues, id) => {
    expect(idOf(clues)).toBe(id);
  });

  it("not what the first of several marks records", () => {
    expect(() => idOf({ recorded: ["a", "b"] })).toThrow(/disagree about the cluster's id/);
  });

  it("not what the user says, where the cluster says another", () => {
    expect(() => idOf({ uid: "u", said: "s" })).toThrow("Context blue is the cluster u, not s.");
  });
});
