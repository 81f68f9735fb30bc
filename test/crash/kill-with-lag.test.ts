import { describe, expect, it } from "vitest";
import { recover, starts, type Kill } from "./kills.ts";

describe("setup, killed right after a key was made that not every replica knows", () => {
  const keyMade: Kill = { request: /POST .*addPassword/, phase: "committed" };

  // How far the replicas are behind when the key is looked for depends on the lag.
  it.each(["2s", "5s", "8s"])("and run again at once, leaves exactly one key (lag %s)", async (lag) => {
    await expect(recover(starts.nothing, [keyMade], { replicationLag: lag })).resolves.toBeUndefined();
  });

  it("and killed again before it could remove that key, leaves exactly one all the same", async () => {
    const second: Kill = { request: /POST .*namespaces\/default\/secrets/, phase: "read" };
    const options = { replicationLag: "2s" };
    await expect(recover(starts.nothing, [keyMade, second], options)).resolves.toBeUndefined();
  });
});
