import { expect, it } from "vitest";
import { nextCommands, nextLines } from "../../../src/cli/status/next-commands.ts";
import type { PendingWork, StatusEntry, StatusResult } from "../../../src/core/status/contract.ts";

const one = { context: "one", clusterId: "id-one", loginServer: "myregistry.azurecr.io" };
const other = { context: "other", clusterId: "id-other", loginServer: "myregistry.azurecr.io" };

/** The secret that both clusters have in the same namespace. */
const entry = {
  ...one,
  namespace: "awesomeapps",
  name: "acr-secret",
  registry: null,
  appId: "app",
  keyId: "key",
  createdAt: null,
  expiresAt: null,
  daysLeft: null,
  state: "ok",
} as const satisfies StatusEntry;

const overdue = {
  ...other,
  secrets: ["awesomeapps/acr-secret"],
  overdue: true,
  kind: "retirement",
  appId: "app",
  keyId: "old",
  retireAfter: "2026-01-01T00:00:00Z",
  due: true,
} as const satisfies PendingWork;

function toldOf(entries: readonly StatusEntry[]): string[] {
  const result: StatusResult = {
    entries,
    pending: [overdue],
    orphans: null,
    brokenLinks: [],
    scopes: [],
    unseen: [],
    missing: [],
    warnings: [],
  };
  const given = new Map([["contexts", { texts: ["one", "other"], source: "flag" as const }]]);
  const commands = nextCommands({ program: "acr-pull", given, environment: {} });
  return nextLines(result, { commands, width: Infinity })
    .flat()
    .map((line) =>
      [line]
        .flat()
        .map((piece) => (typeof piece === "string" ? piece : piece.text))
        .join(""),
    );
}

it("a secret that a controller applies in one cluster hides no work on its namesake in another", () => {
  const told = toldOf([
    { ...entry, appliedBy: "Argo CD" },
    { ...entry, ...other, state: "pending" },
  ]);
  expect(told[0]).toBe("To fix this:");
  expect(told[1]).toContain("acr-pull rotate --context one --context other ");
  expect(told.join("\n")).not.toContain("MANIFEST");
});

it("a setup that is at work in one cluster hides no work on its namesake in another, and is not run again", () => {
  const told = toldOf([
    { ...entry, appId: null, keyId: null, state: "pending" },
    { ...entry, ...other, state: "pending" },
  ]);
  expect(told[0]).toBe("To fix this:");
  expect(told.join("\n")).not.toContain("A setup was interrupted");
});
