import { describe, expect, it } from "vitest";
import { retireWhileTheRemovedLives, rotateWhileReplicasLag } from "./lagging-rotation.ts";

describe("rotate, while five replicas learn of each write up to 15 minutes later", () => {
  it.each([
    [2, "trusts a new key that no part lists and few know, when it looks again minutes later"],
    [3, "counts the grace from when the secrets were written, however long the proof took"],
    [12, "waits the grace out, and retires the old key in the same run"],
    [1216, "takes the old key for living that the next part of the directory does not list"],
    [1785, "retires no key as removed that setup made minutes ago and few parts know"],
    [9, "begins right after setup, when parts do not know the application yet"],
  ])("(seed %i) %s", async (seed) => {
    await expect(rotateWhileReplicasLag(seed)).resolves.toBeUndefined();
  });
});

describe("rotate, while a removed password signs in for some minutes more", () => {
  it.each([
    [5, 1, "waits until it is refused"],
    [6, 1, "says that it is not yet refused, as often as it is run, until it is"],
    [1, 5, "believes no refusal while one part of five still takes it"],
    [2, 5, "believes no list that lacks it while another part still has it"],
  ])("(seed %i, %i replicas) %s", async (seed, replicas) => {
    await expect(retireWhileTheRemovedLives(seed, replicas)).resolves.toBeUndefined();
  });
});
