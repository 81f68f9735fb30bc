import { describe, expect, it } from "vitest";
import { Once } from "../../src/domain/once.ts";

describe("work that is done once", () => {
  it("is done once for the same request, also while it is under way", async () => {
    const once = new Once();
    let runs = 0;
    const work = () => Promise.resolve((runs += 1));
    const both = await Promise.all([once.do("a", { x: 1 }, work), once.do("a", { x: 1 }, work)]);
    expect(both).toEqual([1, 1]);
    expect(await once.do("a", { x: 1 }, work)).toBe(1);
  });

  it("is done for every other request, and for every kind of it", async () => {
    const once = new Once();
    let runs = 0;
    const work = () => Promise.resolve((runs += 1));
    await once.do("a", 1, work);
    await once.do("a", 2, work);
    await once.do("b", 1, work);
    expect(runs).toBe(3);
  });

  it("is done anew after it failed, or came to something that does not last", async () => {
    const once = new Once();
    await expect(once.do("a", 1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    const passing = (outcome: string) =>
      once.do(
        "a",
        1,
        () => Promise.resolve(outcome),
        () => false,
      );
    expect(await passing("first")).toBe("first");
    expect(await passing("second")).toBe("second");
  });
});
