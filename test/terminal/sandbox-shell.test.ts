import { expect, it } from "vitest";
import { TerminalRun } from "../terminal.ts";

const shell = ["sandbox", "--", "sh", "-c", "acr-pull --version"];

it("a shell in the sandbox begins with where one is, what is there and what to try", async () => {
  const run = await TerminalRun.start(undefined, shell, { columns: 80, rows: 24 });
  expect(await run.exit()).toBe(0);
  expect(run.screen).toContain("Nothing here is real");
  expect(run.screen).toContain("myregistry, abacregistry (ABAC mode)");
  expect(run.screen).toContain("sandbox, sandbox-staging");
  expect(run.screen).toMatch(/^ {2}acr-pull setup$/m);
  // Each line fits, and together they leave room for the first command.
  expect(run.history.split("\n").length).toBeLessThan(20);
  expect(run.transcript.split("\n").every((line) => line.length <= 80)).toBe(true);
});

it.each([
  ["with --quiet", ["sandbox", "--quiet", ...shell.slice(1)]],
  ["around a command of acr-pull, which speaks for itself", ["sandbox", "--", "acr-pull", "--version"]],
])("says nothing of it %s", async (_case, args) => {
  const run = await TerminalRun.start(undefined, args, { columns: 80, rows: 24 });
  expect(await run.exit()).toBe(0);
  expect(run.history).toMatch(/^[\d.]+$/m);
  expect(run.history).not.toContain("Try:");
});

it("tells where one is in lines that fit a narrow terminal, but for a command", async () => {
  const run = await TerminalRun.start(undefined, ["sandbox", "--after-setup", "--", "true"], { columns: 60 });
  expect(await run.exit(), run.history).toBe(0);
  expect(run.transcript).toContain("You are in the sandbox.");
  const long = run.transcript.split("\n").filter((line) => line.length > 60);
  expect(long).toEqual([expect.stringMatching(/^# acr-pull setup --registry myregistry /)]);
});
