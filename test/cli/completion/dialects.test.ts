import { describe, expect, it } from "vitest";
import type { Completion } from "../../../src/cli/completion/candidates.ts";
import { dialects, type Asker } from "../../../src/cli/completion/complete.ts";

const found: Completion = {
  candidates: [
    { word: "kind-dev", summary: "current" },
    { word: "kind two's", summary: "" },
    { word: "prod", summary: "namespace shop" },
  ],
  leftToShell: "nothing",
};
const files: Completion = { candidates: [], leftToShell: "files" };
const command: Completion = { candidates: [], leftToShell: "command" };

/** How each asker says that `setup --context ki` was typed. */
const asked: Readonly<Record<Asker, readonly string[]>> = {
  bash: ["acr-pull setup --context ki", "ki"],
  zsh: ["setup", "--context", "ki"],
  fish: ["setup", "--context", "ki"],
  powershell: ["setup", "--context", "=ki"],
  kubectl: ["setup", "--context", "ki"],
};

describe.each(Object.entries(asked))("to %s", (asker, words) => {
  const question = dialects[asker as Asker](words);

  it("a command line is the same", () => {
    expect(question).toMatchObject({ words: ["setup", "--context"], current: "ki" });
  });
});

describe("the answer", () => {
  const answer = (asker: Asker, completion: Completion) => dialects[asker](asked[asker]).answer(completion);

  it("to bash is what readline inserts, of the words that fit", () => {
    expect(answer("bash", found)).toEqual(["nothing", "kind-dev", "kind\\ two\\'s"]);
  });

  it.each(["zsh", "fish"] as const)(
    "to %s is every word with what it is, for the shell to choose",
    (shell) => {
      expect(answer(shell, found)).toEqual([
        "nothing",
        "kind-dev\tcurrent",
        "kind two's",
        "prod\tnamespace shop",
      ]);
    },
  );

  it("to PowerShell is the quoted word, the word and what it is", () => {
    expect(answer("powershell", found)).toEqual([
      "nothing",
      "kind-dev\tkind-dev\tcurrent",
      "'kind two''s'\tkind two's\tkind two's",
    ]);
  });

  it("to kubectl is cobra's, without words that some of its scripts would insert unquoted", () => {
    expect(answer("kubectl", found)).toEqual(["kind-dev\tcurrent", ":4"]);
    expect(answer("kubectl", files)).toEqual([":0"]);
    expect(answer("kubectl", command)).toEqual([":0"]);
  });

  it.each(["bash", "zsh", "fish", "powershell"] as const)("to %s says what is left to the shell", (shell) => {
    expect(answer(shell, files)).toEqual(["files"]);
    expect(answer(shell, command)).toEqual(["command"]);
  });
});

describe("an empty word under the cursor", () => {
  it("is one in every dialect", () => {
    expect(dialects.bash(["acr-pull setup ", ""])).toMatchObject({ words: ["setup"], current: "" });
    expect(dialects.powershell(["setup", "="])).toMatchObject({ words: ["setup"], current: "" });
    for (const asker of ["zsh", "fish", "kubectl"] as const) {
      expect(dialects[asker](["setup", ""])).toMatchObject({ words: ["setup"], current: "" });
    }
  });
});
