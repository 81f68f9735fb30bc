import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { load as parseYaml } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import { runSafely } from "../canary.ts";
import type { Run, RunOptions } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { addSecret, ownApplication, pullSecrets, rotate } from "./rotation.ts";

/** A failure that must come before anything is written, and how to bring it about in the sandbox that all share. */
interface Scenario {
  readonly what: string;
  readonly exit: number;
  readonly code: string;
  /** Parts of the message and of the hint. */
  readonly says: ReadonlyArray<string | RegExp>;
  readonly retryable?: boolean;
  /** Whether nobody can tell before it is tried: then all is as it was afterwards. */
  readonly tried?: boolean;
  readonly args?: readonly string[];
  readonly env?: (sandbox: Sandbox) => RunOptions["env"] | Promise<RunOptions["env"]>;
  readonly faults?: readonly FaultOptions[];
  /** Changes the world; what is returned changes it back. */
  readonly arrange?: (sandbox: Sandbox) => () => void;
}

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  setUp(sandbox);
});
afterAll(() => sandbox.close());

/** Sets a property, and back. */
function change<T extends object, K extends keyof T>(target: T, key: K, value: T[K]): () => void {
  const before = target[key];
  target[key] = value;
  return () => {
    target[key] = before;
  };
}

const userOf = (one: Sandbox) => one.world.clusters[0]!.users[0]!;

/** The tenant limits how long a password may live, and says so. */
function capLifeAt90Days({ world: { policy } }: Sandbox): () => void {
  Object.assign(policy, { maxPasswordLifetime: "P90D", readable: true });
  return () => {
    delete policy.maxPasswordLifetime;
    delete policy.readable;
  };
}

const scenarios: readonly Scenario[] = [
  {
    what: "a cluster whose secrets hold no key of ours",
    exit: 2,
    code: "rotate.nothing-found",
    args: ["--context", "sandbox-staging"],
    says: ["sandbox-staging", "acr-pull setup"],
  },
  {
    what: "a grace that a key which lives as long as the one before does not live to see",
    exit: 2,
    code: "rotate.grace-too-long",
    args: ["--grace", "180d"],
    says: ["180d", "--expires-in", "--grace"],
  },
  {
    what: "a grace that a key which lives as long as the tenant has come to allow does not live to see",
    exit: 2,
    code: "rotate.grace-too-long",
    args: ["--grace", "90d"],
    says: ["live 90d, as long as the tenant allows", "a shorter --grace"],
    arrange: capLifeAt90Days,
  },
  {
    what: "a grace that a key which lives as long as it may does not live to see",
    exit: 2,
    code: "rotate.grace-too-long",
    args: ["--grace", "100d", "--expires-in", "max"],
    says: ["live 90d, as long as the tenant allows", "a shorter --grace"],
    arrange: capLifeAt90Days,
  },
  {
    what: "a tenant that allows no passwords",
    exit: 3,
    code: "directory.passwords-forbidden",
    says: ["allows no passwords", "exemption"],
    arrange: ({ world: { policy } }) => {
      Object.assign(policy, { passwordsForbidden: true, readable: true });
      return () => {
        delete policy.passwordsForbidden;
        delete policy.readable;
      };
    },
  },
  {
    what: "a registry that no secret holds a key for",
    exit: 2,
    code: "rotate.nothing-found",
    args: ["--registry", "abacregistry"],
    says: ["sandbox"],
  },
  {
    what: "a namespace that no secret with a key is in",
    exit: 2,
    code: "rotate.nothing-found",
    args: ["-n", "default"],
    says: ["-n"],
  },
  {
    what: "a selector that no namespace fits",
    exit: 2,
    code: "namespace.none-selected",
    args: ["--namespace-selector", "team=none"],
    says: ["team=none"],
  },
  {
    what: "a context that there is not",
    exit: 2,
    code: "kubernetes.context-not-found",
    args: ["--context", "nowhere"],
    says: ["nowhere"],
  },
  {
    what: "a caller who does not own the application",
    exit: 3,
    code: "directory.not-owner",
    says: ["may not add a password", /owner/],
    tried: true,
    arrange: (one) => change(ownApplication(one), "owners", [] as never),
  },
  {
    what: "an application that is gone",
    exit: 2,
    code: "service-principal.not-found",
    says: ["sandbox/awesomeapps/acr-secret"],
    arrange: (one) => {
      const application = ownApplication(one);
      application.removedAt = Date.now() - 3_600_000;
      return () => delete application.removedAt;
    },
  },
  {
    what: "a registry whose firewall refuses this machine",
    exit: 2,
    code: "registry.firewall",
    says: ["--proof entra"],
    arrange: (one) => change(one.world.registries[0]!, "firewalled", true),
  },
  {
    what: "a caller who cannot sign in",
    exit: 3,
    code: "azure.not-signed-in",
    says: ["AADSTS7000215"],
    env: () => ({ AZURE_CLIENT_SECRET: "wrong" }),
  },
  {
    what: "a cluster that forbids even the secrets of the namespace",
    exit: 3,
    code: "kubernetes.forbidden",
    args: ["-n", "awesomeapps"],
    says: ["secrets"],
    arrange: (one) => change(userOf(one), "rules", [{ verbs: ["get"], resources: ["namespaces"] }]),
  },
  {
    what: "a secret that may be read and not written",
    exit: 2,
    code: "rotate.holder-unwritable",
    says: ["sandbox/awesomeapps/acr-secret", /cannot patch resource/],
    arrange: (one) => change(userOf(one), "rules", [{ verbs: ["get", "list"], resources: ["*"] }]),
  },
  {
    what: "a cluster that does not answer",
    exit: 1,
    code: "kubernetes.unreachable",
    says: ["sandbox"],
    retryable: true,
    env: async (one) => {
      const path = join(one.folder, "unreachable");
      const { server } = one.world.clusters[0]!;
      const kubeconfig = await readFile(one.kubeconfigPath, "utf8");
      await writeFile(path, kubeconfig.replace(server, "https://localhost:1"));
      return { KUBECONFIG: path };
    },
  },
  {
    what: "a directory that fails again and again",
    exit: 1,
    code: "azure.failed",
    says: ["Could not read the application", "again later"],
    retryable: true,
    args: ["--timeout", "3s"],
    faults: [{ match: "GET .*/applications", status: 503, times: 99 }],
  },
  {
    what: "a lifetime that the tenant does not allow",
    exit: 3,
    code: "directory.password-lifetime",
    says: ["90d", "400d"],
    args: ["--expires-in", "400d"],
    arrange: capLifeAt90Days,
  },
  {
    what: "another run at work",
    exit: 1,
    code: "busy",
    says: ["sandbox/awesomeapps/acr-secret"],
    retryable: true,
    args: ["--wait-busy", "1s"],
    arrange: (one) => {
      const { annotations } = one.world.clusters[0]!.objects["secrets"]![0]!.metadata;
      const before = annotations!["acr-pull/entries"]!;
      const marks = JSON.parse(before) as Record<string, object>;
      const holder = { host: "elsewhere", boot: "b", pid: 1 };
      const pending = { operation: "o", holder, renewedAt: new Date().toISOString() };
      for (const mark of Object.values(marks)) Object.assign(mark, { pending });
      annotations!["acr-pull/entries"] = JSON.stringify(marks);
      return () => void (annotations!["acr-pull/entries"] = before);
    },
  },
];

/** Runs rotate as a scenario says, and counts the requests that asked for a change. */
async function attempt(
  { args = [], env, faults = [], arrange }: Scenario,
  output = "json",
): Promise<{ run: Run; writes: number }> {
  const restore = arrange?.(sandbox) ?? (() => undefined);
  sandbox.setFaults(faults);
  const before = sandbox.requests.mutating().length;
  try {
    const run = await rotate(sandbox, [...args, "-o", output], { env: (await env?.(sandbox)) ?? {} });
    return { run, writes: sandbox.requests.mutating().length - before };
  } finally {
    restore();
    sandbox.setFaults([]);
  }
}

/** What the secrets hold and say. */
const contents = () =>
  pullSecrets(sandbox).map(({ data, metadata }) => ({ data, annotations: { ...metadata.annotations } }));

describe("rotate is refused for", () => {
  it.each(scenarios)(
    "$what: says so in one document, with what to do, and writes nothing",
    async (scenario) => {
      const before = contents();
      const { run, writes } = await attempt(scenario);
      expect(contents()).toEqual(before);
      const { error, ...document } = run.json;
      const seen = JSON.stringify(error, undefined, 1);
      expect([run.code, error?.code, writes], `${seen}\n${run.stderr}`).toEqual([
        scenario.exit,
        scenario.code,
        scenario.tried ? writes : 0,
      ]);
      expect(document).toMatchObject({
        schemaVersion: 1,
        command: "rotate",
        ok: false,
        exitCode: scenario.exit,
      });
      for (const part of scenario.says) expect(`${error.message}\n${error.hint}`).toMatch(part);
      expect(error.retryable).toBe(scenario.retryable ?? false);
      expect(run.stderr).toContain("error: ");
    },
  );

  it("the same reason in YAML as in JSON", async () => {
    const [scenario] = scenarios as [Scenario];
    const json = (await attempt(scenario)).run.json;
    expect(parseYaml((await attempt(scenario, "yaml")).run.stdout)).toEqual(json);
  });

  it("want of --yes where nobody can be asked, before any request", async () => {
    const before = sandbox.requests.entries.length;
    const run = await runSafely(sandbox, ["rotate", "-o", "json"]);
    expect([run.code, run.json.error.code]).toEqual([2, "usage.missing-input"]);
    expect(run.json.error.message).toContain("--yes");
    expect(sandbox.requests.entries.length).toBe(before);
  });

  it("one secret of two, and then names both reasons", async () => {
    for (const name of ["one", "two"]) addSecret(sandbox, { namespace: "default", name });
    const run = await rotate(sandbox);
    expect([run.code, run.json.error.code]).toEqual([2, "rotate.holder-unwritable"]);
    for (const name of ["one", "two"]) expect(run.json.error.message).toContain(`sandbox/default/${name}`);
  });
});
