import fc from "fast-check";
import { expect } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { runInProcess } from "../program.ts";

/** What a terminal acts on, what reorders text, and what shows nothing. */
const acting =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff]|[\u{e0000}-\u{e007f}]/u;

/** What a CI service takes for a command: https://github.com/actions/runner, ActionCommand.cs */
const commanding = /^\s*::[^\n]*::|##(?:vso)?\[/im;

const nasty = fc.constantFrom(
  "\u001b[2J",
  "\u001b[31m",
  "\u001b]8;;https://evil.example\u0007",
  "\u001b]52;c;aGk=\u001b\\",
  "\u009b1A",
  "\u001bPq\u001b\\",
  "\u0007",
  "\r\nerror: ",
  "\n✓ ",
  "\n::error::x",
  "::stop-commands::x",
  "##[add-mask]1",
  "##vso[task.setvariable variable=PATH]x",
  "\u2028",
  "\u202e",
  "\u200b",
  "\u3164",
  "\u{e0041}",
  "'; touch F; '",
  '"}, {"',
  "${x}",
  "__proto__",
  "%00",
  "%s",
);

const hostile = fc
  .array(fc.oneof(nasty, fc.string({ unit: "grapheme", minLength: 1 })), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(""));

/** The texts of one seed, in the order of their use. */
function textsOf(seed: number, count: number): readonly string[] {
  return fc.sample(hostile, { seed, numRuns: count });
}

/** How many texts each seed puts into the places that others can write. */
export const textsInSeed = 14;

/** A world in which every free text is hostile. */
async function open([user, group, team, key, subscription, ...rest]: readonly string[]): Promise<Sandbox> {
  const options: SandboxOptions = {
    subscriptions: [{ displayName: subscription ?? "" }],
    users: [{ userPrincipalName: "user@example.org", displayName: user ?? "" }],
    groups: [{ displayName: group ?? "", members: ["user@example.org"] }],
    applications: [
      {
        displayName: team ?? "",
        uniqueName: "team",
        owners: ["caller"],
        passwords: [{ displayName: key ?? "", secretText: "giv8Q~en-by-hand-0123456789012345678901" }],
      },
    ],
  };
  const sandbox = await startSandbox(options);
  const [note, host, username, label, message, reason, image] = rest;
  const auths = { [host ?? ""]: { username, password: "p4ssw0rd-of-another", auth: "dTpw" } };
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: {
      name: "acr-secret",
      namespace: "awesomeapps",
      annotations: { note: note ?? "", label: label ?? "" },
    },
    data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
  });
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "pod", namespace: "awesomeapps" },
    spec: {
      // The API server would refuse nothing but white space around it.
      containers: [{ name: "main", image: `i${image ?? ""}i` }],
      imagePullSecrets: [{ name: "acr-secret" }],
    },
    status: {
      phase: "Pending",
      containerStatuses: [{ name: "main", image: "x", state: { waiting: { reason, message } } }],
    },
  });
  return sandbox;
}

/**
 * Runs every command in a world of hostile texts, also while services refuse with hostile codes.
 * @returns the number of runs
 * @throws AssertionError for a character that a terminal or a CI service acts on, an unreadable answer, or our bug
 */
export async function runAmidHostileStrings(seed: number): Promise<number> {
  const texts = textsOf(seed, textsInSeed);
  const sandbox = await open(texts);
  const [code = "", appId = ""] = [texts.at(-1), sandbox.world.applications[0]?.appId];
  const place = ["--registry", "myregistry", "-n", "awesomeapps"];
  const commands = [
    ["setup", ...place, "--adopt", "--yes"],
    ["setup", ...place, "--service-principal", appId, "--dry-run"],
    ["status"],
    ["verify", "-n", "awesomeapps"],
    ["rotate", "--yes", "--settle", "0s"],
    ["remove", ...place, "--yes", "--settle", "0s", "--force"],
  ];
  let runs = 0;
  try {
    for (const [at, command] of commands.entries()) {
      for (const isRefused of [true, false]) {
        const match = ["/api/", "/v1.0/", "/subscriptions", "/token"][(seed + at) % 4] ?? "";
        sandbox.setFaults(
          isRefused ? [{ match, times: 99, status: [400, 403, 409][seed % 3] ?? 400, code }] : [],
        );
        const format = ["text", "json"][(seed + runs) % 2] ?? "text";
        const args = [...command, "-o", format, "--timeout", "2s", ...(runs % 2 === 0 ? ["-v"] : [])];
        const run = await runInProcess(sandbox, args, { hurried: true });
        runs += 1;
        const said = JSON.stringify([args, run.stdout, run.stderr]);
        expect(run.stdout, said).not.toMatch(acting);
        expect(run.stderr, said).not.toMatch(acting);
        expect(run.stderr + run.stdout, said).not.toMatch(commanding);
        expect(run.stderr + run.stdout, said).not.toContain("bug in acr-pull");
        expect([0, 1, 2, 3, 4, 5], said).toContain(run.code);
        if (format === "json") expect(JSON.parse(run.stdout), said).toMatchObject({ command: command[0] });
      }
    }
    return runs;
  } finally {
    await sandbox.close();
  }
}
