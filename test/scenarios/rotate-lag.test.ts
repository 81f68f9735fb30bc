import { describe, expect, it } from "vitest";
import { retireWhileTheRemovedLives, rotateWhileReplicasLag } from "./lagging-rotation.ts";

describe("rotate, while five replicas learn of each write up to 15 minutes later", () => {
  it.each([
    [2, "trusts a new key that no part lists and few know, when it looks again minutes later"],
    [3, "counts the grace from when the secrets were written, however long the proof took"],
    [12, "waits the grace out, and retires the old key in the same run"],
    [9, "begins right after setup, when parts do not know the application yet"],
  ])("(seed %i) %s", async (seed) => {
    await expect(rotateWhileReplicasLag(seed)).resolves.toBeUndefined();
  });
});

describe("rotate, while a removed password signs in for some minutes more", () => {
  it.each([
    [5, "waits until it is refused"],
    [6, "says that it is not yet refused, as often as it is run, until it is"],
  ])("(seed %i) %s", async (seed) => {
    await expect(retireWhileTheRemovedLives(seed)).resolves.toBeUndefined();
  });
});
