import { describe, expect, it } from "vitest";
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
