import { symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadCommand } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { programPath } from "../program.ts";
import { TerminalRun } from "../terminal.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  await symlink(programPath, join(sandbox.folder, "acr-pull"));
});
afterAll(() => sandbox.close());

const loaded = await Promise.all(commands.map(loadCommand));
// These need a manifest and an AKS cluster, and are tested in files of their own.
const elsewhere = /--manifest|--attach/;
const examples = loaded
  .flatMap((command) => command.examples.map(([line]) => line))
  .filter((line) => !elsewhere.test(line));

it.each(examples)("the example of --help works as it is typed: acr-pull %s", async (line) => {
  const run = await TerminalRun.start(sandbox, [], {
    command: ["sh", "-c", `acr-pull ${line}`],
    env: {
      PATH: [sandbox.folder, process.env["PATH"]].join(delimiter),
      // These commands prove several times, a second apart. Their own tests look at those proofs.
      ...(line.startsWith("remove") && { ACR_PULL_AUTH: "environment", ACR_PULL_CONTEXT: "sandbox" }),
    },
  });
  let named = false;
  // A person who accepts every default, leaves a shell at once, and types a name when asked to.
  const reply = () => {
    if (line.endsWith("-- sh")) return "exit\r";
    if (!line.startsWith("remove")) return "enter";
    // Enter alone stops the run, even if it was pressed too early. So this types only the name, once it is asked for.
    if (named || !/type the registry's name: myregistry/.test(run.screen)) return "";
    named = true;
    return "myregistry\r";
  };
  const enter = setInterval(() => run.press(reply()), 100);
  try {
    expect(await run.exit(), run.history).toBe(0);
  } finally {
    clearInterval(enter);
  }
});
