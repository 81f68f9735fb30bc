import { describe, expect, it, vi } from "vitest";
import { readPages, type Pages } from "../../src/domain/pages.ts";

const { signal } = new AbortController();

describe("a list that is read page after page", () => {
  it("may have as many pages as anybody has, and no more than ten thousand", async () => {
    const read = (count: number) =>
      readPages(Infinity, signal, (pages: Pages) => {
        for (let page = 1; page < count; page += 1) pages.goOn(`page ${page}`);
        return Promise.resolve(count);
      });
    await expect(read(10_000)).resolves.toBe(10_000);
    await expect(read(10_001)).rejects.toMatchObject({
      failure: "too-large",
      message: "the list has more than 10000 pages",
    });
  });

  it("may be begun again, and has no more time for that", async () => {
    vi.useFakeTimers();
    const reading = readPages(60_000, signal, async (pages: Pages) => {
      pages.goOn("second");
      pages.beginAgain();
      pages.goOn("second");
      await vi.advanceTimersByTimeAsync(60_000);
      pages.goOn("third");
    });
    await expect(reading).rejects.toMatchObject({ failure: "timed-out" });
    vi.useRealTimers();
  });

  it("is read no further once the run is to stop", async () => {
    const controller = new AbortController();
    const reason = new Error("over");
    const reading = readPages(Infinity, controller.signal, (pages: Pages) => {
      controller.abort(reason);
      pages.goOn("next");
      return Promise.resolve();
    });
    await expect(reading).rejects.toBe(reason);
  });
});
