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
    expect(other.stderr).toContain("The shell must be one of bash, zsh, fish, powershell; given: tcsh");
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
  it("takes no option for its own that stands in the line", async () => {
    const line = ["setup", "--output", "json", "--debug", "--no-such", "--ro"];
    const { code, stdout, stderr } = await runProgram(undefined, ["__complete", "bash", "--", ...line]);
    expect({ code, stdout: stdout.split("\t")[0], stderr }).toEqual({
      code: 0,
      stdout: "--role",
      stderr: "",
    });
  });

  it("takes the last word of PowerShell from behind a mark", async () => {
    const { stdout } = await runProgram(undefined, ["__complete", "powershell", "--", "=set"]);
    expect(stdout).toMatch(/^setup\t/);
  });

  it("tells kubectl whether the shell may complete files", async () => {
    const none = await runProgram(undefined, ["__complete", "kubectl", "--", "setup", "--kubeconfig", "k"]);
    expect(none.stdout).toBe(":0\n");
    const some = await runProgram(undefined, ["__complete", "kubectl", "--", "set"]);
    expect(some.stdout).toMatch(/^setup\t.*\n:4\n$/);
  });
});
