import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { installationLines } from "../../../src/cli/completion/command.ts";
import { runProgram } from "../../program.ts";

describe("completion", () => {
  it.each(["bash", "zsh", "fish", "powershell"])(
    "prints the script of %s, and nothing else",
    async (shell) => {
      const env = { ACR_PULL_OUTPUT: "json" };
      const { code, stdout, stderr } = await runProgram(undefined, ["completion", shell], { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(`acr-pull __complete ${shell} `);
      expect(stdout.endsWith("\n")).toBe(true);
    },
  );

  it("names the shells there are when none is given, or another", async () => {
    const none = await runProgram(undefined, ["completion"]);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain("Missing input: the shell, one of bash, zsh, fish, powershell");
    const other = await runProgram(undefined, ["completion", "tcsh"]);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('The shell must be one of bash, zsh, fish, powershell; given: "tcsh"');
    for (const { stdout } of [none, other]) expect(stdout).toBe("");
  });

  it("takes one shell alone", async () => {
    expect((await runProgram(undefined, ["completion", "bash", "zsh"])).code).toBe(2);
  });

  it("tells in its help, as on its page, how each shell is told of it", async () => {
    const { stdout } = await runProgram(undefined, ["completion", "--help"]);
    const page = readFileSync(fileURLToPath(new URL("../../../docs/completion.md", import.meta.url)), "utf8");
    for (const line of installationLines("acr-pull")) {
      expect(stdout).toContain(line);
      expect(page).toContain(line.trim());
    }
    expect(stdout).not.toContain("a variable too");
  });

  it("is listed by help, and what its scripts call is not", async () => {
    const { stdout } = await runProgram(undefined, ["--help"]);
    expect(stdout).toMatch(/^ {2}completion /m);
    expect(stdout).not.toContain("__complete");
  });
});

describe("what the scripts call", () => {
  it("answers with nothing to an empty line of arguments", async () => {
    const { code, stdout } = await runProgram(undefined, ["__complete", "bash"]);
    expect({ code, first: stdout.split("\n")[0] }).toEqual({ code: 0, first: "nothing" });
  });

  it("refuses whoever it does not know, on stderr alone", async () => {
    const { code, stdout } = await runProgram(undefined, ["__complete", "toString", "--", ""]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("takes no option for its own that stands in the line", async () => {
    const line = "acr-pull setup --output json --debug --no-such --ro";
    const { code, stdout, stderr } = await runProgram(undefined, ["__complete", "bash", "--", line, "--ro"]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "nothing\n--role\n", stderr: "" });
  });
});

describe("the script of PowerShell", () => {
  it("answers for both names of the program, gives the word behind a mark, and leaves files to the shell", async () => {
    const { stdout } = await runProgram(undefined, ["completion", "powershell"]);
    expect(stdout).toContain(
      "Register-ArgumentCompleter -Native -CommandName 'acr-pull', 'kubectl-acr_pull'",
    );
    expect(stdout).toContain('"=$wordToComplete" 2>$null');
    expect(stdout).toContain("$lines[0] -ne 'nothing') { return }");
    // A tab as PowerShell spells it, which no editor can turn into other white space.
    expect(stdout).toContain('-split "`t", 3');
    for (const [open, close] of [
      ["{", "}"],
      ["(", ")"],
      ["[", "]"],
    ] as const) {
      expect(stdout.split(open).length).toBe(stdout.split(close).length);
    }
  });
});
