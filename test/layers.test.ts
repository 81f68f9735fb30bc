import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const textOf = (name: string) => readFileSync(join(src, name), "utf8");

describe("the product's code", () => {
  it("knows the sandbox at its doors alone: its command as listed, what that does, and the option that opens it", () => {
    const doors = new Set(["cli/commands.ts", "cli/commands/sandbox.ts", "cli/options.ts"]);
    const knowing = files
      .filter((name) => !name.startsWith("sandbox/") && !doors.has(name))
      .flatMap((name) =>
        textOf(name)
          .split("\n")
          .filter((line) => /sandbox/i.test(line))
          .map((line) => `${name}: ${line.trim()}`),
      );
    expect(knowing).toEqual([]);
  });

  it("ends the process nowhere, and writes to the console nowhere", () => {
    const offending = files.filter((name) => /process\.exit\(|console\.\w+\(/.test(textOf(name)));
    expect(offending).toEqual([]);
  });
});

describe("the tests", () => {
  it("replace no module by name", () => {
    const tests = fileURLToPath(new URL(".", import.meta.url));
    const mocking = readdirSync(tests, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .filter((name) => /\bvi\.(mock|doMock)\b\(/.test(readFileSync(join(tests, name), "utf8")));
    expect(mocking).toEqual([]);
  });
});
