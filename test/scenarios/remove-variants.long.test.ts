import { afterAll, describe, expect, it } from "vitest";
import { further, removeFiles, thereAndBack } from "./removal-variants.ts";

afterAll(removeFiles);

describe.concurrent("remove, after setup", () => {
  it.for(further)("with $what: all is as before, and setup works again", async (variant, test) => {
    const { before, after } = await thereAndBack(variant, test);
    expect(after).toEqual(before);
  });
});
