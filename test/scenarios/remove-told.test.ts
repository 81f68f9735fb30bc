import { describe, expect, it, type TestContext } from "vitest";
import { runHurried } from "../canary.ts";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, livePasswords, secretOf, type Run, type RunOptions } from "../program.ts";
import { stopped } from "../stopped.ts";
import { expectDepartures } from "./removal.ts";
import { heldKeys, start } from "./rotation.ts";

const namespaces = ["awesomeapps", "default"];

/** A world in which setup gave two namespaces a secret and a link each. All of it is to be removed. */
async function setUpWorld(context: TestContext): Promise<Sandbox> {
  const sandbox = await start(context);
  const where = namespaces.flatMap((name) => ["-n", name]);
  const args = ["setup", "--registry", "myregistry", ...where, "--service-account", "default", "-y"];
  const { code, stderr } = await runHurried(sandbox, args);
  expect(code, stderr).toBe(0);
  expectDepartures(sandbox);
  return sandbox;
}

function remove(sandbox: Sandbox, args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  const whole = ["remove", "--registry", "myregistry", "-y", "-o", "json", "--settle", "0s", ...args];
  return runHurried(sandbox, whole, options);
}

/** What status says to people and to programs. */
async function statusOf(sandbox: Sandbox) {
  const { code, stdout } = await runHurried(sandbox, ["status"]);
  const { json } = await runHurried(sandbox, ["status", "-o", "json"]);
  return { code, stdout, json };
}

type Item = Readonly<Record<"kind" | "id" | "namespace" | "action" | "reason", string>>;

/** What a run says about each thing, as `kind` or `kind namespace`, with the reason if it names one. */
function told({ json }: Run): Record<string, string> {
  const items = json.removed as Item[];
  return Object.fromEntries(
    items.map(({ kind, namespace, action, reason }) => [
      namespace === undefined ? kind : `${kind} ${namespace}`,
      reason === undefined ? action : `${action} ${reason}`,
    ]),
  );
}

/** The same for the world as it is. */
function standing(sandbox: Sandbox): Record<string, boolean | "empty"> {
  const { applications, caller, clusters } = sandbox.world;
  const ours = applications.find(({ appId }) => appId !== caller.appId);
  const application = ours?.removedAt === undefined;
  const accounts = clusters[0]?.objects["serviceaccounts"] ?? [];
  const isLinked = (namespace: string) =>
    accounts.some(
      ({ metadata, imagePullSecrets = [] }) =>
        metadata.namespace === namespace && (imagePullSecrets as unknown[]).length > 0,
    );
  const secretIn = (namespace: string) =>
    secretOf(sandbox, namespace) !== undefined &&
    (heldKeys(sandbox, namespace).plain !== undefined || "empty");
  return {
    ...Object.fromEntries(namespaces.map((name) => [`service-account ${name}`, isLinked(name)])),
    ...Object.fromEntries(namespaces.map((name) => [`secret ${name}`, secretIn(name)])),
    key: livePasswords(sandbox).length > 0,
    "role-assignment": liveAssignments(sandbox).length > 0,
    "service-principal": application,
    application,
  };
}

/** How a run reports a thing that is gone, was emptied, or is still there. */
const words = {
  gone: /^(removed|updated)$/,
  empty: /^(updated|failed) unfinished$/,
  stands: /^(skipped|failed)$/,
};

/** The run reports every thing, as it really is. */
function expectTruth(sandbox: Sandbox, run: Run): void {
  const now = standing(sandbox);
  const said = told(run);
  expect(Object.keys(said).toSorted()).toEqual(Object.keys(now).toSorted());
  for (const [thing, stands] of Object.entries(now)) {
    const word = stands === "empty" ? words.empty : stands ? words.stands : words.gone;
    expect(said[thing], `${thing} of ${JSON.stringify(said)}`).toMatch(word);
  }
}

const noWrites = [
  { match: "(PATCH|DELETE) .*/(secrets|serviceaccounts)/", times: 99, status: 403, code: "Forbidden" },
  {
    match: "(POST|DELETE) .*/(applications|deletedItems)/",
    times: 99,
    status: 403,
    code: "Authorization_RequestDenied",
  },
  { match: "DELETE .*/roleAssignments/", times: 99, status: 403, code: "AuthorizationFailed" },
];

describe("remove that is told to stop half way", () => {
  it.for([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s names what is gone and what is left", async ([signal, code], context) => {
    const sandbox = await setUpWorld(context);
    const isRemoval = ({ path }: RequestEntry) => path.endsWith("/removePassword");
    const run = await stopped(sandbox, signal, isRemoval, remove);
    expect(run.code, run.stderr).toBe(code);
    expect(run.json).toMatchObject({ command: "remove", ok: false, error: { code: "interrupted" } });
    expect(told(run)).toMatchObject({
      "service-account default": "updated",
      key: "removed",
      "role-assignment": "skipped",
      "service-principal": "skipped",
      application: "skipped",
    });
    expect(Object.values(told(run))).toContain("updated unfinished");
    expect(run.stderr).toContain("To continue");
  });

  it("says it to people as well", async (context) => {
    const sandbox = await setUpWorld(context);
    const isRemoval = ({ path }: RequestEntry) => path.endsWith("/removePassword");
    const run = await stopped(sandbox, "SIGINT", isRemoval, (sandbox, _args, options) =>
      runHurried(sandbox, ["remove", "--registry", "myregistry", "-y"], options),
    );
    expect(run.stdout).toMatch(/application +\S+ +not reached/);
    expect(run.stdout).toMatch(/key +\S+ +removed/);
    expect(run.stdout).toMatch(
      /acr-secret +emptied: holds no password, and shows the next run what is left to remove/,
    );
  });
});

describe("a removal that did not finish", () => {
  it.for([
    ["has its password out", ({ path }: RequestEntry) => path.endsWith("/removePassword")],
    [
      "has only links undone",
      ({ mutating, path }: RequestEntry) => mutating && path.includes("/serviceaccounts/"),
    ],
  ] as const)("is shown by status and continued by the command it names: %s", async ([, at], context) => {
    const sandbox = await setUpWorld(context);
    await stopped(sandbox, "SIGTERM", at, remove);
    // Status does not wait for the mark of a run that has ended.
    const { code, stdout, json } = await statusOf(sandbox);
    expect(code, stdout).toBe(5);
    expect(json.pending).toMatchObject([{ kind: "run", live: false, removes: true, overdue: true }]);
    const states = json.entries.map(({ state }: { state: string }) => state);
    expect(states).toContain("pending");
    expect(stdout).toContain("Only remove continues it.");
    expect(stdout).not.toContain("acr-pull rotate");
    expect(stdout).not.toContain("acr-pull setup");
    const [, command = ""] = /or only for this secret:\n {2}acr-pull (remove .+)/.exec(stdout) ?? [];
    expect(command).toMatch(/--registry \S+ .*--namespace \S+ --secret-name acr-secret/);
    const again = await runHurried(sandbox, [...command.split(" "), "-y", "--settle", "0s"]);
    expect(again.code, again.stderr).toBe(0);
  });
});

describe("remove that fails half way", () => {
  it("names what it did not come to, beside what failed", async (context) => {
    const sandbox = await setUpWorld(context);
    sandbox.setFaults([noWrites[2]!]);
    const run = await remove(sandbox);
    expect(run.code, run.stderr).toBe(4);
    expect(told(run)).toMatchObject({ key: "removed", "role-assignment": "failed", application: "skipped" });
    expectTruth(sandbox, run);
  });
});

/** The last write of a removal of two secrets with a link each, counted from 0. */
const lastWrite = 9;

describe("whatever write of a removal is the last, what is said is so", () => {
  const cases = Array.from({ length: lastWrite + 1 }, (_, write) => write);

  it("makes exactly as many writes as are tested here", async (context) => {
    const sandbox = await setUpWorld(context);
    const before = sandbox.requests.mutating().length;
    const run = await remove(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(sandbox.requests.mutating()).toHaveLength(before + lastWrite + 1);
    expectTruth(sandbox, run);
  });

  it.for(cases.slice(1))("write %i, and then Ctrl-C", async (at, context) => {
    const sandbox = await setUpWorld(context);
    const last = sandbox.requests.mutating().length + at;
    const isLast = ({ mutating }: RequestEntry) => mutating && sandbox.requests.mutating().length > last;
    const run = await stopped(sandbox, "SIGINT", isLast, remove);
    expect(run.code, run.stderr).toBe(130);
    expectTruth(sandbox, run);
  });

  it.for(cases)("write %i, and then no right to any", async (at, context) => {
    const sandbox = await setUpWorld(context);
    const last = sandbox.requests.mutating().length + at;
    sandbox.observe((phase, { mutating }) => {
      if (phase !== "committed" || !mutating || sandbox.requests.mutating().length <= last) return;
      sandbox.setFaults(noWrites);
    });
    const run = await remove(sandbox);
    expect([0, 4]).toContain(run.code);
    expectTruth(sandbox, run);
  });
});
