import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { exitCode } from "../../../src/domain/exit-code.ts";
import { read } from "../given.ts";

const names = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);

async function textOf(line: readonly string[], columns?: number, name?: string): Promise<string> {
  const reading = await read(line, {}, { columns, name });
  if (reading.kind !== "text") throw new Error(`no text: ${JSON.stringify(reading)}`);
  return reading.text;
}

describe.each([[], ...names.map((name) => [name])])("help of the program, or of %s", (...command) => {
  const pages = [
    ["--help", "acr-pull"],
    ["--help", "kubectl acr-pull"],
    ["--help-all", "acr-pull"],
    ["--help-all", "kubectl acr-pull"],
  ] as const;

  it.each(pages)("%s of %s fits 80 columns", async (flag, name) => {
    const text = await textOf([...command, flag], 80, name);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("can be read at 60 columns: only what is pasted is longer than a line", async () => {
    const texts = await Promise.all(["--help", "--help-all"].map((flag) => textOf([...command, flag], 60)));
    const long = texts.flatMap((text) => text.split("\n")).filter((line) => line.length > 60);
    expect(long.filter((line) => !/^ {2,}(eval|echo|Add-Content|kubectl|acr-pull)/.test(line))).toEqual([]);
  });

  it("fits a screen of 40 lines", async () => {
    expect((await textOf([...command, "--help"], 80)).split("\n").length).toBeLessThanOrEqual(41);
  });
});

describe("help", () => {
  it.each(["acr-pull", "kubectl acr-pull"])(
    "of %s is a screen of 24 lines with the prompt below, and says where to start and how a run can end",
    async (name) => {
      const text = await textOf([], 80, name);
      expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(23);
      expect(text).toContain(`${name} setup --sandbox`);
      const [, codes = ""] = text.split("Exit codes:");
      expect(codes.match(/\d+/g)?.map(Number)).toEqual(
        Object.values(exitCode).filter((code) => code !== exitCode.terminated),
      );
    },
  );

  it("of the program and the README tell the same exit codes", async () => {
    const [, codes = ""] = (await textOf(["--help-all"])).split("Exit codes:");
    const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
    const [, section = ""] = readme.split("## Exit codes");
    const rows =
      section
        .split("\n## ")[0]
        ?.match(/^\| [\d, ]+ \|/gm)
        ?.join() ?? "";
    for (const text of [codes, rows]) {
      expect(text.match(/\d+/g)?.map(Number)).toEqual(Object.values(exitCode));
    }
  });

  it("names the command that shows the rest whole, however narrow the terminal is", async () => {
    expect(await textOf(["setup", "--help"], 60)).toMatch(/variables:\n {2}acr-pull setup --help-all$/m);
  });

  it("of a command leaves the rare options to --help-all, and says so", async () => {
    const [common, all] = [await textOf(["setup", "--help"]), await textOf(["setup", "--help-all"])];
    expect(common).toContain("--registry <name>");
    expect(common).not.toContain("--service-management-reference");
    expect(common).toMatch(/\d+ more options, and their variables: acr-pull setup --help-all/);
    expect(all).toContain("--service-management-reference");
    expect(all).not.toContain("more options");
  });

  it("puts a long option in a line of its own", async () => {
    expect(await textOf(["setup", "--help-all"], 80)).toMatch(
      /^ {2}--service-management-reference <guid>\n {28}\S/m,
    );
  });

  it.each([
    [
      ["help", "setup"],
      ["setup", "--help"],
    ],
    [["help"], ["--help"]],
    [[], ["--help"]],
  ])("is the same by %j as by %j", async (one, other) => {
    expect(await textOf(one)).toBe(await textOf(other));
  });
});

describe("a command line that cannot be read", () => {
  it.each<[readonly string[], string, string]>([
    [["help", "nosuch"], "Unknown command.", "See acr-pull --help."],
    [["setpu"], "Unknown command 'setpu'.", "Did you mean setup? See acr-pull --help."],
    [["--versoin"], "Unknown option '--versoin'.", "Did you mean --version?"],
    [["--registry", "myregistry"], "Unknown option '--registry'.", "See acr-pull --help."],
    [
      ["setup", "--registery", "x"],
      "Unknown option '--registery'.",
      "Did you mean --registry? See acr-pull setup",
    ],
    [["setup", "--kubecofig", "x"], "Unknown option '--kubecofig'.", "Did you mean --kubeconfig?"],
    [["setup", "--dry-run=false"], "Unknown option '--dry-run=…'.", "See acr-pull setup --help."],
    [["setup", "--registry"], "Option '--registry <name>' argument missing.", "See acr-pull setup --help."],
    [
      ["setup", "myregistry"],
      "Too many arguments for 'setup'. Expected 0 arguments but got 1.",
      "See acr-pull setup",
    ],
  ])("%j is told as %j, and leads on", async (line, message, hint) => {
    expect(await read(line)).toMatchObject({
      kind: "refused",
      complaint: { message, code: "usage.command-line", hint: expect.stringContaining(hint) as string },
    });
  });

  it.each([
    [["setup", "--password=hunter2"]],
    [["setup", "-phunter2"]],
    [["setup", "--password", "hunter2"]],
    [["setup", "--password-stdin", "hunter2"]],
  ])("%j: what may be a password is not repeated", async (line) => {
    const reading = await read(line);
    if (reading.kind !== "refused") throw new Error("it was read");
    expect(JSON.stringify(reading.complaint)).not.toContain("hunter2");
  });
});
