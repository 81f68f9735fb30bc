import { describe, expect, it } from "vitest";
import { readAnswers } from "../../../src/cli/options/answers.ts";
import { gather } from "../given.ts";
import { setupOptions } from "../../../src/cli/setup/options.ts";
import { setupText, shownPlan } from "../../../src/cli/setup/text.ts";
import { commandAnswer } from "../../../src/cli/show/answer.ts";
import type { Line } from "../../../src/cli/show/terminal.ts";
import { describeFailure, failureLines } from "../../../src/cli/show/failure.ts";
import { planLines } from "../../../src/cli/show/plan-lines.ts";
import type { SetupOutcome, SetupPlan, SetupResult } from "../../../src/core/setup/contract.ts";
import type { Action } from "../../../src/core/plan.ts";
import { ActionableError } from "../../../src/domain/errors.ts";

const registry = {
  id: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistry",
  name: "myregistry",
  loginServer: "myregistry.azurecr.io",
  roleAssignmentMode: "LegacyRegistryPermissions",
} as const;

function planOf(...actions: Action[]): SetupPlan {
  const changes = actions.map((action) => ({ target: `thing ${action}`, action, before: null, after: null }));
  return { registry, changes, warnings: [], leftOut: [], changesRights: false };
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
      createdAt: "2030-07-06T03:09:05Z",
      expiresAt: "2031-01-02T03:04:05Z",
      action: "unchanged",
    },
  ],
  namespaces: [],
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
const input = readAnswers(setupOptions, gather(setupOptions, {}, {}));
const telling = {
  shell: { program: "acr-pull", given: gather(setupOptions, {}, {}), environment: {} },
  asked: false,
  now: new Date(),
  width: Infinity,
};

function setupAnswer(outcome: SetupOutcome, answers: typeof input, more: Partial<typeof telling> = {}) {
  return commandAnswer("setup", setupText, outcome, { ...telling, ...more, answers });
}

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
    const lines = text(planLines(shownPlan(planOf(...actions))));
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

  it("says in a second line what becomes of a thing, but nothing that its first line says", () => {
    const changes = [
      {
        target: "application acr-pull-x",
        action: "created",
        before: null,
        after: { displayName: "acr-pull-x", uniqueName: "acr-pull-4711" },
      },
      {
        target: "role Reader",
        action: "updated",
        before: { repositories: "team/*", condition: "((a))" },
        after: { repositories: "base", condition: "((b))" },
      },
    ] as const;
    const lines = text(planLines({ title: "Plan for myregistry.azurecr.io", changes, warnings: [] })).split(
      "\n",
    );
    expect(lines.slice(2, 5)).toEqual([
      "  + create application acr-pull-x",
      "  ~ update role Reader",
      "             repositories: team/* → base",
    ]);
  });

  it("says so when nothing is to change", () => {
    expect(text(planLines(shownPlan(planOf("unchanged", "reused"))))).toContain("Nothing to change");
  });

  it.each([
    ["no changes", planOf("unchanged"), true, 0],
    ["changes", planOf("created"), true, 5],
    ["changes that nobody asked the exit code about", planOf("created"), false, 0],
  ])("with %s", (_what, plan, exitCodeForChanges, exitCode) => {
    const answer = setupAnswer({ kind: "planned", plan }, { ...input, exitCode: exitCodeForChanges });
    expect(answer.exitCode).toBe(exitCode);
    expect(answer.failure).toBeUndefined();
    expect(answer.document).toEqual({ registry, plan: plan.changes, warnings: [] });
  });

  it("that was not agreed to ends with 2", () => {
    const answer = setupAnswer({ kind: "declined", plan: planOf("created") }, input);
    expect(answer).toMatchObject({ exitCode: 2, failure: { code: "setup.declined", exitCode: 2 } });
  });
});

describe("a result", () => {
  it("is the contract's document as it came, and the error beside it", () => {
    const error = { code: "setup.incomplete", message: "One secret could not be written.", retryable: true };
    const answer = setupAnswer({ kind: "finished", result, exitCode: 4, error }, input);
    expect(answer.document).toEqual(result);
    expect(answer).toMatchObject({ exitCode: 4, failure: { ...error, exitCode: 4 } });
  });

  it("names each target, why one was left out and what to do", () => {
    const lines = text(setupAnswer({ kind: "finished", result, exitCode: 4 }, input).lines());
    expect(lines).toMatch(/kind +web +secret acr-secret +created/);
    // Failures come first.
    expect(lines).toMatch(
      /✗ kind\/jobs: may not be written\n  fix: Ask for the right.\n\nCONTEXT.*\nkind +web/,
    );
    expect(lines).toMatch(/Role +Owner, granted by somebody else +kept/);
    expect(lines).toContain("✓ kind/web can pull from myregistry.azurecr.io until 2031-01-02.");
  });

  it("says how the password is renewed before its end, with no failed pull", () => {
    const lines = text(setupAnswer({ kind: "finished", result, exitCode: 0 }, input).lines());
    expect(lines).toContain("To renew it, run this once a day:\n  acr-pull rotate --if-due --yes\n");
    expect(lines).toContain(
      "It changes nothing until 60 days before 2031-01-02. Then it makes a new password",
    );
    expect(lines).toContain("A sample job: docs/rotate.md.");
  });

  it("breaks no word of labels that are wider than the terminal, but shows each by itself, and leaves a list one", () => {
    const narrow = { ...telling, width: 40 };
    const lines = text(setupAnswer({ kind: "finished", result, exitCode: 0 }, input, narrow).lines());
    expect(lines).toContain("Principal: acr-pull-myregistry-c\n(reused)\n");
    expect(lines).toContain("Password: valid until 2031-01-02, key k\n(unchanged)\n");
    expect(lines).toMatch(/CONTEXT +NAMESPACE +TARGET +RESULT\nkind +web +secre…ecret +created\n/);
  });

  it("fits into forty columns, but for what is to be copied", () => {
    const given = gather(setupOptions, { registry: "myregistry", namespace: ["web"] }, {});
    const narrow = { shell: { ...telling.shell, given }, width: 40 };
    const lines = text(setupAnswer({ kind: "finished", result, exitCode: 0 }, input, narrow).lines()).split(
      "\n",
    );
    const wide = lines.filter((line) => line.length > 40).map((line) => line.trim());
    expect(wide).toEqual([
      "acr-pull verify --registry myregistry --namespace web",
      "acr-pull setup --registry myregistry --namespace web --yes",
      "image: myregistry.azurecr.io/my-awesome-app:v1 # your image",
      "acr-pull rotate --registry myregistry --namespace web --if-due --yes",
    ]);
  });

  it("counts what is in order where that is much, and names what failed", () => {
    const secrets = Array.from({ length: 200 }, (_, index) => ({
      context: "kind",
      namespace: `team-${index}`,
      name: "acr-secret",
      action: index < 150 ? ("created" as const) : ("unchanged" as const),
    }));
    const many = { ...result, secrets: [...secrets, ...result.secrets.slice(1)] };
    const lines = text(setupAnswer({ kind: "finished", result: many, exitCode: 4 }, input).lines());
    expect(lines).toMatch(
      /✗ kind\/jobs: may not.*\n.*\n\nCONTEXT.*\nkind +150 secrets +created\nkind +50 secrets +unchanged\n/,
    );
    expect(lines).toContain("✓ 200 namespaces can pull from");
    expect(lines).not.toContain("team-7");
  });

  it("tells somebody new what was made, and nobody when nothing was", () => {
    const made = text(setupAnswer({ kind: "finished", result, exitCode: 0 }, input).lines());
    expect(made).toContain("What these are:");
    const servicePrincipals = result.servicePrincipals.map((one) => ({
      ...one,
      action: "unchanged" as const,
    }));
    const another = setupAnswer(
      { kind: "finished", result: { ...result, servicePrincipals }, exitCode: 0 },
      input,
    );
    expect(text(another.lines())).not.toContain("What these are:");
    const secrets = [{ context: "kind", namespace: "web", name: "acr-secret", action: "unchanged" as const }];
    const same = setupAnswer({ kind: "finished", result: { ...result, secrets }, exitCode: 0 }, input);
    expect(text(same.lines())).toContain("✓ Nothing had to be changed: kind/web can pull");
    expect(text(same.lines())).not.toContain("What these are:");
  });

  it.each([
    [["default"], "The Pod above does not have to name the secret"],
    [["builder"], "New Pods of the service account builder do not have to name the secret."],
    [["default", "builder"], "So does builder."],
  ])(
    "says of which new Pods the accounts %j help, and that others have to be recreated",
    (names, sentence) => {
      const serviceAccounts = names.map((name) => ({
        context: "kind",
        namespace: "web",
        name,
        action: "updated" as const,
      }));
      const linked = { ...result, serviceAccounts };
      const lines = text(setupAnswer({ kind: "finished", result: linked, exitCode: 0 }, input).lines());
      expect(lines).toContain(sentence);
      expect(lines).toContain("Existing Pods do not get it");
    },
  );

  it("promises no new password in the place of one that was given", () => {
    const given = { ...input, passwordStdin: true };
    const lines = text(setupAnswer({ kind: "finished", result, exitCode: 0 }, given).lines());
    expect(lines).toMatch(/^Before 2031-01-02, get a new one and run this with it:\n {2}acr-pull setup .*$/m);
    expect(lines.match(/acr-pull setup/g)).toHaveLength(1);
    expect(lines).not.toContain("it makes a new password");
  });

  it("claims no pull that was not proven", () => {
    const unproven = {
      ...result,
      verification: { status: "skipped", reason: "not-reached", checks: [] },
    } as const;
    const lines = text(setupAnswer({ kind: "finished", result: unproven, exitCode: 0 }, input).lines());
    expect(lines).not.toMatch(/can pull|proves the pull/);
    expect(lines).toMatch(/^Proof +not tried +skipped$/m);
  });

  it("shows no Pod when no secret was written", () => {
    const none = { ...result, secrets: result.secrets.slice(1) };
    expect(text(setupAnswer({ kind: "finished", result: none, exitCode: 4 }, input).lines())).not.toContain(
      "imagePullSecrets",
    );
  });

  it.each([
    [
      "2030-07-06T03:09:05Z",
      "once a day",
      "It changes nothing until 60 days before 2031-01-02.",
      "After 2031-01-02,",
    ],
    [
      "2030-12-13T03:09:05Z",
      "once a day",
      "It changes nothing until 6 days before 2031-01-02.",
      "After 2031-01-02,",
    ],
    [
      "2030-12-30T03:09:05Z",
      "once an hour",
      "It changes nothing until 1 day before 2031-01-02.",
      "After 2031-01-02,",
    ],
    [
      "2031-01-01T03:09:05Z",
      "once an hour",
      "It changes nothing until 8 hours before 2031-01-02 03:04 UTC.",
      "After 2031-01-02 03:04 UTC,",
    ],
  ])("says how often and when to renew a key made at %s: %s", (createdAt, often, until, after) => {
    const credentials = result.credentials.map((one) => ({ ...one, createdAt }));
    const outcome = { kind: "finished", result: { ...result, credentials }, exitCode: 0 } as const;
    const lines = text(setupAnswer(outcome, input).lines());
    expect(lines).toContain(`To renew it, run this ${often}:`);
    expect(lines).toContain(until);
    expect(lines).toContain(`${after} no image can be pulled until the password is renewed`);
  });

  it("uses the image that was named, and says when a renewal is due", () => {
    const image = { repository: "team/app", tag: "v2" };
    const due = { ...result, renewalDue: true };
    const lines = text(
      setupAnswer({ kind: "finished", result: due, exitCode: 0 }, { ...input, image }).lines(),
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
      hint: "Ask:\n  somebody\nOr wait.",
      docs: "https://example.com",
      requestId: "r-1",
      exitCode: 3,
    },
    { cause: new Error("403 from below") },
  );

  it("says what happened, what to do, where to read, and the service's id of the request", () => {
    expect(text(failureLines(describeFailure(error), { debug: false }))).toBe(
      [
        "error[azure.denied]: You may not.",
        "  fix: Ask:",
        "       somebody",
        "  fix: Or wait.",
        "  see: https://example.com",
        "  request id: r-1",
      ].join("\n"),
    );
  });

  it("shows causes and stacks to who debugs alone", () => {
    expect(text(failureLines(describeFailure(error), { debug: false }))).not.toContain("403 from below");
    expect(text(failureLines(describeFailure(error), { debug: true }))).toContain(
      "caused by:\n  Error: 403 from below",
    );
  });

  it.each([new TypeError("x is not a function"), "a text", undefined])(
    "by a bug says no more: %s",
    (thrown) => {
      const failure = describeFailure(thrown);
      expect(failure).toMatchObject({ code: "bug", exitCode: 1, retryable: false });
      expect(text(failureLines(failure, { debug: false }))).toMatch(
        /^error\[bug\]: This is a bug in acr-pull\.\n {2}fix: Please report/,
      );
    },
  );

  it("with itself as cause comes to an end", () => {
    const circular = new Error("round");
    circular.cause = circular;
    expect(failureLines(describeFailure(circular), { debug: true }).length).toBeLessThan(100);
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
