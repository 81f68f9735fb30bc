import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { AccessRule } from "../../../src/sandbox/world.ts";
import type { Run } from "../../program.ts";
import { expectDepartures } from "../removal.ts";
import { onEachCluster } from "./on-each-cluster.ts";
import type { Scenario } from "./scenario.ts";

/** The least rights of all commands according to the docs, each as a rule of its own. */
const wide = {
  "list secrets": { verbs: ["list"], resources: ["secrets"] },
  "get namespaces": { verbs: ["get"], resources: ["namespaces"] },
  "list namespaces": { verbs: ["list"], resources: ["namespaces"] },
  "create namespaces": { verbs: ["create"], resources: ["namespaces"] },
} satisfies Record<string, AccessRule>;
const inNamespaces = {
  "get secrets": { verbs: ["get"], resources: ["secrets"] },
  "create secrets": { verbs: ["create"], resources: ["secrets"] },
  "patch secrets": { verbs: ["patch"], resources: ["secrets"] },
  "delete secrets": { verbs: ["delete"], resources: ["secrets"] },
  "get serviceaccounts": { verbs: ["get"], resources: ["serviceaccounts"] },
  "patch serviceaccounts": { verbs: ["patch"], resources: ["serviceaccounts"] },
  "list serviceaccounts": { verbs: ["list"], resources: ["serviceaccounts"] },
  "list pods": { verbs: ["list"], resources: ["pods"] },
  "list events": { verbs: ["list"], resources: ["events"] },
} satisfies Record<string, AccessRule>;
type Right = keyof typeof wide | keyof typeof inNamespaces;

/** One use of the program, in a world that is made for it. */
interface Use {
  /** Makes the world. Returns the arguments of the run, without consent. */
  readonly arrange: (scenario: Scenario) => Promise<readonly string[]>;
  /** How it ends without each of these rights. */
  readonly without: Partial<Record<Right, readonly [exit: number, code: string | undefined]>>;
  /** The rights that suffice. Absent: those of `without`. */
  readonly needs?: readonly Right[];
  /** The namespaces do not exist yet, so rights in them are given everywhere. */
  readonly everywhere?: true;
  readonly looks?: true;
}

const well = [0, undefined] as const;
const forbidden = [3, "kubernetes.forbidden"] as const;

async function setUpOne(scenario: Scenario): Promise<string> {
  const namespace = await scenario.namespace();
  await scenario.setUp([namespace]);
  return namespace;
}

async function toRemove(scenario: Scenario): Promise<readonly string[]> {
  const namespace = await setUpOne(scenario);
  await scenario.patch("ServiceAccount", namespace, "default", {
    imagePullSecrets: [{ name: "acr-secret" }],
  });
  expectDepartures(scenario.sandbox, [{ namespaces: [namespace] }]);
  return ["remove", "--registry", "myregistry", "--settle", "0s"];
}

const removal: Use["without"] = {
  "patch secrets": forbidden,
  "delete secrets": forbidden,
  "list secrets": forbidden,
  "get namespaces": [2, "remove.cluster-not-known"],
  "get serviceaccounts": forbidden,
  "patch serviceaccounts": forbidden,
  "list pods": forbidden,
};

const uses: Readonly<Record<string, Use>> = {
  setup: {
    arrange: async (scenario) => ["setup", "--registry", "myregistry", "-n", await scenario.namespace()],
    without: {
      "get secrets": forbidden,
      "create secrets": forbidden,
      "patch secrets": forbidden,
      "get namespaces": [2, "cluster.id-unknown"],
    },
  },
  "setup --service-account": {
    arrange: async (scenario) => {
      const namespace = await setUpOne(scenario);
      return ["setup", "--registry", "myregistry", "-n", namespace, "--service-account", "default"];
    },
    without: {
      "get secrets": forbidden,
      "get serviceaccounts": forbidden,
      "patch serviceaccounts": forbidden,
    },
  },
  "setup --create-namespace": {
    arrange: (scenario) =>
      Promise.resolve(["setup", "--registry", "myregistry", "-n", scenario.newName(), "--create-namespace"]),
    everywhere: true,
    without: {
      "get secrets": forbidden,
      "create secrets": forbidden,
      "patch secrets": forbidden,
      "get namespaces": [2, "cluster.id-unknown"],
      "create namespaces": forbidden,
    },
  },
  "setup --namespace-selector": {
    arrange: async (scenario) => {
      const namespace = await scenario.namespace();
      const selector = `kubernetes.io/metadata.name=${namespace}`;
      return ["setup", "--registry", "myregistry", "--namespace-selector", selector];
    },
    without: {
      "get secrets": forbidden,
      "create secrets": forbidden,
      "patch secrets": forbidden,
      "get namespaces": [2, "cluster.id-unknown"],
      "list namespaces": forbidden,
    },
  },
  rotate: {
    arrange: async (scenario) => {
      await setUpOne(scenario);
      return ["rotate"];
    },
    without: {
      "get secrets": forbidden,
      "patch secrets": [2, "rotate.holder-unwritable"],
      "list secrets": forbidden,
    },
  },
  "rotate -n": {
    arrange: async (scenario) => ["rotate", "-n", await setUpOne(scenario)],
    without: { "get secrets": forbidden, "patch secrets": [2, "rotate.holder-unwritable"] },
  },
  "rotate --compromised": {
    arrange: async (scenario) => {
      const namespace = await setUpOne(scenario);
      return ["rotate", "--compromised", "-n", namespace, "--settle", "0s"];
    },
    without: {
      "get secrets": forbidden,
      "patch secrets": [2, "rotate.holder-unwritable"],
      "list secrets": [2, "rotate.cannot-see-all-namespaces"],
    },
  },
  "rotate --finish": {
    arrange: async (scenario) => {
      await scenario.changedOver([await scenario.namespace()], { due: true });
      return ["rotate", "--finish", "--settle", "0s"];
    },
    without: { "get secrets": forbidden, "patch secrets": forbidden, "list secrets": forbidden },
  },
  status: {
    arrange: async (scenario) => ["status", "-n", await setUpOne(scenario)],
    looks: true,
    without: { "get secrets": well, "list secrets": well, "get namespaces": well },
    needs: ["list secrets", "get namespaces"],
  },
  verify: {
    arrange: async (scenario) => ["verify", "-n", await setUpOne(scenario)],
    looks: true,
    without: { "get secrets": well, "list secrets": well, "list pods": well, "get namespaces": well },
    needs: ["get secrets"],
  },
  remove: {
    arrange: toRemove,
    without: {
      ...removal,
      "list serviceaccounts": forbidden,
    },
  },
  "remove --service-account": {
    arrange: async (scenario) => [...(await toRemove(scenario)), "--service-account", "default"],
    without: removal,
  },
};

/** The kubeconfig of a user with these rights, in the namespaces of a scenario. */
function someone(scenario: Scenario, { everywhere }: Use, rights: readonly Right[]): Promise<string> {
  const { namespaces } = scenario;
  const narrow = Object.entries(inNamespaces).map(([right, rule]) => [
    right,
    everywhere ? rule : { ...rule, namespaces },
  ]);
  const rules = { ...wide, ...Object.fromEntries(narrow) } as Record<Right, AccessRule>;
  return scenario.addUser(rights.map((right) => rules[right]));
}

/** How a run ended, and, if it was refused for a missing right, whether it names that right. */
function endOf({ code, json }: Run, right: Right): readonly unknown[] {
  const { error } = json;
  const said = `${error?.message} ${error?.hint}`.toLowerCase();
  const words = right.split(" ").map((word) => word.replace(/s$/, ""));
  return [code, error?.code, code === 0 || words.every((word) => said.includes(word)) || said];
}

const all = [...Object.keys(wide), ...Object.keys(inNamespaces)] as Right[];

it("the least rights are told in the docs as they are here", () => {
  const pages = ["rights", "remove"].map((page) =>
    readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), "utf8"),
  );
  const docs = pages.join("\n").replaceAll(/\s+/g, " ");
  for (const told of [
    "in each namespace: `get`, `create`, `patch` on `secrets`",
    "cluster-wide: `get` on `namespaces`",
    "and `list` on `secrets`",
    "`create` on `namespaces` for `--create-namespace`, `list` for `--namespace-selector`; `get`, `patch` on `serviceaccounts` for `--service-account`",
    "It needs what `setup` needs, and in Kubernetes also `delete` on `secrets`, `list` on `pods` and, unless `--service-account` names them, on `serviceaccounts`, and `get` and `patch` on those that are unlinked.",
  ]) {
    expect(docs).toContain(told);
  }
});

onEachCluster((open) => {
  it.for(Object.entries(uses))(
    "%s without one of its rights ends so, planned or not, asks for no change and says which it is; with them it ends well",
    async ([, use], test) => {
      const scenario = await open(test);
      const args = await use.arrange(scenario);
      const consents = use.looks ? [[]] : [["--dry-run"], ["--yes"]];
      const missing = Object.keys(use.without) as Right[];
      const ends: Record<string, readonly unknown[]> = {};
      for (const right of missing) {
        const kubeconfig = await someone(
          scenario,
          use,
          all.filter((one) => one !== right),
        );
        for (const consent of consents) {
          const { run, changes } = await scenario.watched([...args, ...consent], { kubeconfig });
          ends[[right, ...consent].join(" ")] = [...endOf(run, right), changes];
        }
      }
      const expected = missing.flatMap((right) =>
        consents.map((consent) => [[right, ...consent].join(" "), [...use.without[right]!, true, []]]),
      );
      expect(ends).toEqual(Object.fromEntries(expected));
      const kubeconfig = await someone(scenario, use, use.needs ?? missing);
      const run = await (use.looks
        ? scenario.look(args, { kubeconfig })
        : scenario.run(args, { kubeconfig }));
      expect(run.code, run.stderr + run.stdout).toBe(0);
    },
  );
});
