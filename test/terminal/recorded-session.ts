import { stripVTControlCharacters } from "node:util";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { TerminalRun } from "../terminal.ts";

/** A session as it was shown. */
export interface RecordedSession {
  /** As text. */
  readonly whole: string;
  /** The plan and its outcome in color, with the escapes of a terminal. */
  readonly excerpt: string;
}

/**
 * A whole walk-through at a terminal of 100 columns as its screen showed it, with the list of registries as it looked
 * while it was open. What differs in every run (ids, ports, dates) is replaced by constants of the same length.
 */
export async function recordSession(): Promise<RecordedSession> {
  const sandbox = await startSandbox({
    registries: [{ name: "myregistry" }, { name: "labregistry", mode: "abac" }, { name: "oldregistry" }],
    clusters: [
      { context: "kind-dev", namespace: "awesomeapps" },
      { context: "kind-lab", namespace: "default" },
    ],
  });
  try {
    const run = await TerminalRun.start(sandbox, ["setup"], { columns: 100, rows: 60 });
    await run.until("oldregistry");
    const list = openQuestion(run.screen);
    await run.press("myreg").until("myreg ❯ myregistry");
    for (const next of ["kind-lab", "◉ awesomeapps", "❯ yes"]) await run.press("enter").until(next);
    const code = await run.press("enter").exit();
    if (code !== 0) throw new Error(`the session ended with ${code}:\n${run.history}`);
    const session = run.transcript.replace(/^✔ Which registry.*$/m, (answered) => `${list}\n${answered}`);
    const whole = `$ acr-pull setup\n${session}`;
    const constant = withoutChance(whole);
    const lines = run.colored;
    const at = (start: RegExp) => lines.findIndex((line) => start.test(stripVTControlCharacters(line)));
    const excerpt = lines.slice(at(/^Plan for /), at(/^✓ Read the secrets back/) + 1);
    return { whole: constant(whole), excerpt: constant(excerpt.join("\n")) };
  } finally {
    await sandbox.close();
  }
}

/** The question that is open: from its mark to the end of the screen. */
function openQuestion(screen: string): string {
  return screen.slice(screen.lastIndexOf("\n? ") + 1).replaceAll(/ +$/gm, "");
}

/**
 * Learns what differs in every run from one text. The returned function puts the same constants into any text, and
 * keeps columns in line.
 */
function withoutChance(text: string): (text: string) => string {
  const ids = new Map<string, string>();
  const guid = /[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/g;
  for (const start of text.match(guid) ?? []) {
    // Names contain the first digits of an id, so both must get the same constant.
    if (!ids.has(start)) ids.set(start, `0000000${(ids.size + 1).toString(16)}`);
  }
  const starts = new RegExp([...ids.keys()].join("|"), "g");
  const ports = [...new Set(text.match(/localhost:\d{5}/g))];
  return (text) =>
    text
      .replaceAll(starts, (start) => ids.get(start) ?? start)
      .replaceAll(
        /(?<=0000000.)-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
        "-1111-4222-8333-444455556666",
      )
      .replace(/^( +PATH=).*$/m, "$1/usr/local/bin:/usr/bin:/bin")
      .replace(/^( +KUBECONFIG=).*$/m, "$1/home/me/.kube/config")
      // A user who does not rehearse has neither.
      .replace(/^ +NODE_EXTRA_CA_CERTS=.*\n/m, "")
      .replaceAll(/ --cloud https:\/\/localhost:\d{5}/g, "")
      .replaceAll(/localhost:\d{5}/g, (host) => `localhost:1000${ports.indexOf(host)}`)
      .replaceAll(/\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ)?/g, (date) =>
        "2027-05-23T10:00:00Z".slice(0, date.length),
      );
}
