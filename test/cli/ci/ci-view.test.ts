import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ciServiceIn } from "../../../src/cli/ci/ci-service.ts";
import { annotateFailure, ciView } from "../../../src/cli/ci/ci-view.ts";
import { openHumanView } from "../../../src/cli/show/human-view.ts";
import { ProgressLines } from "../../../src/cli/show/progress-lines.ts";
import { openTerminal } from "../../../src/cli/show/terminal.ts";
import type { Answer, View } from "../../../src/cli/show/view.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-job-"));
});
afterEach(() => rm(folder, { recursive: true }));

const detail = { quiet: false, verbose: false, debug: false };

/** The view of a job, and what it prints to stderr. */
async function open(
  environment: Record<string, string>,
  quiet = false,
): Promise<{ view: View; said: () => string }> {
  const service = await ciServiceIn(environment);
  if (!service) throw new Error("no service");
  const stream = () => Object.assign(new PassThrough(), { isTTY: false });
  const streams = { stdin: stream(), stdout: stream(), stderr: stream() };
  const terminal = await openTerminal(streams, {}, { color: "auto", noInput: true, accessible: false });
  const human = openHumanView(
    terminal,
    (failure) => annotateFailure(service, terminal, failure),
    new ProgressLines(terminal.stderr, detail),
  );
  const view = ciView(human, service, terminal, { ...detail, quiet });
  return { view, said: () => streams.stderr.read()?.toString() ?? "" };
}

const github = () => ({
  GITHUB_ACTIONS: "true",
  GITHUB_OUTPUT: join(folder, "output"),
  GITHUB_STEP_SUMMARY: join(folder, "summary"),
});
const pipelines = () => ({ TF_BUILD: "True", AGENT_TEMPDIRECTORY: folder });

const answer: Answer = {
  command: "setup",
  exitCode: 0,
  document: {},
  lines: () => ["done"],
  outputs: {
    changed: true,
    keys: [
      { keyId: "k1", expiresAt: "2027-01-02T00:00:00Z" },
      { keyId: "k2", expiresAt: "2027-01-01T00:00:00Z" },
      { keyId: null, expiresAt: null },
    ],
  },
};

describe("anywhere but in a job", () => {
  it.each([{}, { CI: "true" }, { GITHUB_ACTIONS: "false" }, { TF_BUILD: "" }])(
    "%j no service is told",
    async (env) => {
      expect(await ciServiceIn(env)).toBeUndefined();
    },
  );
});

describe("a job of GitHub Actions", () => {
  it("is shown a warning and an error beside the log, with what would end the command escaped", async () => {
    const { view, said } = await open(github());
    view.report({ kind: "note", level: "warning", text: "100% of\n::error::them, no" });
    view.failure("setup", {
      code: "azure.failed",
      message: "One.\nTwo: 50%",
      hint: "do this\nor that",
      docs: "https://example.org",
      requestId: "r-1",
      retryable: false,
      exitCode: 1,
    });
    expect(said().split("\n")).toEqual([
      "::warning title=acr-pull::100%25 of ::error::them, no",
      "::error title=acr-pull%3A azure.failed::One.%0ATwo: 50%25%0Afix: do this%0Afix: or that%0Asee: https://example.org%0Arequest id: r-1",
      "",
    ]);
  });

  it("is told no warning with --quiet, and still the error", async () => {
    const { view, said } = await open(github(), true);
    view.report({ kind: "note", level: "warning", text: "careful" });
    view.failure("setup", { code: "busy", message: "Busy.", retryable: true, exitCode: 1 });
    expect(said()).toBe("::error title=acr-pull%3A busy::Busy.\n");
  });

  it("gets outputs, the keys' first end among them, and a summary of its own for each command", async () => {
    const { view } = await open(github());
    view.answer(answer);
    view.answer({ ...answer, command: "status", exitCode: 5 });
    expect((await readFile(join(folder, "output"), "utf8")).split("\n").slice(0, 3)).toEqual([
      "changed=true",
      "key-id=k1,k2",
      "expires-at=2027-01-01T00:00:00Z",
    ]);
    expect(await readFile(join(folder, "summary"), "utf8")).toBe(
      "### acr-pull setup: done\n\n```text\ndone\n```\n\n### acr-pull status: not in order\n\n```text\ndone\n```\n\n",
    );
    expect((await stat(join(folder, "summary"))).mode & 0o777).toBe(0o600);
  });

  it("is shown a plan as a table in which nothing that others named is Markdown", async () => {
    const { view } = await open(github());
    const change = { target: "secret a|b/`c`", action: "created", before: null, after: { role: "![x](y)" } };
    view.answer({
      ...answer,
      document: { plan: [change], warnings: ["mind <b>"] },
      lines: () => ["not this"],
    });
    const summary = await readFile(join(folder, "summary"), "utf8");
    expect(summary).toContain(
      String.raw`| ${"` + create `"} | ${"``"} secret a\|b/${"`c`"} ${"``"} | ${"` role ![x](y) `"} |`,
    );
    expect(summary).toContain("- ` mind <b> `");
    expect(summary).not.toContain("not this");
  });

  it("keeps lines in their fence, whatever they hold", async () => {
    const { view } = await open(github());
    view.answer({ ...answer, lines: () => ["````", "# a title"] });
    expect(await readFile(join(folder, "summary"), "utf8")).toContain("`````text\n````\n# a title\n`````\n");
  });

  it("is shown the beginning of a summary that is longer than the service takes", async () => {
    const { view } = await open(github());
    view.answer({
      ...answer,
      lines: () => Array.from({ length: 40_000 }, (_, line) => `line number ${line}`),
    });
    const summary = await readFile(join(folder, "summary"), "utf8");
    expect(summary.length).toBeLessThan(300_000);
    expect(summary).toContain("The rest is in the log.");
  });

  it("is warned when its files cannot be written, and the command ends as it would", async () => {
    const { view, said } = await open({ ...github(), GITHUB_OUTPUT: join(folder, "no", "such") });
    view.answer(answer);
    expect(said()).toContain(
      "::warning title=acr-pull::the job's outputs or summary could not be written: ENOENT",
    );
  });
});

describe("a job of Azure Pipelines", () => {
  it("is told by logging commands, escaped as its agent reads them", async () => {
    const { view, said } = await open(pipelines());
    view.report({ kind: "note", level: "warning", text: "100% ##vso[task.complete]" });
    view.answer(answer);
    const file = (await readdir(folder)).find((name) => name.endsWith(".md")) ?? "";
    expect(said().split("\n")).toEqual([
      "##vso[task.logissue type=warning]acr-pull: 100%AZP25 # #vso[task.complete]",
      "##vso[task.setvariable variable=changed;isoutput=true]true",
      "##vso[task.setvariable variable=keyId;isoutput=true]k1,k2",
      "##vso[task.setvariable variable=expiresAt;isoutput=true]2027-01-01T00:00:00Z",
      `##vso[task.uploadsummary]${join(folder, file)}`,
      "",
    ]);
    expect(await readFile(join(folder, file), "utf8")).toContain("### acr-pull setup: done");
  });
});
