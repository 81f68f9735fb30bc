import { describe, expect, it } from "vitest";
import { setupAnswer } from "../../src/cli/setup/setup-answer.ts";
import type { Line } from "../../src/cli/terminal.ts";
import { describeFailure, failureLines } from "../../src/cli/views/failure.ts";
import { planLines } from "../../src/cli/views/plan-lines.ts";
import type { SetupPlan, SetupResult } from "../../src/core/flows/setup-contract.ts";
import type { Action } from "../../src/core/plan.ts";
import { ActionableError } from "../../src/domain/errors.ts";

const registry = {
  id: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistry",
  name: "myregistry",
  loginServer: "myregistry.azurecr.io",
  roleAssignmentMode: "LegacyRegistryPermissions",
} as const;

function planOf(...actions: Action[]): SetupPlan {
  const changes = actions.map((action) => ({ target: `thing ${action}`, action, before: null, after: null }));
  return { registry, changes, warnings: [] };
}

const result: SetupResult = {
  registry,
  servicePrincipals: [
    {
      context: "kind",
      clusterId: "c",
      appId: "a",
      objectId: "o",
      displayName: "acr-pull-myregistry-c",
      action: "reused",
    },
  ],
  roleAssignments: [],
  extraRoles: [{ id: "x", role: "Owner", scope: "/" }],
  credentials: [
    {
      context: "kind",
      clusterId: "c",
      appId: "a",
      keyId: "k",
      expiresAt: "2031-01-02T03:04:05Z",
      action: "unchanged",
    },
  ],
  secrets: [
    { context: "kind", namespace: "web", name: "acr-secret", action: "created" },
    {
      context: "kind",
      namespace: "jobs",
      name: "acr-secret",
      action: "failed",
      error: { code: "kubernetes.forbidden", message: "may not be written", hint: "Ask for the right." },
    },
  ],
  serviceAccounts: [],
  verification: { status: "passed", checks: [] },
  renewalDue: false,
  keptKeys: [],
};
const input = { secretName: "acr-secret", image: undefined, serviceAccounts: [] };
const again = { again: "acr-pull setup --yes", exitCodeForChanges: false, width: Infinity };

describe("a plan", () => {
  it("has a sign and a word for every action", () => {
    const actions: Action[] = [
      "created",
      "copied",
      "updated",
      "removed",
      "reused",
      "unchanged",
      "kept",
      "skipped",
    ];
    const lines = text(planLines(planOf(...actions)));
    for (const sign of [
      "+ create",
      "+ copy",
      "~ update",
      "- remove",
      "= reuse",
      "= leave",
      "= keep",
      "! skip",
    ]) {
      expect(lines).toContain(`  ${sign}`);
    }
    expect(lines).toContain("2 to create, 1 to update, 1 to remove.");
  });

  it("says so when nothing is to change", () => {
    expect(text(planLines(planOf("unchanged", "reused")))).toContain("Nothing to change");
  });

  it.each([
    ["no changes", planOf("unchanged"), true, 0],
    ["changes", planOf("created"), true, 5],
    ["changes that nobody asked the exit code about", planOf("created"), false, 0],
  ])("with %s", (_what, plan, exitCodeForChanges, exitCode) => {
    const answer = setupAnswer({ kind: "planned", plan }, input, { ...again, exitCodeForChanges });
    expect(answer.exitCode).toBe(exitCode);
    expect(answer.failure).toBeUndefined();
    expect(answer.document).toEqual({ registry, plan: plan.changes, warnings: [] });
  });

  it("that was not agreed to ends with 2", () => {
    const answer = setupAnswer({ kind: "declined", plan: planOf("created") }, input, again);
    expect(answer).toMatchObject({ exitCode: 2, failure: { code: "setup.declined", exitCode: 2 } });
  });
});

describe("a result", () => {
  it("is the contract's document as it came, and the error beside it", () => {
    const error = { code: "setup.incomplete", message: "One secret could not be written.", retryable: true };
    const answer = setupAnswer({ kind: "finished", result, exitCode: 4, error }, input, again);
    expect(answer.document).toEqual(result);
    expect(answer).toMatchObject({ exitCode: 4, failure: { ...error, exitCode: 4 } });
  });

  it("names each target, why one was left out and what to do", () => {
    const lines = text(setupAnswer({ kind: "finished", result, exitCode: 4 }, input, again).lines);
    expect(lines).toMatch(/kind +web +secret acr-secret +created/);
    expect(lines).toMatch(/kind +jobs +secret acr-secret +failed/);
    expect(lines).toContain("kind/jobs: may not be written\n  fix: Ask for the right.");
    expect(lines).toMatch(/Role +Owner, granted by somebody else +kept/);
    expect(lines).toContain("namespace: web");
    expect(lines).toContain("The password ends on 2031-01-02.");
  });

  it("breaks no word of a table that is wider than the terminal, but shows each row by itself", () => {
    const narrow = { ...again, width: 40 };
    const lines = text(setupAnswer({ kind: "finished", result, exitCode: 0 }, input, narrow).lines);
    expect(lines).toContain("Principal: acr-pull-myregistry-c (reused)\n");
    expect(lines).toContain("Password: key k, valid until 2031-01-02 (unchanged)\n");
    expect(lines).toContain(
      "context: kind\nnamespace: web\ntarget: secret acr-secret\nresult: created\n\ncontext: kind\n",
    );
  });

  it("shows no Pod when no secret was written", () => {
    const none = { ...result, secrets: result.secrets.slice(1) };
    expect(
      text(setupAnswer({ kind: "finished", result: none, exitCode: 4 }, input, again).lines),
    ).not.toContain("imagePullSecrets");
  });

  it("uses the image that was named, and says when a renewal is due", () => {
    const image = { repository: "team/app", tag: "v2" };
    const due = { ...result, renewalDue: true };
    const lines = text(
      setupAnswer({ kind: "finished", result: due, exitCode: 0 }, { ...input, image }, again).lines,
    );
    expect(lines).toContain("image: myregistry.azurecr.io/team/app:v2");
    expect(lines).toContain("! renewal due: the password ends on 2031-01-02.");
  });
});

describe("a failure", () => {
  const error = new ActionableError(
    "You may not.",
    {
      code: "azure.denied",
      hint: "Ask.\nOr wait.",
      docs: "https://example.com",
      requestId: "r-1",
      exitCode: 3,
    },
    { cause: new Error("403 from below") },
  );

  it("says what happened, what to do, where to read, and the service's id of the request", () => {
    expect(text(failureLines(describeFailure(error), "normal"))).toBe(
      [
        "error: You may not.",
        "  fix: Ask.",
        "  fix: Or wait.",
        "  see: https://example.com",
        "  request id: r-1",
      ].join("\n"),
    );
  });

  it("shows causes and stacks to who debugs alone", () => {
    expect(text(failureLines(describeFailure(error), "verbose"))).not.toContain("403 from below");
    expect(text(failureLines(describeFailure(error), "debug"))).toContain(
      "caused by:\n  Error: 403 from below",
    );
  });

  it.each([new TypeError("x is not a function"), "a text", undefined])(
    "by a bug says no more: %s",
    (thrown) => {
      const failure = describeFailure(thrown);
      expect(failure).toMatchObject({ code: "bug", exitCode: 1, retryable: false });
      expect(text(failureLines(failure, "normal"))).toMatch(
        /^error: This is a bug in acr-pull\.\n {2}fix: Please report/,
      );
    },
  );

  it("with itself as cause comes to an end", () => {
    const circular = new Error("round");
    circular.cause = circular;
    expect(failureLines(describeFailure(circular), "debug").length).toBeLessThan(100);
  });
});

function text(lines: readonly Line[]): string {
  return lines
    .map((line) =>
      typeof line === "string"
        ? line
        : line.map((piece) => (typeof piece === "string" ? piece : piece.text)).join(""),
    )
    .join("\n");
}
