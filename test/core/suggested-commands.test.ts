import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { listingCommands, setupCommands } from "../../src/core/suggest.ts";
import { suggest } from "./suggest.ts";

const targets = ["kind", "minikube"].map((context) => ({
  cluster: { context },
  namespace: "team-a",
  name: "acr-secret",
}));

it.each([
  [
    "acr-pull",
    setupCommands(targets as unknown as Parameters<typeof setupCommands>[0], "myregistry", suggest),
  ],
  ["kubectl", listingCommands(["kind", "minikube"], suggest)],
])(
  "several commands of %s in one sentence run one after the other where they are pasted",
  (program, line) => {
    const count = `f() { printf 'ran '; }\n${line.replaceAll(program, "f")}`;
    expect(execFileSync("sh", ["-c", count], { encoding: "utf8" })).toBe("ran ran ");
  },
);
