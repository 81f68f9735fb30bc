import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { livePasswords, remove, rotate, setup, type Run, type RunOptions } from "../program.ts";

/** The namespaces that all crash tests use. */
export const fiveNamespaces = ["alpha", "awesomeapps", "beta", "default", "gamma"];
export const inFiveNamespaces = fiveNamespaces.flatMap((namespace) => ["-n", namespace]);

/** A world before any setup. Its ids are the same each time, so that what runs leave can be compared. */
export const fiveNamespacesWorld: SandboxOptions = {
  seed: "crash",
  clusters: [
    { context: "sandbox", namespaces: [...fiveNamespaces, "kube-system", "kube-public"] },
    { context: "sandbox-staging" },
  ],
};

/** A state of the world, and how to reach it from another state. */
export interface State {
  /** Absent if it is how the world begins. */
  readonly from?: State;
  prepare?(sandbox: Sandbox): Promise<void> | void;
}

/** A command and the world that it finds. */
export interface Start {
  readonly name: string;
  readonly state: State;
  readonly command: "setup" | "rotate";
  readonly arguments: readonly string[];
  /** Keys that live when it is done: the one in use, and the old one until it is retired. */
  readonly keysLeft: 1 | 2;
  /** Which key is in use when it is done: one that it made, or one of the existing ones, oldest first. */
  readonly keyInUse: "made" | 0 | 1;
}

/** A command line that is cut off. */
export interface Command {
  readonly command: "setup" | "rotate" | "remove";
  readonly arguments: readonly string[];
}

const runs = { setup, rotate, remove };

/** Runs the command of a start. */
export function runOf(start: Command, sandbox: Sandbox, options: RunOptions = {}): Promise<Run> {
  return runs[start.command](sandbox, start.arguments, options);
}

/** Before any setup. */
export const nothing: State = {};

/** The secret of another registry, to merge into. */
const merging: State = {
  from: nothing,
  prepare(sandbox) {
    const auths = { "other.example": { username: "u", password: "p" } };
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "acr-secret", namespace: "awesomeapps", labels: { team: "a" } },
      data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
    });
  },
};

/** One key, in five secrets. */
export const setUp: State = {
  from: nothing,
  prepare: (sandbox) => expectDone(setup(sandbox, inFiveNamespaces)),
};

const expired: State = { from: setUp, prepare: letKeysExpire };

/**
 * Two keys, one of which is to be retired, in five secrets, one of which holds another host, and five service
 * accounts.
 */
export const everything: State = {
  from: merging,
  async prepare(sandbox) {
    await expectDone(setup(sandbox, [...inFiveNamespaces, "--adopt", "--service-account", "default"]));
    await expectDone(rotate(sandbox));
  },
};

/** A new key in use, and the old one not to be retired yet. */
const pending: State = { from: setUp, prepare: (sandbox) => expectDone(rotate(sandbox)) };

const due: State = { from: pending, prepare: letGraceEnd };

async function expectDone(running: Promise<Run>): Promise<void> {
  const run = await running;
  if (run.code !== 0) throw new Error(run.stderr);
}

/** Moves the whole life of every key into the past. */
function letKeysExpire(sandbox: Sandbox): void {
  for (const key of livePasswords(sandbox)) {
    const lifeMs = Date.parse(key.endDateTime) - Date.parse(key.startDateTime);
    const end = Date.now() - 1_000;
    const dates = { startDateTime: new Date(end - lifeMs), endDateTime: new Date(end) };
    for (const [name, date] of Object.entries(dates)) Object.assign(key, { [name]: date.toISOString() });
  }
}

/** Edits the text of every secret's marks behind the API server's back. */
export function editMarks(sandbox: Sandbox, edit: (text: string) => string): void {
  for (const { metadata } of sandbox.world.clusters[0]?.objects["secrets"] ?? []) {
    const { annotations } = metadata;
    const text = annotations?.["acr-pull/entries"];
    if (annotations && text !== undefined) annotations["acr-pull/entries"] = edit(text);
  }
}

/** Makes every retirement due. */
export function letGraceEnd(sandbox: Sandbox): void {
  const moment = new Date(Date.now() - 1_000).toISOString();
  editMarks(sandbox, (text) => text.replaceAll(/"after":"[^"]*"/g, `"after":"${moment}"`));
}

const atOnce = ["--settle", "0s"];

/** Starts that differ in what `setup` has to do: everything, merge, recover. */
export const setupStarts = {
  nothing: {
    name: "nothing there",
    state: nothing,
    command: "setup",
    arguments: inFiveNamespaces,
    keysLeft: 1,
    keyInUse: "made",
  },
  merging: {
    name: "a secret of another registry to merge into",
    state: merging,
    command: "setup",
    arguments: [...inFiveNamespaces, "--adopt"],
    keysLeft: 1,
    keyInUse: "made",
  },
  expired: {
    name: "a key that has expired",
    state: expired,
    command: "setup",
    arguments: inFiveNamespaces,
    keysLeft: 1,
    keyInUse: "made",
  },
} satisfies Record<string, Start>;

/** A whole rotation in one command, and the parts of an ordinary one. */
export const rotateStarts = {
  compromised: {
    name: "a key that has leaked",
    state: setUp,
    command: "rotate",
    arguments: ["--compromised", ...inFiveNamespaces, ...atOnce],
    keysLeft: 1,
    keyInUse: "made",
  },
  ordinary: {
    name: "a key to be renewed",
    state: setUp,
    command: "rotate",
    arguments: [],
    keysLeft: 2,
    keyInUse: "made",
  },
  finish: {
    name: "an old key to be retired",
    state: due,
    command: "rotate",
    arguments: ["--finish", ...atOnce],
    keysLeft: 1,
    keyInUse: 1,
  },
  expired: {
    name: "a key that has expired",
    state: expired,
    command: "rotate",
    arguments: ["--if-due"],
    keysLeft: 1,
    keyInUse: "made",
  },
} satisfies Record<string, Start>;

export const allStarts: readonly Start[] = [...Object.values(setupStarts), ...Object.values(rotateStarts)];
