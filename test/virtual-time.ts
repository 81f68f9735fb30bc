import { openAzure, openDirectory } from "../src/azure/azure.ts";
import { remove } from "../src/core/remove/flow.ts";
import type { RemoveInput, RemoveOutcome } from "../src/core/remove/contract.ts";
import { rotate } from "../src/core/rotate/flow.ts";
import type { Finished } from "../src/core/ending.ts";
import type { RotateInput, RotateOutcome } from "../src/core/rotate/contract.ts";
import { setup } from "../src/core/setup/flow.ts";
import { status } from "../src/core/status/flow.ts";
import type { StatusInput, StatusResult } from "../src/core/status/contract.ts";
import type { SetupInput, SetupOutcome } from "../src/core/setup/contract.ts";
import type { ProgressEvent } from "../src/core/progress.ts";
import { ActionableError } from "../src/domain/errors.ts";
import { createCluster } from "../src/kubernetes/cluster-client.ts";
import { loadKubeconfig } from "../src/kubernetes/kubeconfig.ts";
import { readAnswers, type GivenOptions } from "../src/cli/options/answers.ts";
import { removeOptions } from "../src/cli/remove/options.ts";
import { rotateInput, rotateOptions } from "../src/cli/rotate/options.ts";
import { setupOptions } from "../src/cli/setup/options.ts";
import { statusOptions } from "../src/cli/status/options.ts";
import { suggester } from "../src/cli/show/suggester.ts";
import { processIdentity } from "../src/cli/this-machine.ts";
import { PullClient } from "../src/registry/pull-client.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { trustInProcess } from "./trust-in-process.ts";
import { VirtualClock } from "./virtual-clock.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

const nothing: GivenOptions = new Map();
const suggest = suggester({ program: "acr-pull", given: nothing, environment: {} });

/** The input of `setup`, unless a test says otherwise. */
const setupDefaults: SetupInput = {
  ...readAnswers(setupOptions, nothing),
  registry: { kind: "name", name: "myregistry" },
  knownPassword: undefined,
  suggest,
  namespaces: ["awesomeapps"],
  expiresInMs: 180 * day,
};

/** The input of `rotate`, unless a test says otherwise. */
const rotateDefaults: RotateInput = rotateInput(readAnswers(rotateOptions, nothing), suggest);

/** The input of `remove`, unless a test says otherwise. */
const removeDefaults: RemoveInput = {
  ...readAnswers(removeOptions, nothing),
  registry: { kind: "name", name: "myregistry" },
  settleMs: 49_000,
  suggest,
};

/** The input of `status`, unless a test says otherwise. */
const statusDefaults: StatusInput = readAnswers(statusOptions, nothing);

/** The flows in this process, against a sandbox in this process, in time that passes as fast as they can work. */
export interface VirtualRun {
  readonly clock: VirtualClock;
  /** What the flows reported, oldest first. */
  readonly told: readonly ProgressEvent[];
  /** One run of `setup`, approved in advance, with connections of its own as a process would have them. */
  setup(input?: Partial<SetupInput>, contexts?: readonly string[]): Promise<SetupOutcome>;
  /** One run of `rotate`, likewise. */
  rotate(input?: Partial<RotateInput>, contexts?: readonly string[]): Promise<RotateOutcome>;
  /** One run of `remove`, likewise. */
  remove(input?: Partial<RemoveInput>, contexts?: readonly string[]): Promise<RemoveOutcome>;
  /** One run of `status`, likewise; signed in to Azure or not. */
  status(input?: Partial<StatusInput>, signedIn?: boolean): Promise<Finished<StatusResult>>;
  /** Lets time pass while nobody runs anything. */
  advance(milliseconds: number): void;
  /** Gives the process its real time and its own trust back. The caller closes the sandbox. */
  end(): void;
}

/**
 * Begins virtual time. The sandbox must have been started before, because its certificates are valid in real time.
 * @param signal the signal of all runs
 */
export function virtualRun(sandbox: Sandbox, signal: AbortSignal = new AbortController().signal): VirtualRun {
  const clock = new VirtualClock(sandbox.requests);
  const distrust = trustInProcess(sandbox.caPath);
  const told: ProgressEvent[] = [];
  const conversation = {
    report: (event: ProgressEvent) => void told.push(event),
    approve: () => Promise.resolve(true),
  };
  const azureOptions = (timeoutMs: number) => ({
    cloud: sandbox.world.azureUrl,
    auth: "environment" as const,
    tenant: undefined,
    env: sandbox.environment,
    onDeviceCode: () => {},
    timeoutMs,
  });
  /** The ports, as connect.ts joins them. */
  const commonPorts = async (timeoutMs: number, contexts: readonly string[]) => {
    const kubeconfig = await loadKubeconfig(
      { file: sandbox.kubeconfigPath, env: {} },
      new AbortController().signal,
    );
    return {
      clusters: contexts.map((context) => ({
        cluster: createCluster(kubeconfig, context, { timeoutMs }),
        defaultNamespace: "default",
      })),
      pullProof: new PullClient({ variables: {}, timeoutMs }),
      clock,
      process: processIdentity(process.pid),
    };
  };

  return {
    clock,
    told,
    async setup(some = {}, contexts = ["sandbox"]) {
      const input = { ...setupDefaults, ...some };
      const ports = {
        ...(await commonPorts(input.timeoutMs, contexts)),
        azure: await openAzure(azureOptions(input.timeoutMs), signal),
        files: { write: () => Promise.reject(new TypeError("no file was asked for")) },
      };
      return setup(input, ports, conversation, signal);
    },
    async rotate(some = {}, contexts = ["sandbox"]) {
      const input = { ...rotateDefaults, ...some };
      const ports = {
        ...(await commonPorts(input.timeoutMs, contexts)),
        azure: await openDirectory(azureOptions(input.timeoutMs), signal),
      };
      return rotate(input, ports, conversation, signal);
    },
    async remove(some = {}, contexts = ["sandbox"]) {
      const input = { ...removeDefaults, ...some };
      const ports = {
        ...(await commonPorts(input.timeoutMs, contexts)),
        azure: await openAzure(azureOptions(input.timeoutMs), signal),
      };
      return remove(input, ports, conversation, signal);
    },
    async status(some = {}, signedIn = true) {
      const { clusters, process } = await commonPorts(rotateDefaults.timeoutMs, ["sandbox"]);
      const directory = async () => {
        if (!signedIn) throw new ActionableError("Nobody is signed in.", { code: "azure.not-signed-in" });
        return (await openDirectory(azureOptions(rotateDefaults.timeoutMs), signal)).directory;
      };
      const azure = () => openAzure(azureOptions(rotateDefaults.timeoutMs), signal);
      const ports = { clusters, clock, process, directory, azure };
      return status({ ...statusDefaults, ...some }, ports, conversation, signal);
    },
    advance: (milliseconds) => {
      clock.advance(milliseconds);
    },
    end() {
      clock.end();
      distrust();
    },
  };
}
