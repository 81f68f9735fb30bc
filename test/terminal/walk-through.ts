import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Manifest } from "../../src/sandbox/world-options.ts";
import { shellWord } from "../../src/sandbox/environment.ts";
import { programPath } from "../program.ts";
import { TerminalRun, type TerminalOptions } from "../terminal.ts";

/** The texts of the questions of `setup`. `goOn` is asked after a failure, `what` for a change of the plan. */
export const questions = {
  signIn: "Sign in to Azure as",
  registry: "Which registry should the cluster pull from?",
  contexts: "Which clusters, by their kubeconfig contexts?",
  namespaces: "Which namespaces pull?",
  typedNamespaces: "Which namespaces pull, with commas between?",
  review: "Apply?",
  what: "What should be different?",
  principal: "Which service principal pulls (type to search the tenant)?",
  role: "What may the cluster do with the registry?",
  ownerConsent: "Type the registry's name to make the cluster its owner",
  repositories: "Which repositories, with commas between",
  secretName: "What should the pull secret be called?",
  serviceAccounts: "Which service accounts use the secret",
  lifetime: "How long does a new password live",
  goOn: "What now?",
} as const;

export type QuestionName = keyof typeof questions;

/** Questions that are answered by a line of text, so they can be answered at once. */
const ofText = new Set<QuestionName>([
  "typedNamespaces",
  "ownerConsent",
  "repositories",
  "secretName",
  "serviceAccounts",
  "lifetime",
]);

/** `acr-pull setup` at a terminal, as somebody walks through it. */
export class Walk {
  readonly run: TerminalRun;

  constructor(run: TerminalRun) {
    this.run = run;
  }

  static async start(
    sandbox: Sandbox,
    args: readonly string[] = [],
    options: TerminalOptions = {},
  ): Promise<Walk> {
    return new Walk(await TerminalRun.start(sandbox, ["setup", ...args], { rows: 60, ...options }));
  }

  /** The answers so far, one per line, oldest first. */
  get answered(): readonly string[] {
    return this.run.transcript.split("\n").filter((line) => line.startsWith("✔ "));
  }

  /** Waits until a question can be answered: it is on the screen, and its choices have arrived. */
  async at(question: QuestionName): Promise<this> {
    await this.run.at(questions[question], ofText.has(question) ? "" : undefined);
    return this;
  }

  /** Waits until the open question shows a text. */
  async shows(text: string): Promise<this> {
    await this.run.when(() => this.run.question.includes(text), `${text} in the open question`);
    return this;
  }

  press(...keys: readonly string[]): this {
    this.run.press(...keys);
    return this;
  }

  /** Answers a question once that is possible, with these keys and Enter. */
  async answer(question: QuestionName, ...keys: readonly string[]): Promise<this> {
    return (await this.at(question)).press(...keys, "enter");
  }

  /** Accepts what is proposed, question by question. */
  async accept(...proposals: readonly QuestionName[]): Promise<this> {
    for (const question of proposals) await this.answer(question);
    return this;
  }

  /** Types a part of a name into a list that is searched, and takes what is left. */
  async find(question: "registry" | "principal", text: string, label: string): Promise<this> {
    await (await this.at(question)).press(text).shows(`${text} ❯ ${label}`);
    return this.press("enter");
  }

  /** Ticks one more of a list, and unticks what was proposed. */
  async tickOnly(question: "contexts" | "namespaces", label: string): Promise<this> {
    await (await this.at(question)).press("space").shows("❯◯");
    for (let moves = 0; !this.run.question.includes(`❯◯ ${label}`) && moves < 9; moves += 1) {
      const before = this.run.question;
      this.press("down");
      await this.run.when(() => this.run.question !== before, "the pointer moves");
    }
    await this.press("space").shows(`❯◉ ${label}`);
    return this.press("enter");
  }

  /** Chooses what is to be different about the plan. */
  async change(what: string): Promise<this> {
    await this.answer("review", "change");
    return await this.answer("what", what);
  }

  /** Waits for the end. Returns the exit code. */
  async exit(): Promise<number> {
    return await this.run.exit();
  }

  /** Waits for a successful end. Returns the printed command that does the same. */
  async equivalentCommand(): Promise<string> {
    const code = await this.exit();
    if (code !== 0) throw new Error(`the program ended with ${code}:\n${this.run.history}`);
    const command = /The same setup without questions:\n {2}(.+)/.exec(this.run.transcript)?.[1];
    if (command === undefined) throw new Error(`no command was told:\n${this.run.transcript}`);
    return command;
  }
}

/** Requests for a change that reached a sandbox since there were this many requests. */
export function mutatingSince(sandbox: Sandbox, before = 0): string[] {
  return sandbox.requests.entries
    .slice(before)
    .filter(({ mutating }) => mutating)
    .map(described);
}

/** A request as `service METHOD path`. */
export function described({ service, method, path }: RequestEntry): string {
  return `${service} ${method} ${path}`;
}

/** Runs a command as it was printed, in a shell at a terminal, to its end. */
export async function runInShell(
  sandbox: Sandbox,
  command: string,
): Promise<{ readonly code: number; readonly screen: string }> {
  const folder = join(sandbox.folder, "bin");
  await mkdir(folder, { recursive: true });
  const script = `#!/bin/sh\nexec ${[process.execPath, programPath].map(shellWord).join(" ")} "$@"\n`;
  await writeFile(join(folder, "acr-pull"), script, { mode: 0o700 });
  const run = await TerminalRun.start(sandbox, [], {
    columns: 200,
    command: ["/bin/sh", "-c", command],
    env: { PATH: `${folder}${delimiter}${process.env["PATH"]}` },
  });
  return { code: await run.exit(), screen: run.history };
}

/** Runs a command as it was printed. It must find everything in order. */
export async function expectRepeatable(sandbox: Sandbox, command: string): Promise<void> {
  const before = sandbox.requests.entries.length;
  const { code, screen } = await runInShell(sandbox, command);
  expect(code, `${command}\n${screen}`).toBe(0);
  expect(sandbox.requests.entries.length).toBeGreaterThan(before);
  expect(mutatingSince(sandbox, before), command).toEqual([]);
}

/** A pull secret for another registry that somebody else wrote, as a manifest. */
export function foreignSecret(namespace: string, name = "acr-secret"): Manifest {
  const auths = { "other.example": { username: "u", password: "p" } };
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: { name, namespace },
    data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
  };
}
