import { describe, expect, it } from "vitest";
import { failuresOf, recover, starts, undisturbedRequests, type Kill, type Start } from "./kills.ts";

/** Before and after a change is done; a read changes nothing, so one moment stands for all. */
async function decisiveKills(start: Start): Promise<Kill[]> {
  const requests = await undisturbedRequests(start);
  return requests.flatMap(({ index: request, mutating }): Kill[] => {
    if (mutating)
      return [
        { request, phase: "read" },
        { request, phase: "committed" },
      ];
    // What a killed reader leaves is what it found: worth a look in one world.
    return start === starts.nothing ? [{ request, phase: "answered" }] : [];
  });
}

describe("setup, killed at every single request", () => {
  it.each(Object.values(starts))("is finished by a second run, starting with $name", async (start: Start) => {
    const kills = await decisiveKills(start);
    expect(kills.length).toBeGreaterThan(8);
    expect(await failuresOf(kills, (kill) => recover(start, [kill]))).toEqual([]);
  });
});

describe("setup, killed right after a key was made that not every replica knows", () => {
  const lag = { replicationLag: "2s" };
  const keyMade: Kill = { request: /POST .*addPassword/, phase: "committed" };

  it("and run again at once, leaves exactly one key", async () => {
    await expect(recover(starts.nothing, [keyMade], lag)).resolves.toBeUndefined();
  });

  it("and killed again before it could remove that key, leaves exactly one all the same", async () => {
    const second: Kill = { request: /POST .*namespaces\/default\/secrets/, phase: "read" };
    await expect(recover(starts.nothing, [keyMade, second], lag)).resolves.toBeUndefined();
  });
});
