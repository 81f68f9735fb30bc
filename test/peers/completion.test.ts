import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programPath } from "../program.ts";
import { TerminalRun } from "../terminal.ts";
import { lacks } from "./peer.ts";

let folder = "";
let environment: Record<string, string> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-completion-"));
  const bin = join(folder, "bin");
  await mkdir(bin);
  await symlink(programPath, join(bin, "acr-pull"));
  await symlink(programPath, join(bin, "kubectl-acr_pull"));
  await symlink(
    join(dirname(programPath), "kubectl_complete-acr_pull.cjs"),
    join(bin, "kubectl_complete-acr_pull"),
  );
  await writeFile(
    join(folder, "kubeconfig"),
    JSON.stringify({
      "current-context": "kind-dev",
      contexts: [
        { name: "kind-dev", context: { cluster: "c", user: "u", namespace: "awesomeapps" } },
        { name: "admin@prod", context: { cluster: "c", user: "u", namespace: "shop" } },
        { name: "arn:aws:eks:eu-west-1:1234:cluster/blue", context: { cluster: "c", user: "u" } },
        { name: "we ird$(id)", context: { cluster: "c", user: "u" } },
      ],
    }),
  );
  await writeFile(join(folder, "broken"), "contexts: [");
  environment = {
    PATH: `${bin}:${process.env["PATH"]}`,
    HOME: folder,
    KUBECONFIG: join(folder, "kubeconfig"),
    XDG_CACHE_HOME: join(tmpdir(), "acr-pull-test-cache"),
    PS1: "> ",
  };
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What is typed, and the line after one press of Tab, by the kind of word that is completed. */
const presses: ReadonlyArray<readonly [kind: string, typed: string, becomes: string]> = [
  ["a command", "acr-pull set", "acr-pull setup "],
  ["an option", "acr-pull setup --kub", "acr-pull setup --kubeconfig "],
  ["a fixed word", "acr-pull setup --role ow", "acr-pull setup --role owner "],
  ["a fixed word behind =", "acr-pull setup --output=j", "acr-pull setup --output=json "],
  ["a context", "acr-pull setup --context kin", "acr-pull setup --context kind-dev "],
  ["a context with @", "acr-pull setup --context=adm", "acr-pull setup --context=admin@prod "],
  ["its part behind @", "acr-pull setup --context admin@", "acr-pull setup --context admin@prod "],
  [
    "a context with colons",
    "acr-pull setup --context arn:aws:e",
    "acr-pull setup --context arn:aws:eks:eu-west-1:1234:cluster/blue ",
  ],
  ["no context that a shell would run", "acr-pull setup --context we", "acr-pull setup --context we"],
  ["a namespace", "acr-pull setup -n aw", "acr-pull setup -n awesomeapps "],
  ["a file", "acr-pull setup --kubeconfig ./kube", "acr-pull setup --kubeconfig ./kubeconfig "],
  ["a file behind =", "acr-pull setup --kubeconfig=./kube", "acr-pull setup --kubeconfig=./kubeconfig "],
  ["the plugin's line too", "kubectl-acr_pull rot", "kubectl-acr_pull rotate "],
];

/** A shell at a terminal, whose prompt is `> `. */
class Shell {
  readonly #run: TerminalRun;
  #count = 0;

  private constructor(run: TerminalRun) {
    this.#run = run;
  }

  static async start(
    command: readonly [string, ...string[]],
    preparation: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Shell> {
    const options = { columns: 150, command, env: { ...environment, ...env } };
    const run = await TerminalRun.start(undefined, [], options);
    for (const line of [`cd ${folder}`, ...preparation, "clear; echo rea''dy"]) run.press(line, "enter");
    // The prompt, too: what is typed before a shell reads keys does not reach its line editor.
    await run.until(/ready >$/);
    return new Shell(run);
  }

  /** The line after Tab. A mark typed next shows where the shell's completion ends. */
  async tab(typed: string): Promise<string> {
    const end = `#${(this.#count += 1)}`;
    this.#run.press("ctrl-u", typed, "tab", end);
    await this.#run.when(() => this.#lastLine().endsWith(end), `${typed} completed`);
    return this.#lastLine().slice("> ".length, -end.length);
  }

  get screen(): string {
    return this.#run.screen;
  }

  async end(): Promise<void> {
    this.#run.press("ctrl-u", "exit", "enter");
    await this.#run.exit();
  }

  #lastLine(): string {
    return this.#run.screen.split("\n").at(-1) ?? "";
  }
}

const shells: Readonly<
  Record<"bash" | "zsh", { command: readonly [string, ...string[]]; preparation: readonly string[] }>
> = {
  bash: {
    command: ["bash", "--norc", "--noprofile", "-i"],
    preparation: ['eval "$(acr-pull completion bash)"'],
  },
  zsh: {
    command: ["zsh", "-f", "-i"],
    preparation: [
      "PS1='> '; unsetopt prompt_cr prompt_sp beep; autoload -Uz compinit; compinit -D -u",
      'eval "$(acr-pull completion zsh)"',
    ],
  },
};

describe.each(["bash", "zsh"] as const)("%s at a terminal completes", (name) => {
  describe.skipIf(name === "zsh" && lacks("zsh"))(`(needs ${name})`, () => {
    const { command, preparation } = shells[name];
    let shell: Shell;
    beforeAll(async () => {
      shell = await Shell.start(command, preparation);
    });
    afterAll(async () => {
      await shell.end();
    });

    it.each(presses)("%s: %s", async (_kind, typed, becomes) => {
      expect(await shell.tab(typed)).toBe(becomes);
    });
  });

  describe.skipIf(name === "zsh" && lacks("zsh"))(`(needs ${name})`, () => {
    it("nothing from a kubeconfig that is broken, and says nothing of it", async () => {
      const { command, preparation } = shells[name];
      const shell = await Shell.start(command, preparation, { KUBECONFIG: join(folder, "broken") });
      expect(await shell.tab("acr-pull setup --context kin")).toBe("acr-pull setup --context kin");
      expect(shell.screen).toBe("ready\n> acr-pull setup --context kin#1");
      expect(await shell.tab("acr-pull set")).toBe("acr-pull setup ");
      await shell.end();
    });
  });
});

describe.skipIf(lacks("zsh"))("zsh (needs zsh)", () => {
  it("completes by the script in a folder of fpath as well", async () => {
    const functions = join(folder, "functions");
    await mkdir(functions);
    const script = execFileSync("acr-pull", ["completion", "zsh"], { env: environment });
    await writeFile(join(functions, "_acr-pull"), script);
    const shell = await Shell.start(
      ["zsh", "-f", "-i"],
      [
        "PS1='> '; unsetopt prompt_cr prompt_sp beep",
        `fpath=(${functions} $fpath); autoload -Uz compinit; compinit -D -u`,
      ],
    );
    expect(await shell.tab("acr-pull set")).toBe("acr-pull setup ");
    expect(await shell.tab("acr-pull setup --role ow")).toBe("acr-pull setup --role owner ");
    await shell.end();
  });
});

describe.skipIf(lacks("fish"))("fish completes (needs fish)", () => {
  /** The candidates with their descriptions, as fish lists them. */
  function candidates(typed: string, kubeconfig = "kubeconfig"): readonly string[] {
    const script = 'acr-pull completion fish | source; complete -C "$typed"';
    const output = execFileSync("fish", ["--no-config", "-c", script], {
      cwd: folder,
      encoding: "utf8",
      env: { ...environment, typed, KUBECONFIG: join(folder, kubeconfig) },
      // Errors of fish, or of a command in it, belong in the test's output.
      stdio: ["ignore", "pipe", "inherit"],
    });
    return output.split("\n").filter((line) => line !== "");
  }

  it.each<[string, string, readonly string[]]>([
    ["a command", "acr-pull set", ["setup\tgive namespaces a pull secret for a registry"]],
    ["an option", "acr-pull setup --dry", ["--dry-run\tshow the plan, and write nothing"]],
    ["a fixed word", "acr-pull setup --role ", ["acrpull", "acrpush", "owner"]],
    ["a fixed word behind =", "acr-pull setup --output=j", ["--output=json"]],
    ["a context", "acr-pull setup --context kin", ["kind-dev"]],
    [
      "a context with colons",
      "acr-pull setup --context arn:aws:e",
      ["arn:aws:eks:eu-west-1:1234:cluster/blue"],
    ],
    ["a namespace", "acr-pull setup -n sh", ["shop"]],
    ["a file", "acr-pull setup --kubeconfig kube", ["kubeconfig"]],
    ["a file behind =", "acr-pull setup --kubeconfig=kube", ["--kubeconfig=kubeconfig"]],
    ["the plugin's line too", "kubectl-acr_pull setup -o j", ["json"]],
  ])("%s: %s", (_kind, typed, expected) => {
    expect(candidates(typed)).toEqual(expected);
  });

  it("nothing from a kubeconfig that is broken", () => {
    expect(candidates("acr-pull setup --context kin", "broken")).toEqual([]);
  });
});

describe.skipIf(lacks("kubectl"))("kubectl completes its plugin (needs kubectl)", () => {
  /** The candidates as kubectl's own scripts ask for them. The last line is cobra's directive. */
  function candidates(words: readonly string[], kubeconfig = "kubeconfig"): readonly string[] {
    const output = execFileSync("kubectl", ["__complete", "acr-pull", ...words], {
      cwd: folder,
      encoding: "utf8",
      env: { ...environment, KUBECONFIG: join(folder, kubeconfig) },
      stdio: ["ignore", "pipe", "ignore"],
    });
    return output.split("\n").filter((line) => line !== "");
  }

  it.each<[string, readonly string[], readonly string[]]>([
    ["a command", ["set"], ["setup\tgive namespaces a pull secret for a registry", ":4"]],
    ["an option", ["setup", "--dry"], ["--dry-run\tshow the plan, and write nothing", ":4"]],
    ["a fixed word", ["setup", "--role", ""], ["acrpull", "acrpush", "owner", ":4"]],
    ["a fixed word behind =", ["setup", "--output=j"], ["--output=json", ":4"]],
    ["a context", ["setup", "--context", "kin"], ["kind-dev", ":4"]],
    ["no context that a shell would run", ["setup", "--context", "we"], [":0"]],
    ["a file", ["setup", "--kubeconfig", "kube"], [":0"]],
  ])("with %s: %j", (_kind, words, expected) => {
    expect(candidates(words)).toEqual(expected);
  });

  it("with nothing from a kubeconfig that is broken", () => {
    expect(candidates(["setup", "--context", ""], "broken")).toEqual([":0"]);
  });
});
