import { expect } from "vitest";
import { openAzure } from "../../src/azure/azure.ts";
import { createCluster } from "../../src/kubernetes/cluster-client.ts";
import { loadKubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import { openDocuments } from "../../src/manifest/open-documents.ts";
import { PullClient } from "../../src/registry/pull-client.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { ActionableError } from "../../src/domain/errors.ts";
import { commandWords } from "../../src/domain/command-words.ts";
import type { State, StateTarget } from "../../src/domain/state.ts";
import {
  findStates,
  findStatesBeside,
  removeWork,
  rotateWork,
  setupWork,
  type IdentityWish,
  type Work,
} from "../../src/engine/jobs.ts";
import type { RemoveWish } from "../../src/engine/plan/remove.ts";
import type { RotateWish } from "../../src/engine/plan/rotate.ts";
import type { SetupWish } from "../../src/engine/plan/setup.ts";
import { run, type Outcome } from "../../src/engine/run.ts";
import { entryOf, liveAssignments, livePasswords } from "../program.ts";
import { trustInProcess } from "../trust-in-process.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** How a job ended. */
export interface Driven {
  readonly code: number;
  readonly outcome?: Outcome;
  readonly error?: ActionableError;
  /** A line for each step: result, action, kind, name, and why it was not done. */
  readonly lines: readonly string[];
  /** What was reported meanwhile. */
  readonly told: readonly string[];
}

/** What is unusual about a run. */
export interface Unusual {
  readonly dryRun?: boolean;
  readonly stateNamespace?: string;
  readonly context?: string;
  /** Where secrets are written as documents, and whether they are sealed. */
  readonly manifest?: { readonly path: string; readonly seal?: string };
  /** Interrupts it, as Ctrl-C does. */
  readonly interrupted?: AbortSignal;
}

const never = new AbortController().signal;
const graceMs = 24 * 60 * 60_000;
const nobody = { servicePrincipal: undefined, password: undefined, displayName: undefined, owners: [] };

/** The engine's jobs in this process, against a sandbox in this process, in time that passes as fast as they work. */
export class Engine {
  readonly #sandbox: Sandbox;
  readonly #distrust: () => void;
  readonly clock: VirtualClock;

  /** Begins virtual time. The sandbox was started before, because its certificates are valid in real time. */
  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.clock = new VirtualClock(sandbox.requests);
    this.#distrust = trustInProcess(sandbox.caPath);
  }

  end(): void {
    this.clock.end();
    this.#distrust();
  }

  async setup(
    namespaces: readonly string[] = ["awesomeapps"],
    wish: Partial<SetupWish & IdentityWish> = {},
    unusual: Unusual = {},
  ): Promise<Driven> {
    const ports = await this.#open(unusual);
    const { registries } = await ports.azure.registries.findRegistries(
      { kind: "name", name: "myregistry" },
      {},
      never,
    );
    const [registry] = registries;
    if (!registry) throw new Error("no registry");
    const targets = namespaces.map((namespace): StateTarget => ({
      namespace,
      secret: "acr-secret",
      serviceAccounts: [],
    }));
    const whole = {
      ...this.#common(unusual),
      ...nobody,
      targets,
      isBroad: false,
      createNamespaces: false,
      role: undefined,
      repositories: undefined,
      life: undefined,
      adopt: false,
      allowOwner: false,
      graceMs,
      serviceManagementReference: undefined,
      ...wish,
    };
    return this.#drive(setupWork(registry, whole, ports, never), ports, unusual);
  }

  async rotate(wish: Partial<RotateWish> = {}, unusual: Unusual = {}): Promise<Driven> {
    return this.#onState(unusual, (state, ports) =>
      rotateWork(
        state,
        {
          ...this.#common(unusual),
          mode: "now",
          life: undefined,
          graceMs,
          force: false,
          servicePrincipal: undefined,
          ...wish,
        },
        ports,
        never,
      ),
    );
  }

  async remove(wish: Partial<RemoveWish> = {}, unusual: Unusual = {}): Promise<Driven> {
    return this.#onState(unusual, (state, ports) =>
      removeWork(
        state,
        { ...this.#common(unusual), targets: undefined, force: false, servicePrincipal: undefined, ...wish },
        ports,
        never,
      ),
    );
  }

  async #onState(
    unusual: Unusual,
    work: (state: State, ports: Awaited<ReturnType<Engine["open"]>>) => Work,
  ): Promise<Driven> {
    const ports = await this.#open(unusual);
    const [state] = ports.documents
      ? await findStatesBeside(ports.documents)
      : await findStates(ports.cluster, unusual.stateNamespace ?? "acr-pull", never);
    if (!state) return { code: 0, lines: ["no state"], told: [] };
    return this.#drive(work(state, ports), ports, unusual);
  }

  open = (unusual: Unusual = {}) => this.#open(unusual);

  /** The ports, with connections of their own as a process would have them. */
  async #open({ context = "sandbox", manifest }: Unusual) {
    const { environment, kubeconfigPath, world } = this.#sandbox;
    const kubeconfig = await loadKubeconfig({ file: kubeconfigPath, env: {} }, never);
    const azure = await openAzure(
      {
        cloud: world.azureUrl,
        auth: "environment",
        tenant: undefined,
        env: environment,
        onDeviceCode: () => {},
        timeoutMs: 60_000,
      },
      never,
    );
    const told: string[] = [];
    const applied = createCluster(kubeconfig, context);
    const seal =
      manifest?.seal === undefined
        ? undefined
        : { words: commandWords(manifest.seal), variables: process.env };
    const opened = manifest && (await openDocuments({ path: manifest.path, seal, tell: () => {} }, applied));
    return {
      azure,
      pullProof: new PullClient({ variables: {}, timeoutMs: 60_000 }),
      cluster: opened?.cluster ?? applied,
      documents: opened?.documents,
      clock: this.clock,
      report: (event: object) => {
        if ("text" in event) told.push(String(event.text));
      },
      told,
    };
  }

  #common({ stateNamespace = "acr-pull" }: Unusual) {
    return { stateNamespace, proof: "registry" as const, image: undefined, timeoutMs: 600_000 };
  }

  async #drive(
    work: Work,
    { told }: { readonly told: readonly string[] },
    { dryRun = false, interrupted = never }: Unusual,
  ): Promise<Driven> {
    try {
      const outcome = await run({
        ...work,
        agree: () => Promise.resolve(true),
        isDryRun: dryRun,
        tell: () => {},
        interrupted,
        closing: () => never,
      });
      const lines = outcome.results.map(({ step, result, error, reason }) => {
        const why = error ? `: ${error.code} ${error.message}` : reason ? `: ${reason}` : "";
        return `${result} ${step.action} ${step.kind} ${step.name}${why}`;
      });
      return { code: outcome.exitCode, outcome, lines, told };
    } catch (error) {
      if (!(error instanceof ActionableError)) throw error;
      return { code: error.exitCode, error, lines: [`${error.code}: ${error.message}`], told };
    }
  }
}

/** One application, one role, the keys that the state names and no other, every target with the current password. */
export function expectOrder(sandbox: Sandbox, namespaces: readonly string[], keyCount = 1): void {
  expect(sandbox.violations).toEqual([]);
  const { applications, caller } = sandbox.world;
  const ours = applications.filter(
    ({ appId, removedAt }) => appId !== caller.appId && removedAt === undefined,
  );
  expect(ours, "applications").toHaveLength(1);
  expect(liveAssignments(sandbox), "assignments").toHaveLength(1);
  const state = stateIn(sandbox);
  const ids = (state?.keys ?? []).flatMap(({ id }) => id ?? []);
  const living = livePasswords(sandbox);
  expect(living.map(({ keyId }) => keyId).sort(), "keys").toEqual(ids.sort());
  expect(living, "keys").toHaveLength(keyCount);
  const current = living.find(({ keyId }) => keyId === state?.keys.find((key) => key.current)?.id);
  expect(state?.targets.map(({ namespace }) => namespace).sort()).toEqual([...namespaces].sort());
  for (const namespace of namespaces)
    expect(entryOf(sandbox, "myregistry", namespace)?.password, namespace).toBe(current?.secretText);
  expect(stateSecret(sandbox)?.metadata.annotations ?? {}, "the lock").not.toHaveProperty("acr-pull/lock");
}

export function stateSecret(sandbox: Sandbox) {
  return sandbox.world.clusters[0]?.objects["secrets"]?.find(
    ({ metadata }) => metadata.namespace === "acr-pull",
  );
}

/** The state as it lies in the cluster. */
export function stateIn(sandbox: Sandbox): State | undefined {
  const data = (stateSecret(sandbox) as { data?: Record<string, string> } | undefined)?.data?.["state"];
  return data === undefined ? undefined : (JSON.parse(Buffer.from(data, "base64").toString()) as State);
}
