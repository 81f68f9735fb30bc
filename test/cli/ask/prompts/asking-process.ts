import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError, watchSignals } from "../../../../src/cli/interruption.ts";
import type { Choice, Prompter } from "../../../../src/cli/ask/prompter.ts";
import { openPrompter } from "../../../../src/cli/ask/prompts/open-prompter.ts";
import { openTerminal, toned } from "../../../../src/cli/show/terminal.ts";

/*
 * Asks one question at the terminal that it runs in, then prints the result: `= {"kind":"answer",…}`. Node 20 does
 * not run TypeScript, so a test bundles this first.
 */

const registries: readonly Choice[] = [
  {
    value: "/r/1",
    label: "myregistry.azurecr.io",
    detail: "westeurope, RBAC",
    explanation: "The one of the team.",
  },
  { value: "/r/2", label: "other.azurecr.io", detail: "eastus, ABAC" },
  {
    value: "/r/3",
    label: "images-of-the-platform-team-in-western-europe.azurecr.io",
    detail: "westeurope, RBAC",
  },
  { value: "/r/4", label: "レジストリの名前はとても長いです長いです.azurecr.io", detail: "japaneast" },
];
const namespaces = ["default", "awesomeapps", "team-a", "team-b", "kube-system"].map((name) => ({
  value: name,
  label: name,
}));

/** A namespace that does not exist yet. @throws RangeError */
function newNamespace(text: string): Choice {
  if (!/^[a-z0-9-]+$/.test(text)) throw new RangeError("must have only small letters, digits and dashes");
  return { value: text, label: `${text} (new)` };
}

const list = { loading: "Looking through your subscriptions", canGoBack: true } as const;

const scenarios: Readonly<Record<string, (prompter: Prompter) => Promise<unknown>>> = {
  choose: (prompter) =>
    prompter.choose({
      ...list,
      message: "Which registry?",
      intro: ["All that you can see, over every subscription of the tenant you signed in to."],
      choices: registries,
      preselected: "/r/2",
    }),
  planned: (prompter) => {
    for (let line = 1; line <= 12; line += 1) terminal.stderr.line(`line ${line} of a plan`);
    terminal.stderr.line();
    return prompter.choose({
      ...list,
      message: "Carry this out?",
      choices: registries,
      preselected: undefined,
    });
  },
  first: (prompter) =>
    prompter.choose({
      ...list,
      canGoBack: false,
      message: "Which registry?",
      choices: registries,
      preselected: undefined,
    }),
  loading: async (prompter) => {
    // Whatever is typed arrives before the list, however slow the machine is.
    const choices = new Promise<readonly Choice[]>((resolve) => {
      // Stands for the request that keeps a process alive.
      const request = setInterval(() => {}, 1000);
      process.on("SIGUSR2", () => {
        clearInterval(request);
        resolve(registries);
      });
    });
    return await prompter.choose({ ...list, message: "Which registry?", choices, preselected: undefined });
  },
  failing: (prompter) =>
    prompter.choose({
      ...list,
      message: "Which registry?",
      choices: sleep(50).then(() => Promise.reject(new Error("no list"))),
      preselected: undefined,
    }),
  many: (prompter) =>
    prompter.choose({
      ...list,
      message: "Which one?",
      choices: Array.from({ length: 5000 }, (_, index) => ({ value: `v${index}`, label: `entry-${index}` })),
      preselected: undefined,
    }),
  several: (prompter) =>
    prompter.chooseSeveral({
      ...list,
      message: "Which namespaces pull?",
      choices: namespaces,
      preselected: ["awesomeapps"],
      least: 1,
      typed: newNamespace,
    }),
  none: (prompter) =>
    prompter.chooseSeveral({
      ...list,
      message: "Which accounts?",
      choices: namespaces,
      preselected: [],
      least: 0,
    }),
  empty: (prompter) =>
    prompter.choose({
      ...list,
      message: "Which one?",
      choices: [],
      preselected: undefined,
      typed: newNamespace,
    }),
  searched: (prompter) =>
    prompter.choose({
      ...list,
      message: "Which application?",
      choices: [{ value: "0", label: "app-zero" }],
      preselected: undefined,
      search: async (text) => [{ value: "1", label: `found by ${text}` }],
    }),
  text: (prompter) =>
    prompter.text({
      message: "What shall the secret be called?",
      intro: [["It holds the ", toned("strong", "password"), "."]],
      canGoBack: true,
      preset: "acr-secret",
      check: async (text) => (text === "acr-secret" ? "That one exists already." : undefined),
      remark: async (text) => [`${text} does not exist yet.`],
    }),
  checked: (prompter) =>
    prompter.choose({
      ...list,
      message: "Which registry?",
      choices: registries,
      preselected: undefined,
      check: async (value) => {
        await sleep(20);
        return value === "/r/1" ? "You may not assign roles on it." : undefined;
      },
    }),
  // The check never ends by itself.
  unanswered: (prompter) =>
    prompter.choose({
      ...list,
      message: "Which registry?",
      choices: registries,
      preselected: undefined,
      check: async (_value, signal) => {
        await sleep(60_000, undefined, { signal });
        return undefined;
      },
    }),
  noted: async (prompter) => {
    prompter.note("Before the question.");
    const reply = prompter.choose({
      ...list,
      message: "Which registry?",
      choices: registries,
      preselected: undefined,
    });
    await sleep(50);
    prompter.note(["Open ", toned("strong", "https://microsoft.com/devicelogin"), " and enter ABCD."]);
    return { ...(await reply), asking: prompter.asking };
  },
  // Back from the second question to the first, and forward again.
  back: async (prompter) => {
    await scenarios["choose"]?.(prompter);
    await scenarios["several"]?.(prompter);
    return await scenarios["choose"]?.(prompter);
  },
  // Two questions in a row, as a walk-through asks them.
  two: async (prompter) => [await scenarios["choose"]?.(prompter), await scenarios["several"]?.(prompter)],
};

const interruption = watchSignals(process);
const terminal = await openTerminal(process, process.env, { noInput: false });
try {
  const prompter = await openPrompter(terminal, interruption.signal);
  const result = await scenarios[process.argv[2] ?? ""]?.(prompter);
  terminal.stdout.line(`= ${JSON.stringify(result)}`);
} catch (error) {
  terminal.stdout.line(`= ${(error as Error).name}: ${(error as Error).message}`);
  process.exitCode = error instanceof InterruptedError ? error.exitCode : 1;
} finally {
  interruption.close();
}
