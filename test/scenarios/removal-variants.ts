import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type TestContext } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { rotate, setup } from "../program.ts";
import { expectDepartures, removed, stateOf } from "./removal.ts";
import { addSecret, endGrace, rotate as rotateAtOnce, start } from "./rotation.ts";

/** One way to run setup, and what undoes it. */
export interface Variant {
  readonly what: string;
  readonly options?: SandboxOptions;
  readonly prepare?: (sandbox: Sandbox) => void;
  readonly setup: readonly string[] | ((sandbox: Sandbox) => readonly string[]);
  /** What else is done after setup. */
  readonly afterwards?: (sandbox: Sandbox) => Promise<unknown>;
  readonly remove?: readonly string[] | ((sandbox: Sandbox) => readonly string[]);
  readonly departures?: Parameters<typeof expectDepartures>[1];
  /** Namespaces that setup makes. */
  readonly made?: readonly string[];
}

/** An application that somebody already uses, with a password of their own. */
export const sharedName = "ci-images";
const sharedAppId = "0c0c0c0c-1111-4111-8111-111111111111";
export const withShared: SandboxOptions = {
  applications: [
    {
      displayName: sharedName,
      appId: sharedAppId,
      owners: ["caller"],
      passwords: [{ displayName: "by hand" }],
    },
  ],
};
/** Somebody else signs in as it, so its role is removed only if a person says so. */
export const shareds = ["--service-principal", sharedAppId];

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

const credentialsFile = join(tmpdir(), `acr-pull-removal-${process.pid}-credentials`);

/** Deletes the files that the further variants leave. */
export async function removeFiles(): Promise<void> {
  await rm(credentialsFile, { force: true });
}

const bothClusters = ["--context", "sandbox", "--context", "sandbox-staging"];
const bothDepart = [{}, { context: "sandbox-staging" }];

/** Variants that each make remove do something different. */
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
    remove: [...bothClusters, ...shareds],
    departures: bothDepart,
  },
  { what: "a key on its way out", setup: [], afterwards: (sandbox) => expectDone(rotate(sandbox)) },
];

/** All the others. */
export const further: readonly Variant[] = [
  { what: "one namespace", setup: [] },
  {
    what: "everything that describes a new application and its key",
    // A caller that only owns an application may not name further owners.
    options: { caller: { graphPermissions: ["Application.ReadWrite.All", "Directory.Read.All"] } },
    setup: ({ world }) => [
      "--name",
      "team blue's puller",
      "--owner",
      world.users[0]?.id ?? "",
      "--expires-in",
      "max",
      "--service-management-reference",
      "11111111-2222-4333-8444-555555555555",
    ],
  },
  {
    what: "a file of its own for the password",
    setup: ["--credentials-file", credentialsFile],
    afterwards: () => rm(credentialsFile),
  },
  {
    what: "the namespaces that have a label",
    prepare({ world }) {
      for (const { metadata } of world.clusters[0]?.objects["namespaces"] ?? []) {
        if (["default", "awesomeapps"].includes(metadata.name)) metadata.labels = { team: "web" };
      }
    },
    setup: ["--namespace-selector", "team=web"],
    remove: ["--namespace-selector", "team=web"],
  },
  {
    what: "a service principal that was there, which gets an owner",
    options: withShared,
    setup: ({ world }) => ["--service-principal", sharedName, "--owner", world.users[0]?.id ?? ""],
    remove: shareds,
  },
  {
    what: "an account in one namespace alone, and a secret without a link in the other",
    setup: ["-n", "awesomeapps", "--service-account", "default"],
    afterwards: (sandbox) => expectDone(setup(sandbox, ["-n", "default"])),
  },
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
    remove: shareds,
  },
  { what: "two clusters", setup: bothClusters, remove: bothClusters, departures: bothDepart },
  { what: "a namespace that it made", setup: ["-n", "fresh", "--create-namespace"], made: ["fresh"] },
  {
    what: "a key that was rotated",
    setup: [],
    afterwards: (sandbox) => expectDone(rotateAtOnce(sandbox, ["--compromised", "-n", "awesomeapps"])),
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
 * Sets up, removes, and sets up again. Each must succeed.
 * @returns the state before, and the state when everything was removed
 */
export async function thereAndBack(
  variant: Variant,
  test: Pick<TestContext, "onTestFinished">,
): Promise<{ readonly before: unknown; readonly after: unknown }> {
  const sandbox = await start(test, variant.options);
  variant.prepare?.(sandbox);
  sandbox.invariants.watch();
  const before = stateOf(sandbox, variant.made);
  const args = typeof variant.setup === "function" ? variant.setup(sandbox) : variant.setup;
  await expectDone(setup(sandbox, args));
  await variant.afterwards?.(sandbox);
  expectDepartures(sandbox, variant.departures);
  await removed(sandbox, typeof variant.remove === "function" ? variant.remove(sandbox) : variant.remove);
  const after = stateOf(sandbox, variant.made);
  expectDepartures(sandbox, []);
  await expectDone(setup(sandbox, args));
  return { before, after };
}
