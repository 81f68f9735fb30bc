import { randomUUID } from "node:crypto";
import {
  azureSignIn,
  clusterRequest,
  type AzureConnection,
  type AzureSignIn,
  type ClusterRequest,
  type Connect,
  type Connections,
  type DirectoryConnection,
  type ManifestRequest,
  type Workplace,
} from "./cli/connections.ts";
import type { HostProcess } from "./cli/command.ts";
import { checkProxyVariables, guardSecrets } from "./cli/guard-environment.ts";
import { processIdentity, systemClock } from "./cli/this-machine.ts";
import type { WritableClusterTarget } from "./core/ports.ts";
import type { Report } from "./core/progress.ts";
import { hasCode, refused } from "./domain/errors.ts";
import { Once } from "./domain/once.ts";
import type { AzureOptions } from "./azure/azure.ts";
import type { Kubeconfig } from "./kubernetes/kubeconfig.ts";
import type { RegistryOptions } from "./registry/registry-connection.ts";

/** Joins the clients to what the flows need. Each client is loaded when it is first asked for. */
export function connectWith({ env, pid }: Pick<HostProcess, "env" | "pid">): Connect {
  return (report, signal) => {
    const opened = new Once();
    // Runs before any secret is read and before any request.
    const guard = () => {
      guardSecrets(env);
      checkProxyVariables(env);
    };
    const listeners = { report, onPluginStart: pluginNotice(report) };
    const kubeconfig = (file: string | undefined) =>
      opened.do("kubeconfig", file, async () => {
        const { loadKubeconfig } = await import("./kubernetes/kubeconfig.ts");
        const loaded = await loadKubeconfig({ file, env }, signal);
        // Thrown here, so that another attempt reads the file again.
        checkContexts(loaded);
        return loaded;
      });
    const openClusters = async (answers: ClusterRequest) => {
      guard();
      const { contexts, ...request } = clusterRequest(answers);
      const loaded = await kubeconfig(request.kubeconfig);
      const chosen = contexts.length > 0 ? contexts : [currentContext(loaded)];
      return Promise.all(
        chosen.map((context) =>
          opened.do("cluster", { context, request }, () => openCluster(loaded, context, request, listeners)),
        ),
      );
    };
    const openPlaces = async (
      request: ManifestRequest,
    ): Promise<Pick<Workplace, "clusters" | "manifest">> => {
      const { manifest: path, sealWith: words } = request;
      if (path === undefined) return { clusters: await openClusters(request), manifest: undefined };
      const clusters = await openClusters(request).catch((error: unknown) => {
        const isUnreached = request.mayBeUnreached && hasCode(error, "kubernetes.no-current-context");
        if (!isUnreached || request.clusterId === undefined) throw error;
        return undefined;
      });
      const key = { path, words, clusters: clusterRequest(request) };
      return await opened.do("manifest", key, async () => {
        const { openManifest } = await import("./manifest/open-manifest.ts");
        const tell = (text: string) => report({ kind: "note", level: "warning", text });
        const seal = words && { words, variables: env };
        const { clusterId } = request;
        return await openManifest({ path, seal, clusterId, tell }, clusters);
      });
    };
    const operationId = randomUUID();
    const onForeignHosts = hostsNotice(report);
    const openAs = { env, report, operationId, onForeignHosts };
    const connections: Connections = {
      azure: async (answers, until) => {
        const request = azureSignIn(answers);
        const open = async () => {
          guard();
          return await openAzure(request, openAs, until ?? signal);
        };
        return await (until ? open() : opened.do("azure", request, open));
      },
      directory: (answers) => {
        const request = azureSignIn(answers);
        return opened.do("directory", request, async () => {
          guard();
          return await openDirectory(request, openAs, signal);
        });
      },
      contexts: async (file) => {
        const { currentContext: current, contexts } = await kubeconfig(file);
        return { current, contexts };
      },
      contextNames: async (file) => {
        const { contextNames } = await import("./kubernetes/context-names.ts");
        return await contextNames({ file, env }, signal);
      },
      clusters: openClusters,
      workplace: async (request, next) => {
        guard();
        const [places] = await Promise.all([openPlaces(request), next && import("./azure/azure.ts")]);
        return {
          ...places,
          pullProof: registriesOf({ variables: env, timeoutMs: request.timeoutMs }),
          clock: systemClock,
          process: processIdentity(pid),
        };
      },
      checkLoginServer,
    };
    return connections;
  };
}

/** The environment to sign in from, and where to report what a person must do for it. */
interface OpenAs extends Pick<AzureOptions, "operationId" | "onForeignHosts"> {
  readonly env: HostProcess["env"];
  readonly report: Report;
}

async function openAzure(
  request: AzureSignIn,
  openAs: OpenAs,
  signal: AbortSignal,
): Promise<AzureConnection> {
  const { openAzure } = await import("./azure/azure.ts");
  const { credential, ...clients } = await openAzure(azureOptions(request, openAs), signal);
  return { ...clients, method: credential.method };
}

async function openDirectory(
  request: AzureSignIn,
  openAs: OpenAs,
  signal: AbortSignal,
): Promise<DirectoryConnection> {
  const { openDirectory } = await import("./azure/azure.ts");
  const { credential, ...clients } = await openDirectory(azureOptions(request, openAs), signal);
  return { ...clients, method: credential.method };
}

function azureOptions(request: AzureSignIn, { report, ...openAs }: OpenAs): AzureOptions {
  const onDeviceCode: AzureOptions["onDeviceCode"] = ({ userCode, verificationUri, again }) => {
    const why = again ? "Azure demands a stronger sign-in (MFA) for this. " : "";
    const text = `${why}To sign in, open ${verificationUri} in a browser and enter the code ${userCode} there.`;
    report({ kind: "note", level: "instruction", text });
  };
  return { ...request, ...openAs, onDeviceCode };
}

/** Mentions the same hosts once, however many connections are opened to them. */
function hostsNotice(report: Report): NonNullable<AzureOptions["onForeignHosts"]> {
  const told = new Set<string>();
  return (hosts) => {
    const list = hosts.join(", ");
    if (told.has(list)) return;
    told.add(list);
    const text = `--cloud is not one of Microsoft's own: what you sign in with, and the tokens, go to ${list}`;
    report({ kind: "note", level: "info", text });
  };
}

/** Tries registries. The client is loaded for the first try, because a run calls other services before that. */
function registriesOf(options: RegistryOptions): Workplace["pullProof"] {
  const client = async () => new (await import("./registry/pull-client.ts")).PullClient(options);
  return {
    tryPull: async (...asked) => (await client()).tryPull(...asked),
    checkReachable: async (...asked) => (await client()).checkReachable(...asked),
    findPlatforms: async (...asked) => (await client()).findPlatforms(...asked),
  };
}

async function checkLoginServer(cloudName: string, loginServer: string): Promise<void> {
  // Only its Resource Manager knows the registries of another cloud, and it may not be called here.
  if (cloudName.startsWith("https:")) return;
  const { loginServerBelongsTo, resolveCloud } = await import("./azure/cloud.ts");
  const cloud = await resolveCloud(cloudName, () => Promise.resolve(undefined));
  if (loginServerBelongsTo(cloud, loginServer)) return;
  throw refused(
    "registry.foreign-host",
    `${loginServer} is not a login server of ${cloud.name}, so acr-pull sends no password there.`,
    `Its login servers end in ${cloud.registrySuffixes?.join(" or ")}; name another cloud with --cloud.`,
  );
}

/** Refuses a kubeconfig without contexts. */
function checkContexts({ contexts }: Kubeconfig): void {
  if (contexts.length > 0) return;
  throw refused(
    "kubernetes.no-current-context",
    "The kubeconfig has no contexts.",
    "Name another file with --kubeconfig, or let the tool that made the cluster write its context.",
  );
}

function currentContext({ currentContext, contexts }: Kubeconfig): string {
  if (currentContext !== undefined && currentContext !== "") return currentContext;
  const names = contexts.map(({ name }) => name).join(", ");
  throw refused(
    "kubernetes.no-current-context",
    "The kubeconfig has no current context.",
    `Name one with --context: ${names}.`,
  );
}

/** Who hears about programs that sign in to a cluster. */
interface ClusterListeners {
  readonly report: Report;
  readonly onPluginStart: (context: string, program: string) => void;
}

/** Mentions each program once, however many contexts use it. One that is on the user's PATH is no news to him. */
function pluginNotice(report: Report): ClusterListeners["onPluginStart"] {
  const told = new Set<string>();
  return (context, program) => {
    if (told.has(program)) return;
    told.add(program);
    const text = `context ${context} signs in with ${program}`;
    report({ kind: "note", level: "info", text });
  };
}

async function openCluster(
  kubeconfig: Kubeconfig,
  context: string,
  { timeoutMs }: Omit<ClusterRequest, "contexts">,
  { report, onPluginStart }: ClusterListeners,
): Promise<WritableClusterTarget> {
  const { createCluster } = await import("./kubernetes/cluster-client.ts");
  const onPluginMessage = (context: string, line: string) =>
    report({ kind: "note", level: "instruction", text: `${context}: ${line}` });
  const options = {
    onPluginStart,
    onPluginMessage,
    timeoutMs,
  };
  return {
    cluster: createCluster(kubeconfig, context, options),
    defaultNamespace: kubeconfig.contexts.find(({ name }) => name === context)?.namespace ?? "default",
  };
}
