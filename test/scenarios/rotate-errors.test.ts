import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { setUp } from "./already-set-up.ts";
import { change, expectRefusal, type Refusal, type Refused } from "./refusals.ts";
import { addSecret, ownApplication, rotate } from "./rotation.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  setUp(sandbox);
});
afterAll(() => sandbox.close());

const userOf = (one: Sandbox) => one.world.clusters[0]!.users[0]!;

/** Limits how long a password in the tenant may live, and lets acr-pull read that limit. */
function capLifeAt90Days({ world: { policy } }: Sandbox): () => void {
  Object.assign(policy, { maxPasswordLifetime: "P90D", readable: true });
  return () => {
    delete policy.maxPasswordLifetime;
    delete policy.readable;
  };
}

const scenarios: readonly Refusal[] = [
  {
    what: "a cluster whose secrets hold no key of ours",
    exit: 2,
    code: "rotate.nothing-found",
    args: ["--context", "sandbox-staging"],
    says: ["sandbox-staging"],
    hint: [
      "acr-pull setup --context sandbox-staging",
      "kubectl --context sandbox-staging get secrets --all-namespaces",
    ],
  },
  {
    what: "a grace that a key which lives as long as the one before does not live to see",
    exit: 2,
    code: "rotate.grace-too-long",
    args: ["--grace", "180d"],
    says: ["would stay for 180d", "would be valid for only 180d"],
    hint: ["shorter --grace", "--expires-in"],
  },
  {
    what: "a grace that a key which lives as long as the tenant has come to allow does not live to see",
    exit: 2,
    code: "rotate.grace-too-long",
    args: ["--grace", "90d"],
    says: ["valid for only 90d, as long as the tenant allows"],
    hint: ["a shorter --grace"],
    arrange: capLifeAt90Days,
  },
  {
    what: "a grace that a key which lives as long as it may does not live to see",
    exit: 2,
    code: "rotate.grace-too-long",
    args: ["--grace", "100d", "--expires-in", "max"],
    says: ["valid for only 90d, as long as the tenant allows"],
    hint: ["a shorter --grace"],
    arrange: capLifeAt90Days,
  },
  {
    what: "a tenant that allows no passwords",
    exit: 3,
    code: "directory.passwords-forbidden",
    says: ["allows no passwords"],
    hint: ["exemption"],
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
    hint: ["--registry"],
  },
  {
    what: "a namespace that no secret with a key is in",
    exit: 2,
    code: "rotate.nothing-found",
    args: ["-n", "default"],
    says: ["No secret in context sandbox"],
    hint: ["-n"],
  },
  {
    what: "a selector that no namespace fits",
    exit: 2,
    code: "namespace.none-selected",
    args: ["--namespace-selector", "team=none"],
    says: ["team=none"],
    hint: ["--namespace-selector"],
  },
  {
    what: "a context that there is not",
    exit: 2,
    code: "kubernetes.context-not-found",
    args: ["--context", "nowhere"],
    says: ["nowhere"],
    hint: ["sandbox, sandbox-staging"],
  },
  {
    what: "a caller who does not own the application",
    exit: 3,
    code: "directory.not-owner",
    says: ["may not add a password", /owner/],
    hint: [/owner/],
    tried: true,
    arrange: (one) => change(ownApplication(one), "owners", [] as never),
  },
  {
    what: "an application that is gone",
    exit: 2,
    code: "service-principal.not-found",
    says: ["sandbox/awesomeapps/acr-secret"],
    hint: ["--tenant", "acr-pull setup"],
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
    says: ["refuse this machine"],
    hint: ["--proof entra"],
    arrange: (one) => change(one.world.registries[0]!, "firewalled", true),
  },
  {
    what: "a caller who cannot sign in",
    exit: 3,
    code: "azure.not-signed-in",
    says: ["AADSTS7000215"],
    hint: ["AZURE_CLIENT_SECRET"],
    env: () => ({ AZURE_CLIENT_SECRET: "wrong" }),
  },
  {
    what: "a cluster that forbids even the secrets of the namespace",
    exit: 3,
    code: "kubernetes.forbidden",
    args: ["-n", "awesomeapps"],
    says: ["secrets"],
    hint: ["If the verb get on secrets is missing"],
    arrange: (one) => change(userOf(one), "rules", [{ verbs: ["get"], resources: ["namespaces"] }]),
  },
  {
    what: "a secret that may be read and not written",
    exit: 2,
    code: "rotate.holder-unwritable",
    says: ["sandbox/awesomeapps/acr-secret", /cannot patch resource/],
    hint: [
      "acr-pull setup --registry myregistry --namespace ",
      " --context sandbox --secret-name ",
      " --adopt",
    ],
    arrange: (one) => change(userOf(one), "rules", [{ verbs: ["get", "list"], resources: ["*"] }]),
  },
  {
    what: "a cluster that does not answer",
    exit: 1,
    code: "kubernetes.unreachable",
    says: ["sandbox"],
    hint: ["kubectl --context sandbox cluster-info"],
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
    says: ["Could not read the application"],
    hint: ["again later"],
    retryable: true,
    args: ["--timeout", "3s"],
    faults: [{ match: "GET .*/applications", status: 503, times: 99 }],
  },
  {
    what: "a lifetime that the tenant does not allow",
    exit: 3,
    code: "directory.password-lifetime",
    says: ["400d"],
    hint: ["--expires-in 90d"],
    args: ["--expires-in", "400d"],
    arrange: capLifeAt90Days,
  },
  {
    what: "another run at work",
    exit: 1,
    code: "busy",
    says: ["sandbox/awesomeapps/acr-secret"],
    hint: ["run the same command again"],
    retryable: true,
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

describe("rotate is refused for", () => {
  it.each(scenarios)(
    "$what: says so in one document, with what to do, and writes nothing",
    async (scenario) => {
      const run: Refused = (args, options) => rotate(sandbox, args, options);
      await expect(expectRefusal(sandbox, "rotate", scenario, run)).resolves.toBeUndefined();
    },
  );

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
