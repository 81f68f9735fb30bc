import { describe, expect, it } from "vitest";
import { readAnswers } from "../../../src/cli/options/answers.ts";
import { gather } from "../given.ts";
import { nextCommands } from "../../../src/cli/rotate/next-commands.ts";
import { rotateOptions, type RotateAnswers } from "../../../src/cli/rotate/options.ts";
import { rotateText } from "../../../src/cli/rotate/text.ts";
import { commandAnswer, type Setting } from "../../../src/cli/show/answer.ts";
import type { Line } from "../../../src/cli/show/terminal.ts";
import type {
  ResultRotation,
  RetireBlock,
  RotateOutcome,
  RotatePlan,
  RotateResult,
} from "../../../src/core/rotate/contract.ts";

const given = gather(rotateOptions, { context: ["kind"], ifDue: true, yes: true }, {});
const options: Setting<RotateAnswers> = {
  answers: readAnswers(rotateOptions, given),
  shell: { program: "acr-pull", given, environment: {} },
  asked: false,
  now: new Date("2030-01-01T12:00:00Z"),
  width: Infinity,
};
const pending: ResultRotation = {
  context: "kind",
  clusterId: "c",
  registry: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistry",
  loginServer: "myregistry.azurecr.io",
  appId: "app",
  keyId: "new",
  expiresAt: "2030-07-01T00:00:00Z",
  state: "pending",
  replaced: "old",
  retireAfter: "2030-01-02T11:30:00Z",
  retired: false,
};
const secret = { context: "kind", namespace: "web", name: "acr-secret", action: "updated" as const };

function resultOf(change: Partial<ResultRotation>, more: Partial<RotateResult> = {}): RotateResult {
  return {
    rotations: [{ ...pending, ...change }],
    secrets: [secret],
    sweptKeys: [],
    unwrittenKeys: [],
    ...more,
  };
}

function linesOf(result: RotateResult, more: More = {}): string {
  return text(rotateAnswer({ kind: "finished", result, exitCode: 0 }, more).lines());
}

/** What differs from `options`. `answered` replaces single answers. */
type More = Partial<Setting<RotateAnswers>> & { readonly answered?: Partial<RotateAnswers> };

function rotateAnswer(outcome: RotateOutcome, { answered, ...more }: More = {}) {
  const answers = { ...options.answers, ...answered };
  return commandAnswer("rotate", rotateText, outcome, { ...options, answers, ...more });
}

describe("a plan", () => {
  const plan: RotatePlan = {
    changes: [{ target: "key for cluster c", action: "created", before: null, after: null }],
    warnings: ["mind"],
  };

  it("is the contract's document, and told by exit code 5 only if asked", () => {
    const answer = rotateAnswer({ kind: "planned", plan }, { answered: { exitCode: true } });
    expect(answer).toMatchObject({ command: "rotate", exitCode: 5 });
    expect(answer.failure).toBeUndefined();
    expect(answer.document).toEqual({ plan: plan.changes, warnings: ["mind"] });
    expect(text(answer.lines())).toContain("Plan for the rotation");
    expect(rotateAnswer({ kind: "planned", plan }).exitCode).toBe(0);
  });

  it("for a leaked key warns of what it cannot take back", () => {
    const answer = rotateAnswer({ kind: "planned", plan }, { answered: { compromised: true } });
    expect(answer.document["warnings"]).toEqual(["mind", expect.stringContaining("up to 3 hours")]);
  });

  it("that was not agreed to ends with 2", () => {
    expect(rotateAnswer({ kind: "declined", plan })).toMatchObject({
      exitCode: 2,
      failure: { code: "rotate.declined", exitCode: 2 },
    });
  });
});

describe("a result", () => {
  it("is the contract's document as it came, and the error beside it", () => {
    const result = resultOf({});
    const error = { code: "rotate.incomplete", message: "One was not written.", retryable: true };
    const answer = rotateAnswer({ kind: "finished", result, exitCode: 4, error });
    expect(answer.document).toEqual(result);
    expect(answer).toMatchObject({ exitCode: 4, failure: { ...error, exitCode: 4 } });
  });

  it("says of a new key who uses it, until when the old one stays valid, and how that is retired", () => {
    const lines = linesOf(resultOf({}, { secrets: [secret, { ...secret, namespace: "jobs" }] }));
    expect(lines).toContain(
      "✓ The key new for myregistry.azurecr.io in kind is in use by 2 secrets, valid until 2030-07-01.",
    );
    expect(lines).toContain(
      "The old key old stays valid until at least 2030-01-02 11:30 UTC. After that, a daily job or this command retires it:\n    acr-pull rotate --context kind --finish --yes\n",
    );
    expect(lines).toMatch(/kind +web +secret acr-secret +updated/);
  });

  it("says of a retirement whose time is over that it can be done now", () => {
    const lines = linesOf(resultOf({ retireAfter: "2030-01-01T11:59:00Z" }));
    expect(lines).toContain("The old key old can be retired now:\n    acr-pull rotate --context kind");
  });

  it.each<[string, Partial<ResultRotation>, string]>([
    [
      "left as it is, with the days it has",
      { state: "unchanged", replaced: null, retireAfter: null },
      "= The key new for myregistry.azurecr.io in kind is left as it is: valid until 2030-07-01, 180 more days.",
    ],
    [
      "left as it is though its end is not known",
      { state: "unchanged", keyId: null, expiresAt: null, replaced: null, retireAfter: null },
      "= The key in use for myregistry.azurecr.io in kind is left as it is: valid until an unknown date.",
    ],
    [
      "whose forerunner is gone",
      { state: "rotated", retired: true, retirement: "refused" },
      "The old key old is gone, and is refused.",
    ],
    [
      "whose forerunner the directory alone was asked for",
      { state: "rotated", retired: true, retirement: "unlisted" },
      "The old key old is gone: the directory no longer lists it. No secret still held its password, so it was not tried.",
    ],
    [
      "whose forerunner was removed and not tried",
      { state: "rotated", retired: true, retirement: "untried" },
      "The old key old is removed, and was not tried afterwards.",
    ],
    [
      "that was not brought to all",
      { state: "failed" },
      "✗ The key new for myregistry.azurecr.io in kind was not fully rotated.\n  The old key old is not retired, and still works.",
    ],
  ])("tells of a key %s", (_what, change, words) => {
    expect(linesOf(resultOf(change))).toContain(words);
  });

  it.each<[RetireBlock, string, string]>([
    [
      "cannot-see-all-namespaces",
      "may not be listed cluster-wide",
      "az ad app credential delete --id app --key-id old",
    ],
    ["still-held", "still holds it", "acr-pull rotate --context kind --if-due --yes"],
    ["key-not-ours", "did not make it for this cluster", "az ad app credential delete --id app --key-id old"],
    ["key-unknown", "given by hand", "az ad app credential list --id app"],
    ["not-yet-refused", "not refused everywhere yet", "acr-pull rotate --context kind --finish --yes"],
  ])("says why an old key keeps working, and what to do: %s", (retireBlocked, why, command) => {
    const lines = linesOf(resultOf({ state: "rotated", retireBlocked }));
    expect(lines).toMatch(/! The old key old keeps working: /);
    expect(lines).toContain(why);
    expect(lines).toContain(`      ${command}\n`);
  });

  it("counts no secrets for one key where those of another are told with them", () => {
    const { rotations } = resultOf({});
    const other = { ...pending, keyId: "another", loginServer: "other.azurecr.io" };
    expect(linesOf(resultOf({}, { rotations: [...rotations, other] }))).toContain(
      "for myregistry.azurecr.io in kind is in use, valid until",
    );
  });

  it("names a secret that was not written, and what to do", () => {
    const error = { code: "kubernetes.forbidden", message: "may not be written", hint: "Ask for the right." };
    const failed = { ...secret, namespace: "jobs", action: "failed" as const, error };
    expect(linesOf(resultOf({}, { secrets: [secret, failed] }))).toContain(
      "✗ kind/jobs: may not be written\n  fix: Ask for the right.",
    );
  });

  it("names keys that an earlier run had left behind", () => {
    expect(linesOf(resultOf({}, { sweptKeys: [{ appId: "app", keyId: "lost" }] }))).toContain(
      "Removed the key lost, which an earlier run had made",
    );
  });

  it("says after a leak what it cannot take back, and what would", () => {
    const rotated = resultOf({ state: "rotated", retired: true });
    const words = "may still pull for up to 3 hours: only removing the role";
    expect(linesOf(rotated, { answered: { compromised: true } })).toContain(words);
    expect(linesOf(rotated, { answered: { compromised: true } })).toContain(
      `    az role assignment delete --assignee app --scope ${pending.registry}`,
    );
    expect(linesOf(rotated)).not.toContain(words);
    const withoutAzure = resultOf({ registry: "myregistry.azurecr.io", state: "rotated", retired: true });
    expect(linesOf(withoutAzure, { answered: { compromised: true } })).toContain(words);
    expect(linesOf(withoutAzure, { answered: { compromised: true } })).not.toContain("az role");
  });

  it("tells who was asked the command that asks nothing, if that changes nothing more", () => {
    const words = "The same without questions:\n  acr-pull rotate --context kind";
    expect(linesOf(resultOf({}), { asked: true })).toContain(words);
    expect(linesOf(resultOf({}))).not.toContain(words);
    expect(linesOf(resultOf({}), { asked: true, answered: { compromised: true } })).not.toContain(words);
  });

  it("fits into forty columns, but for what is to be copied", () => {
    const lines = linesOf(resultOf({}), { width: 40 }).split("\n");
    const wide = lines.filter((line) => line.length > 40).map((line) => line.trim());
    expect(wide).toEqual([nextCommands(options.shell).finish]);
  });
});

describe("the commands that are told", () => {
  it("mean the same keys, and set variables aside that would speak against them", () => {
    const environment = { ACR_PULL_GRACE: "48h", ACR_PULL_REGISTRY: "myregistry" };
    const flags = { namespace: ["web"], expiresIn: "30d", settle: "0s", yes: true };
    const commands = nextCommands({
      program: "kubectl acr-pull",
      given: gather(rotateOptions, flags, environment),
      environment,
    });
    expect(commands.again).toBe("kubectl acr-pull rotate --namespace web --expires-in 30d --settle 0s --yes");
    expect(commands.finish).toBe(
      "ACR_PULL_GRACE= kubectl acr-pull rotate --namespace web --settle 0s --finish --yes",
    );
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
