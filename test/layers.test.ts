import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dirname } from "node:path/posix";
import { describe, expect, it } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const textOf = (name: string) => readFileSync(join(src, name), "utf8");

/**
 * The modules that each part may import, in addition to its own. A file's part is the first that its name begins
 * with.
 */
const layers: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli", "core", "domain", "connect.ts"],
  "connect.ts": ["cli", "core", "domain", "azure", "registry", "kubernetes", "manifest"],
  "cli/sandbox/": ["cli", "core", "domain", "sandbox"],
  "cli/": ["core", "verify", "domain"],
  // It needs nothing that acr-pull keeps, so that it can look at the secrets of anybody.
  "verify/": ["domain", "core/ports", "core/ports.ts", "core/ending.ts", "core/progress.ts"],
  "core/": ["domain"],
  // Beside core until the commands move to it.
  "engine/": ["core", "domain"],
  "azure/": ["domain"],
  "registry/": ["domain"],
  "kubernetes/": ["domain"],
  "manifest/": ["domain"],
  "domain/": [],
  // It must share none of the product's ideas.
  "sandbox/": ["domain/duration.ts"],
};

/** The clients implement these. They contain only types, and are imported as types. */
const ports = /^(?:core|engine)\/ports[./]/;
const client = /^(azure|registry|kubernetes|manifest)\//;

/** Code that commands share is outside their folders, and neither it nor a command imports from a command's folder. */
const commandRoom = /^core\/(setup|rotate|remove|status)\//;

/** The only files that may import a package. */
const owners: readonly (readonly [RegExp, RegExp])[] = [
  [/^(inquirer$|@inquirer\/)/, /^cli\/ask\/live-prompter\.ts$/],
  [/^chalk$/, /^cli\/show\/colors\.ts$/],
  [/^commander$/, /^cli\//],
  [/^(@azure|@microsoft)\//, /^azure\//],
  [/^@kubernetes\//, /^kubernetes\//],
];

/** A module's imports: its own as names below src, packages as they are. */
function importsOf(name: string, text = textOf(name)): readonly string[] {
  const found = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g);
  return [...found].map(([, target = ""]) => (target.startsWith(".") ? join(dirname(name), target) : target));
}

/** The modules from which it imports more than types. */
function valueImportsOf(name: string): readonly string[] {
  return importsOf(name, textOf(name).replaceAll(/\b(?:import|export) type [^"]*\bfrom\s*"[^"]+"/g, ""));
}

function mayImport(name: string, target: string): boolean {
  const layer = Object.keys(layers).find((one) => name.startsWith(one)) ?? "";
  const room = commandRoom.exec(target)?.[0];
  if (client.test(name) && ports.test(target)) return true;
  if (name.startsWith("core/") && room !== undefined && !name.startsWith(room)) return false;
  return (
    target.startsWith(layer) ||
    (layers[layer] ?? []).some((one) => target === one || target.startsWith(`${one}/`))
  );
}

describe("the product's code", () => {
  it("imports what its layer may know", () => {
    const wrong = files.flatMap((name) =>
      importsOf(name)
        .filter((target) => target.endsWith(".ts") && !mayImport(name, target))
        .map((target) => `${name} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("has ports that are types alone, and clients that import them as such", () => {
    const wrong = files
      .filter((name) => client.test(name) || ports.test(name))
      .flatMap((name) => valueImportsOf(name).map((target) => [name, target] as const))
      .filter(([name, target]) => ports.test(name) || ports.test(target))
      .map(([name, target]) => `${name} imports more than types of ${target}`);
    expect(wrong).toEqual([]);
  });

  it("leaves each library to the part whose work it does", () => {
    const wrong = files.flatMap((name) =>
      importsOf(name)
        .filter((target) => owners.some(([library, owner]) => library.test(target) && !owner.test(name)))
        .map((target) => `${name} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("knows the sandbox at its doors alone: its command as listed, what that does, the option that opens it, and the help that names it", () => {
    const doors = new Set([
      "cli/options/help.ts",
      "cli/commands.ts",
      "cli/sandbox/command.ts",
      "cli/options/rehearsal-options.ts",
    ]);
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

  it("reads what the process was given where that is a parameter, so that runs in one process have worlds of their own", () => {
    const parameter = new Set(["main.ts", "cli/sandbox/command.ts"]);
    const given = /(?<![.\w])process\.(?:env|argv|execArgv|cwd|stdin|stdout|stderr)\b/;
    const reading = files.filter((name) => !parameter.has(name) && given.test(textOf(name)));
    expect(reading).toEqual([]);
  });

  it("writes secrets in the turn of a run alone, and rehearses that nowhere else", () => {
    const writing = files
      .filter((name) => name.startsWith("core/") && !name.startsWith("core/turn/") && !ports.test(name))
      .filter((name) => /\b(create|patch|delete)Secret\b/.test(textOf(name)));
    expect(writing).toEqual([]);
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
