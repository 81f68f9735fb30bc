import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addObject } from "./add-object.ts";
import { writeAzConfiguration } from "./az-configuration.ts";
import { createAzureService } from "./azure-service.ts";
import { startConnectProxy } from "./connect-proxy.ts";
import { createCertificateAuthority } from "./certificate-authority.ts";
import { createContainerRegistry } from "./container-registry/container-registry.ts";
import type { Environment } from "./environment.ts";
import { FaultInjector, readFaults, type FaultOptions } from "./faults.ts";
import { listen } from "./https-server.ts";
import { Invariants, type Violation } from "./invariants.ts";
import { jobEnvironment } from "./job/job-environment.ts";
import { kubeconfigText } from "./kubernetes/kubeconfig-file.ts";
import { createKubernetesApi } from "./kubernetes/kubernetes-api.ts";
import { createIdSource } from "./new-id.ts";
import { newWorld } from "./new-world.ts";
import { RequestLog, type RequestObserver } from "./request-log.ts";
import type { Service } from "./service.ts";
import type { KubernetesObject, World } from "./world.ts";
import { readSandboxOptions, type Manifest, type SandboxOptions } from "./world-options.ts";

/** A running sandbox: Azure, registries and clusters on loopback ports. */
export interface Sandbox {
  /** Everything that the services know. They see changes to it at once. */
  readonly world: World;
  readonly requests: RequestLog;
  /** The variables that lead a program into it. */
  readonly environment: Environment;
  readonly kubeconfigPath: string;
  /** The certificate authority's certificate, PEM. */
  readonly caPath: string;
  /** Its own folder, readable by its user alone, removed when the sandbox is closed. */
  readonly folder: string;
  /** The checks that `checkInvariants` turns on, and what they have found. */
  readonly invariants: Invariants;
  readonly violations: readonly Violation[];
  /**
   * Replaces the injected faults, and starts counting again.
   * @throws SandboxOptionsError that names each wrong field
   */
  setFaults(faults: readonly FaultOptions[]): void;
  /** Adds an observer of requests. Returns a function that removes it. */
  observe(observer: RequestObserver): () => void;
  /**
   * Puts an object into a cluster as `kubectl create` does, without a request.
   * @param context the context that names the cluster
   * @throws SandboxOptionsError for an object that the API server would refuse
   */
  addObject(context: string, manifest: Manifest): KubernetesObject;
  /** Ends every connection and removes the folder. */
  close(): Promise<void>;
}

/**
 * Starts a sandbox in this process.
 * @throws SandboxOptionsError that names every wrong option
 * @throws Error from Node (`EADDRINUSE`, `EACCES`) if the port that was asked for is not available
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const settings = readSandboxOptions(options, "options of the sandbox");
  const { world, contexts } = newWorld(settings);
  const requests = new RequestLog();
  const faults = new FaultInjector(settings.faults);
  const invariants = new Invariants(world);
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-sandbox-"));
  const closers: Array<() => Promise<void>> = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((end) => end()));
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const authority = await createCertificateAuthority();
    const hostNames = world.clusters.flatMap(({ hostName }) => hostName ?? []);
    const identity = await authority.issue(...hostNames);
    const serve = async (
      service: Service,
      extra: { port?: number; latencyMs?: number; hostName?: string } = {},
    ): Promise<string> => {
      const listener = await listen(service, { identity, log: requests, faults, ...extra });
      closers.push(() => listener.close());
      return `localhost:${listener.port}`;
    };
    const azure = { port: settings.port, latencyMs: settings.latency };
    world.azureUrl = `https://${await serve(createAzureService(world), azure)}`;
    await allStarted(
      world.registries.map(async (registry) => {
        if (settings.registryServer === "builtin") {
          registry.loginServer = await serve(createContainerRegistry(world, registry));
          return;
        }
        const { startDockerRegistry } = await import("./container-registry/docker-registry.ts");
        const real = await startDockerRegistry(world, registry, serve);
        closers.push(() => real.close());
      }),
    );
    const named = new Map<string, number>();
    await allStarted(
      world.clusters.map(async (cluster) => {
        const { hostName } = cluster;
        const address = await serve(createKubernetesApi(world, cluster), hostName ? { hostName } : {});
        cluster.server = `https://${hostName === undefined ? address : `${hostName}:443`}`;
        if (hostName !== undefined) named.set(`${hostName}:443`, Number(address.split(":")[1]));
      }),
    );
    if (named.size > 0) {
      const proxy = await startConnectProxy(named);
      closers.push(() => proxy.close());
      for (const cluster of world.clusters) {
        if (cluster.hostName !== undefined) cluster.proxyUrl = `http://127.0.0.1:${proxy.port}`;
      }
    }

    const caPath = join(folder, "ca.pem");
    const kubeconfigPath = join(folder, "kubeconfig");
    const azureConfigDir = join(folder, "azure");
    await Promise.all([
      writeFile(caPath, authority.certificate, { mode: 0o600 }),
      writeFile(kubeconfigPath, kubeconfigText(contexts, authority.certificate), { mode: 0o600 }),
      writeAzConfiguration(azureConfigDir, world),
    ]);
    if (settings.checkInvariants) invariants.watch();
    const { tenantId, caller, job } = world;
    const signIn = job
      ? await jobEnvironment(world, job)
      : {
          AZURE_TENANT_ID: tenantId,
          AZURE_CLIENT_ID: caller.appId,
          AZURE_CLIENT_SECRET: caller.secretText,
        };

    return {
      world,
      requests,
      environment: {
        ACR_PULL_CLOUD: world.azureUrl,
        ...signIn,
        AZURE_SUBSCRIPTION_ID: world.subscriptions[0]?.subscriptionId ?? "",
        KUBECONFIG: kubeconfigPath,
        NODE_EXTRA_CA_CERTS: caPath,
        SSL_CERT_FILE: caPath,
        REQUESTS_CA_BUNDLE: caPath,
        NO_PROXY: "localhost,127.0.0.1,::1",
        AZURE_CONFIG_DIR: azureConfigDir,
        AZURE_CORE_INSTANCE_DISCOVERY: "false",
        AZURE_CORE_COLLECT_TELEMETRY: "no",
      },
      kubeconfigPath,
      caPath,
      folder,
      invariants,
      violations: invariants.violations,
      setFaults(list) {
        faults.set(readFaults(list, "faults"));
      },
      observe: (observer) => requests.observe(observer),
      addObject(context, manifest) {
        const cluster = world.clusters.find((one) => one.context === context);
        if (!cluster) throw new RangeError(`no cluster ${context}`);
        return addObject(cluster, manifest, createIdSource(undefined));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits for all, even if one fails, so that everything that has started can be ended. */
async function allStarted(starts: ReadonlyArray<Promise<void>>): Promise<void> {
  const outcomes = await Promise.allSettled(starts);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
