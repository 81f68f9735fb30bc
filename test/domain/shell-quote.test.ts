import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shellQuote } from "../../src/domain/shell-quote.ts";
import { lacks } from "../peers/peer.ts";

/** How a shell reads a command line whose words are each quoted. */
function readBy(shell: string, flags: readonly string[], words: readonly string[]): string[] {
  const script = words.map((word) => `printf '%s\\0' ${shellQuote(word)}`).join("\n");
  const { stdout, stderr } = spawnSync(shell, [...flags, "-c", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\0").slice(0, -1);
}

const shells: ReadonlyArray<{ shell: string; flags: string[]; absent: boolean }> = [
  { shell: "sh", flags: [], absent: false },
  { shell: "bash", flags: ["--norc"], absent: false },
  { shell: "zsh", flags: ["-f"], absent: lacks("zsh") },
  { shell: "fish", flags: ["--no-config"], absent: lacks("fish") },
];

describe.each(shells)("a quoted word in $shell", ({ shell, flags, absent }) => {
  it.skipIf(absent)("is what it was, whatever that shell would do with its letters", () => {
    const letters = "ab'\"\\$`@:=*~!#%^{}[]() ;&|<>?\t\né東-".split("");
    const words = [fc.constantFrom(...letters), "grapheme" as const].flatMap((unit) =>
      fc.sample(fc.string({ unit, maxLength: 8 }), 500),
    );
    const known = ["", "\\';touch F;#", "'\\''", "a\\", "=ls", "%self", "~root", "{a,b}", "-n", "a b"];
    expect(readBy(shell, flags, [...known, ...words])).toEqual([...known, ...words]);
  });
});

it("is left as it is where no shell would change it", () => {
  for (const word of ["acr-pull", "/a/b.c", "--context=x", "a@b:c,d+e", "100%"]) {
    expect(shellQuote(word)).toBe(word);
  }
});
