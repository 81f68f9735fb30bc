import { describe, expect, it } from "vitest";
import { runAmidHostileStrings } from "./hostile-strings.ts";

describe("every command, where every text that others have a say in is hostile", () => {
  it.each([1, 2, 3])("shows none of it but as text (seed %i)", async (seed) => {
    expect(await runAmidHostileStrings(seed)).toBe(12);
  });
});
