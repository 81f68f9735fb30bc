import { expect, type TestContext } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { rotate, setup } from "../program.ts";
import { expectDepartures, removed, stateOf } from "./removal.ts";
import { addSecret, endGrace, rotate as rotateAtOnce, start } from "./rotation.ts";

/** A way in which setup can be run, and what undoes it. */
export interface Variant {
  readonly what: string;
  readonly options?: SandboxOptions;
  readonly prepare?: (sandbox: Sandbox) => void;
  readonly setup: readonly string[];
  /** What else is done with what it made. */
  readonly afterwards?: (sandbox: Sandbox) => Promise<unknown>;
  readonly remove?: readonly string[];
  readonly departures?: Parameters<typeof expectDepartures>[1];
  /** Namespaces that were made for it. */
  readonly made?: readonly string[];
}

/** An application that somebody uses already, with a password of his own. */
export const sharedName = "ci-images";
export const withShared: SandboxOptions = {
  applications: [{ displayName: sharedName, owners: ["caller"], passwords: [{ displayName: "by hand" }] }],
};

const ofOthers = {
  name: "acr-secret",
  namespace: "awesomeapps",
  labels: { team: "a" },
  annotations: { note: "n" },
};
const addForeignSecret = (sandbox: Sandbox) =>
  addSecret(sandbox, ofOthers, { auths: { "other.example": { username: "u", password: "p" } } });

export async function expectDone(running: ReturnType<typeof setup>): Promise<void> {
  const run = await running;
  expect(run.code, run.stderr).toBe(0);
}

const bothClusters = ["--context", "sandbox", "--context", "sandbox-staging"];
const bothDepart = [{}, { context: "sandbox-staging" }];

/** Those that differ in what remove has to do. */
export const telling: readonly Variant[] = [
  {
    what: "a service account, in two namespaces",
    setup: ["-n", "awesomeapps", "-n", "default", "--service-account", "default"],
  },
  {
    what: "two roles on a registry in ABAC mode, one limited to repositories",
    setup: [
      "--registry",
      "abacregistry",
      "--role",
      "owner",
      "--allow-privileged-role=owner",
      "--repository",
      "my-awesome-app",
    ],
    remove: ["--registry", "abacregistry"],
    departures: [{ registry: "abacregistry" }],
  },
  {
    what: "a secret that was there, for another host, linked to a service account on purpose",
    prepare: addForeignSecret,
    setup: ["--adopt", "--service-account", "default"],
    remove: ["--service-account", "default"],
  },
  {
    what: "two clusters with one service principal that was there",
    options: withShared,
    setup: [...bothClusters, "--service-principal", sharedName],
    remove: bothClusters,
    departures: bothDepart,
  },
  { what: "a key on its way out", setup: [], afterwards: (sandbox) => expectDone(rotate(sandbox)) },
];

/** All the others. */
export const further: readonly Variant[] = [
  { what: "one namespace", setup: [] },
  {
    what: "another secret in a second namespace",
    setup: [],
    afterwards: (sandbox) => expectDone(setup(sandbox, ["-n", "default", "--secret-name", "other"])),
  },
  { what: "the role acrpush", setup: ["--role", "acrpush"] },
  { what: "the role owner", setup: ["--role", "owner", "--allow-privileged-role=owner"] },
  {
    what: "some repositories of a registry in ABAC mode",
    setup: ["--registry", "abacregistry", "--repository", "team/*", "--repository", "my-awesome-app"],
    remove: ["--registry", "abacregistry"],
    departures: [{ registry: "abacregistry" }],
  },
  { what: "a secret that was there, for another host", prepare: addForeignSecret, setup: ["--adopt"] },
  {
    what: "a service principal that was there",
    options: withShared,
    setup: ["--service-principal", sharedName],
  },
  { what: "two clusters", setup: bothClusters, remove: bothClusters, departures: bothDepart },
  { what: "a namespace that it made", setup: ["-n", "fresh", "--create-namespace"], made: ["fresh"] },
  {
    what: "a key that was rotated",
    setup: [],
    afterwards: (sandbox) => expectDone(rotateAtOnce(sandbox, ["--compromised"])),
  },
  {
    what: "a key that is due to go",
    setup: [],
    async afterwards(sandbox) {
      await expectDone(rotate(sandbox));
      endGrace(sandbox);
    },
  },
  {
    what: "a rotation without a second entry",
    setup: [],
    afterwards: (sandbox) => expectDone(rotateAtOnce(sandbox, ["--no-overlap-entry"])),
  },
];

/**
 * Sets up, removes, and sets up again, which has to succeed each time.
 * @returns the state before, and when all was removed
 */
export async function thereAndBack(
  variant: Variant,
  test: Pick<TestContext, "onTestFinished">,
): Promise<{ readonly before: unknown; readonly after: unknown }> {
  const sandbox = await start(test, variant.options);
  variant.prepare?.(sandbox);
  sandbox.invariants.watch();
  const before = stateOf(sandbox, variant.made);
  await expectDone(setup(sandbox, variant.setup));
  await variant.afterwards?.(sandbox);
  expectDepartures(sandbox, variant.departures);
  await removed(sandbox, variant.remove);
  const after = stateOf(sandbox, variant.made);
  expectDepartures(sandbox, []);
  await expectDone(setup(sandbox, variant.setup));
  return { before, after };
}
