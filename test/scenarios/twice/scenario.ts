import { randomUUID } from "node:crypto";
import { expect, type TestContext } from "vitest";
import { runHurried } from "../../canary.ts";
import type { KubernetesObject } from "../../../src/sandbox/world.ts";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";
import { exitCode } from "../../../src/domain/exit-code.ts";
import type { AccessRule } from "../../../src/sandbox/world.ts";
import { until } from "../../peers/server-process.ts";
import type { ResultDocument, Run, RunOptions } from "../../program.ts";
import { changedOver, setUp, type SetUp, type SetUpWish } from "../already-set-up.ts";
import type { ScenarioCluster } from "./clusters.ts";

/** The field manager of what a test writes itself. */
const manager = "fieldManager=test-arranger";

const plurals: Readonly<Record<string, string>> = {
  Namespace: "namespaces",
  Secret: "secrets",
  ServiceAccount: "serviceaccounts",
  Pod: "pods",
  ConfigMap: "configmaps",
  ResourceQuota: "resourcequotas",
};

type Metadata = Readonly<Record<string, unknown>> & { readonly name: string; readonly namespace?: string };

/** The sandbox of one test, and namespaces of its own in a cluster. All of it is removed with the test. */
export class Scenario {
  readonly sandbox: Sandbox;
  readonly cluster: ScenarioCluster;
  readonly #namespaces: string[] = [];

  constructor(test: Pick<TestContext, "onTestFinished">, sandbox: Sandbox, cluster: ScenarioCluster) {
    this.sandbox = sandbox;
    this.cluster = cluster;
    test.onTestFinished(async () => {
      try {
        await this.#mirror();
        expectInOrder(sandbox);
      } finally {
        await this.#clear();
        await sandbox.close();
      }
    });
  }

  /** The namespaces that the test has named so far. */
  get namespaces(): readonly string[] {
    return this.#namespaces;
  }

  /** The login server of one of the sandbox's registries. */
  loginServer(name = "myregistry"): string {
    return this.sandbox.world.registries.find((one) => one.name === name)!.loginServer;
  }

  /** A name that no namespace has. */
  newName(): string {
    const name = `acr-pull-test-${randomUUID().slice(0, 8)}`;
    this.#namespaces.push(name);
    return name;
  }

  /** A new namespace, with its service account `default`. */
  async namespace(labels: Readonly<Record<string, string>> = {}): Promise<string> {
    const name = this.newName();
    await this.add("Namespace", { name, labels });
    await until(`the account default of ${name}`, async () => {
      const { status } = await this.cluster.api("GET", `${pathOf("ServiceAccount", name)}/default`);
      return status === 200;
    });
    return name;
  }

  /** Makes an object. @throws Error with the API server's objection */
  async add(kind: string, metadata: Metadata, rest: object = {}): Promise<ResultDocument> {
    const path = pathOf(kind, metadata.namespace);
    const object = { apiVersion: "v1", kind, metadata, ...rest };
    return this.#ask("POST", `${path}?${manager}`, object);
  }

  /** Changes an object by a merge patch. */
  patch(kind: string, namespace: string, name: string, change: object): Promise<ResultDocument> {
    return this.#ask("PATCH", `${pathOf(kind, namespace)}/${name}?${manager}`, change);
  }

  async delete(kind: string, namespace: string | undefined, name: string): Promise<void> {
    await this.#ask("DELETE", `${pathOf(kind, namespace)}/${name}`);
  }

  /** An object as it is now. Undefined if there is none. */
  async find(kind: string, namespace: string | undefined, name: string): Promise<ResultDocument> {
    const { status, body } = await this.cluster.api("GET", `${pathOf(kind, namespace)}/${name}`);
    return status === 404 ? undefined : body;
  }

  /** A docker-registry secret that somebody else made. */
  addSecret(
    metadata: Metadata,
    auths: unknown = { "other.example": { username: "u", password: "p", auth: "dTpw" } },
    rest: object = {},
  ): Promise<ResultDocument> {
    const data = { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") };
    return this.add("Secret", metadata, { type: "kubernetes.io/dockerconfigjson", data, ...rest });
  }

  secret(namespace: string, name = "acr-secret"): Promise<ResultDocument> {
    return this.find("Secret", namespace, name);
  }

  /** The credentials in a secret, by host. */
  async auths(
    namespace: string,
    name?: string,
  ): Promise<Record<string, { username: string; password: string }>> {
    const secret = await this.secret(namespace, name);
    return JSON.parse(Buffer.from(secret.data[".dockerconfigjson"], "base64").toString()).auths;
  }

  /** The marks of a secret, by login server. */
  async marks(namespace: string, name?: string): Promise<Record<string, ResultDocument>> {
    const { metadata } = await this.secret(namespace, name);
    return JSON.parse(metadata.annotations?.["acr-pull/entries"] ?? "{}");
  }

  /** The names of the secrets that a service account lists. */
  async links(namespace: string, account: string): Promise<string[]> {
    const { imagePullSecrets = [] } = await this.find("ServiceAccount", namespace, account);
    return imagePullSecrets.map(({ name }: { name: string }) => name);
  }

  /** Which keys a secret holds for a registry: under its plain host, and under a second spelling beside it. */
  async keys(namespace: string, registry?: string, name?: string) {
    const auths = await this.auths(namespace, name);
    const passwords = this.sandbox.world.applications.flatMap((one) => one.passwords);
    const keyOf = (host: string) =>
      passwords.find(({ secretText }) => secretText === auths[host]?.password)?.keyId;
    const host = this.loginServer(registry);
    return { plain: keyOf(host), beside: keyOf(`https://${host}`) };
  }

  /** Adds a quota, and waits until its controller has taken it up. Nothing is counted before that. */
  async addQuota(namespace: string, hard: Readonly<Record<string, string>>): Promise<void> {
    await this.add("ResourceQuota", { name: "limit", namespace }, { spec: { hard } });
    await until("the quota is counted", async () => {
      const { status } = await this.find("ResourceQuota", namespace, "limit");
      return status?.hard !== undefined;
    });
  }

  /** Puts into these namespaces what `setup` left some days ago. */
  async setUp(namespaces: readonly string[], wish: SetUpWish = {}): Promise<SetUp> {
    this.#rebuild(namespaces);
    const made = setUp(this.sandbox, { ...wish, namespaces });
    await this.#carryOver();
    return made;
  }

  /** Puts into these namespaces what `rotate` leaves when the grace has begun. */
  async changedOver(
    namespaces: readonly string[],
    wish: Parameters<typeof changedOver>[1] = {},
  ): Promise<ReturnType<typeof changedOver>> {
    this.#rebuild(namespaces);
    const made = changedOver(this.sandbox, { ...wish, namespaces });
    await this.#carryOver();
    return made;
  }

  /** Adds a Pod that waits for an image, as its kubelet leaves it. */
  async addWaitingPod(namespace: string, wish: { readonly secrets?: readonly string[] } = {}): Promise<void> {
    const { secrets = ["acr-secret"] } = wish;
    const image = `${this.loginServer()}/my-awesome-app:v1`;
    await this.add(
      "Pod",
      { name: "app", namespace },
      {
        spec: {
          containers: [{ name: "main", image }],
          imagePullSecrets: secrets.map((name) => ({ name })),
        },
      },
    );
    const waiting = { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}"` };
    await this.cluster.reportPod(namespace, "app", {
      phase: "Pending",
      containerStatuses: [
        { name: "main", image, imageID: "", ready: false, restartCount: 0, state: { waiting } },
      ],
    });
  }

  /** The kubeconfig of a user with exactly these rights. */
  addUser(rules: readonly AccessRule[]): Promise<string> {
    return this.cluster.addUser(rules);
  }

  /**
   * Runs the program against this cluster, as JSON. Also returns what Azure and the cluster were asked to carry out.
   */
  async watched(
    args: readonly string[],
    { kubeconfig = this.cluster.kubeconfigPath, ...options }: WatchedOptions = {},
  ): Promise<{ readonly run: Run; readonly changes: readonly string[] }> {
    const before = this.sandbox.requests.entries.length;
    let run: Run | undefined;
    const inCluster = await this.cluster.changesDuring(async () => {
      run = await runHurried(this.sandbox, [...args, "-o", "json"], {
        ...options,
        env: { ...options.env, KUBECONFIG: kubeconfig },
        secrets: this.cluster.secrets,
      });
    });
    const inAzure = this.sandbox.requests
      .mutating()
      .filter(({ index, service }) => index > before && service === "azure")
      .map(({ method, path }) => `azure: ${method} ${path}`);
    return { run: run!, changes: [...inAzure, ...inCluster] };
  }

  /**
   * Plans a run, then carries it out. The plan asks for no change, and already says whether the run will be refused.
   * A refused run asks for no change either.
   */
  async run(args: readonly string[], options: WatchedOptions = {}): Promise<Run> {
    const plan = await this.watched([...args, "--dry-run"], options);
    expectUnchanged(plan.changes, ["the plan of", ...args]);
    const { run, changes } = await this.watched([...args, "--yes"], options);
    const refused = run.code === exitCode.usage || run.code === exitCode.notAllowed;
    expectForeseen(plan.run, refused ? run : undefined);
    if (refused) expectUnchanged(changes, ["the refused", ...args]);
    return run;
  }

  /** A run that only looks. */
  async look(args: readonly string[], options: WatchedOptions = {}): Promise<Run> {
    const { run, changes } = await this.watched(args, options);
    expectUnchanged(changes, args);
    return run;
  }

  /** `setup` of myregistry, unless the arguments name another registry. */
  setup(args: readonly string[], options?: WatchedOptions): Promise<Run> {
    const registry = args.includes("--registry") ? [] : ["--registry", "myregistry"];
    return this.run(["setup", ...registry, ...args], options);
  }

  /** `rotate`, with no pause between its proofs. */
  rotate(args: readonly string[] = [], options?: WatchedOptions): Promise<Run> {
    return this.run(["rotate", "--settle", "0s", ...args], options);
  }

  /** `remove` of myregistry, with no pause between its proofs. */
  remove(args: readonly string[] = [], options?: WatchedOptions): Promise<Run> {
    return this.run(["remove", "--registry", "myregistry", "--settle", "0s", ...args], options);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<ResultDocument> {
    const before = this.sandbox.violations.length;
    const answer = await this.cluster.api(method, path, body);
    if (answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    // What a test arranges is not a violation.
    this.sandbox.invariants.violations.splice(before);
    this.sandbox.invariants.watch();
    return answer.body;
  }

  /** Makes the namespaces in the sandbox's cluster too, if another cluster is tested: a secret needs them. */
  #rebuild(namespaces: readonly string[]): void {
    const { objects, context } = this.sandbox.world.clusters[0]!;
    const known = new Set(objects["namespaces"]?.map(({ metadata }) => metadata.name));
    for (const name of namespaces.filter((one) => !known.has(one))) {
      this.sandbox.addObject(context, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
  }

  /** Makes in the tested cluster what was put into the sandbox's cluster behind its back. */
  async #carryOver(): Promise<void> {
    const { objects, context } = this.sandbox.world.clusters[0]!;
    if (context === this.cluster.context) return;
    for (const { apiVersion: _version, kind: _kind, metadata, ...rest } of objects["secrets"] ?? []) {
      const { name, namespace, labels, annotations } = metadata;
      await this.add("Secret", { name, ...(namespace && { namespace }), labels, annotations }, rest);
    }
    objects["secrets"] = [];
    this.sandbox.invariants.watch();
  }

  /** Shows the sandbox what a real cluster holds, so that its checks know which keys are held. */
  async #mirror(): Promise<void> {
    const { objects, context } = this.sandbox.world.clusters[0]!;
    if (context === this.cluster.context) return;
    const { body } = await this.cluster.api("GET", "/api/v1/secrets");
    objects["secrets"] = body.items as KubernetesObject[];
  }

  /** Removes what a later test could see. */
  async #clear(): Promise<void> {
    if (this.sandbox.world.clusters[0]!.context === this.cluster.context) return;
    await Promise.all(
      this.#namespaces.map(async (namespace) => {
        for (const kind of ["ServiceAccount", "Secret", "ConfigMap"]) {
          const { body } = await this.cluster.api("GET", pathOf(kind, namespace));
          for (const { metadata } of body.items ?? []) {
            if (metadata.finalizers) {
              const path = `${pathOf(kind, namespace)}/${metadata.name}`;
              await this.cluster.api("PATCH", path, { metadata: { finalizers: null } });
            }
          }
          await this.cluster.api("DELETE", pathOf(kind, namespace));
        }
        await this.cluster.api("DELETE", `${pathOf("Namespace")}/${namespace}`);
      }),
    );
  }
}

/** How a watched run is started: as which user of the cluster, and with what input. */
export interface WatchedOptions extends Pick<RunOptions, "env" | "input"> {
  readonly kubeconfig?: string;
}

function expectInOrder({ violations, invariants }: Sandbox): void {
  expect(violations, "violations").toEqual([]);
  expect(invariants.unknownKeys(), "keys that nothing leads to").toEqual([]);
}

function expectUnchanged(changes: readonly string[], by: readonly string[]): void {
  expect(changes, `changes by ${by.join(" ")}`).toEqual([]);
}

/** A plan ends like the run that was refused, otherwise well. */
function expectForeseen(plan: Run, refused: Run | undefined): void {
  const ending = ({ code, json }: Run) => [code, json.error?.code];
  expect(ending(plan), plan.stderr).toEqual(refused ? ending(refused) : [exitCode.ok, undefined]);
}

function pathOf(kind: string, namespace?: string): string {
  const plural = plurals[kind]!;
  return namespace === undefined ? `/api/v1/${plural}` : `/api/v1/namespaces/${namespace}/${plural}`;
}
