import { guardSecrets } from "./cli/guard-secrets.ts";
import { checkProxyVariables } from "./cli/proxy-variables.ts";
import { systemClock } from "./cli/system-clock.ts";
import type { HostProcess } from "./cli/command.ts";
import type {
  AzureConnection,
  AzureRequest,
  ClusterRequest,
  Connect,
  Connections,
  DirectoryConnection,
  SetupRequest,
} from "./cli/connections.ts";
import type { ReadTarget, VerifyAzure } from "./core/verify/contract.ts";
import type { WritableClusterTarget } from "./core/ports.ts";
import type { Report } from "./core/progress.ts";
import { refused } from "./domain/errors.ts";
import { Once } from "./domain/once.ts";
import type { AzureOptions } from "./azure/directory-services.ts";
import type { Kubeconfig } from "./kubernetes/kubeconfig.ts";

/** Joins the clients to what the flows need; each is loaded when it is first asked for. */
export function connectWith({ env, execArgv, pid }: Pick<HostProcess, "env" | "execArgv" | "pid">): Connect {
  return (report, signal) => {
    const opened = new Once();
    // Before anything is read that is secret, or asked of anybody.
    const guard = () =>
      opened.do("environment", undefined, async () => {
        for (const text of guardSecrets({ env, execArgv })) report({ kind: "note", level: "warning", text });
        checkProxyVariables(env);
      });
    const hearing = { report, onPluginStart: pluginNotice(report) };
    const kubeconfig = (file: string | undefined) =>
      opened.do("kubeconfig", file, async () => {
        const { loadKubeconfig } = await import("./kubernetes/kubeconfig.ts");
        const loaded = await loadKubeconfig({ file, env }, signal);
        // Thrown here, so that another try reads the file anew.
        checkContexts(loaded);
        return loaded;
      });
    const openClusters = async ({ contexts, ...request }: ClusterRequest) => {
      await guard();
      const loaded = await kubeconfig(request.kubeconfig);
      const chosen = contexts.length > 0 ? contexts : [currentContext(loaded)];
      return Promise.all(
        chosen.map((context) =>
          opened.do("cluster", { context, request }, () => openCluster(loaded, context, request, hearing)),
        ),
      );
    };
    // What every run that writes works with. Azure comes after it: what is wrong with the kubeconfig is refused before
    // any request.
    const writing = async (request: ClusterRequest) => {
      await guard();
      const [clusters, { PullClient }, { processIdentity }] = await Promise.all([
        openClusters(request),
        import("./registry/pull-client.ts"),
        import("./cli/process-identity.ts"),
      ]);
      return {
        clusters,
        pullProof: new PullClient({ variables: env, timeoutMs: request.timeoutMs }),
        clock: systemClock,
        process: processIdentity(pid),
      };
    };
    const connections: Connections = {
      azure: ({ cloud, tenant, auth, timeoutMs }) => {
        // These alone, in this order: what else a caller's request holds must not make a person sign in twice.
        const request = { cloud, tenant, auth, timeoutMs };
        return opened.do("azure", request, async () => {
          await guard();
          return await openAzure(request, env, report, signal);
        });
      },
      directory: ({ cloud, tenant, auth, timeoutMs }) => {
        const request = { cloud, tenant, auth, timeoutMs };
        return opened.do("directory", request, async () => {
          await guard();
          return await openDirectory(request, env, report, signal);
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
      setup: async ({ azure, clusters: request }) => {
        const [ports, { credentialsFile }] = await Promise.all([
          writing(request),
          import("./cli/credentials-file.ts"),
          azure.kind === "signed-in" ? import("./azure/azure.ts") : undefined,
        ]);
        const signedIn = azure.kind === "signed-in" ? connections.azure(azure) : checkHome(azure, signal);
        return { ...ports, azure: await signedIn, files: credentialsFile };
      },
      rotate: async ({ azure, clusters: request }) => {
        const [ports] = await Promise.all([writing(request), import("./azure/directory-services.ts")]);
        return { ...ports, azure: await connections.directory(azure) };
      },
      status: async ({ azure, clusters: request }) => {
        await guard();
        const [clusters, { processIdentity }] = await Promise.all([
          connections.clusters(request),
          import("./cli/process-identity.ts"),
        ]);
        return {
          clusters,
          directory: async () => (await connections.directory(azure)).directory,
          clock: systemClock,
          process: processIdentity(pid),
        };
      },
      remove: async ({ azure, clusters: request }) => {
        const [ports] = await Promise.all([writing(request), import("./azure/azure.ts")]);
        return { ...ports, azure: await connections.azure(azure) };
      },
      verify: async ({ azure, clusters: { contexts, ...request } }) => {
        await guard();
        const [loaded, { PullClient }] = await Promise.all([
          kubeconfig(request.kubeconfig),
          import("./registry/pull-client.ts"),
        ]);
        const chosen = contexts.length > 0 ? contexts : [currentContext(loaded)];
        return {
          clusters: await Promise.all(
            chosen.map((context) => openCluster(loaded, context, request, hearing)),
          ),
          registry: new PullClient({ variables: env, timeoutMs: request.timeoutMs }),
          clock: systemClock,
          azure: (stop) => openReadAzure(azure, env, report, stop),
        };
      },
    };
    return connections;
  };
}

async function openAzure(
  request: AzureRequest,
  env: HostProcess["env"],
  report: Report,
  signal: AbortSignal,
): Promise<AzureConnection> {
  const [{ openAzure }, { createAzureHttp }] = await Promise.all([
    import("./azure/azure.ts"),
    import("./azure/azure-http.ts"),
  ]);
  const http = createAzureHttp({ variables: env, timeoutMs: request.timeoutMs });
  // Whoever asks Azure first asks a cluster next.
  http.underWay.then(() => import("./kubernetes/typed-api.ts")).catch(() => {});
  const { credential, ...clients } = await openAzure(azureOptions(request, env, report), signal, http);
  return { ...clients, method: credential.method };
}

async function openDirectory(
  request: AzureRequest,
  env: HostProcess["env"],
  report: Report,
  signal: AbortSignal,
): Promise<DirectoryConnection> {
  const { openDirectory } = await import("./azure/directory-services.ts");
  const { credential, ...clients } = await openDirectory(azureOptions(request, env, report), signal);
  return { ...clients, method: credential.method };
}

/** Azure as it is read: whoever is not signed in learns it from the first read. */
async function openReadAzure(
  request: AzureRequest,
  env: HostProcess["env"],
  report: Report,
  signal: AbortSignal,
): Promise<VerifyAzure> {
  const { openAzure } = await import("./azure/azure.ts");
  return openAzure(azureOptions(request, env, report), signal);
}

function azureOptions(request: AzureRequest, env: HostProcess["env"], report: Report): AzureOptions {
  const onDeviceCode: AzureOptions["onDeviceCode"] = ({ userCode, verificationUri }) => {
    const text = `To sign in, open ${verificationUri} in a browser and enter the code ${userCode} there.`;
    report({ kind: "note", level: "instruction", text });
  };
  return { ...request, env, onDeviceCode };
}

/** A password typed for a registry must not go to a host that only looks like one. */
async function checkHome(
  { cloud: cloudName, loginServer }: SetupRequest["azure"] & { readonly kind: "registry-only" },
  signal: AbortSignal,
): Promise<undefined> {
  // Only a Resource Manager could tell about a cloud that is not Microsoft's own, and none may be asked.
  if (cloudName.startsWith("https:")) return;
  const { loginServerBelongsTo, resolveCloud } = await import("./azure/cloud.ts");
  const cloud = await resolveCloud(cloudName, () => Promise.resolve(undefined), signal);
  if (loginServerBelongsTo(cloud, loginServer)) return;
  throw refused(
    "registry.foreign-host",
    `${loginServer} is no login server of ${cloud.name}, so no password is sent there.`,
    `Its login servers end in ${cloud.registrySuffixes?.join(" or ")}; name another with --cloud.`,
  );
}

/** Without a context there is no cluster to choose, whoever asks. */
function checkContexts({ contexts }: Kubeconfig): void {
  if (contexts.length > 0) return;
  throw refused(
    "kubernetes.no-current-context",
    "The kubeconfig has no contexts.",
    "Name another file with --kubeconfig, or have the tool that made the cluster write its context.",
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

/** Who hears of the programs that sign in. */
interface Hearing {
  readonly report: Report;
  readonly onPluginStart: (context: string, program: string) => void;
}

/** Tells of each program once, however many contexts sign in by it. */
function pluginNotice(report: Report): Hearing["onPluginStart"] {
  const told = new Set<string>();
  return (context, program) => {
    if (told.has(program)) return;
    told.add(program);
    const text = `context ${context} signs in by a program that its kubeconfig names: ${program} (--exec-plugins allow: this is expected; deny: never run one)`;
    report({ kind: "note", level: "info", text });
  };
}

async function openCluster(
  kubeconfig: Kubeconfig,
  context: string,
  { allowInsecureTls, execPlugins, timeoutMs, concurrency, leaveOut }: Omit<ClusterRequest, "contexts">,
  { report, onPluginStart }: Hearing,
): Promise<WritableClusterTarget & ReadTarget> {
  const { createCluster } = await import("./kubernetes/cluster-client.ts");
  const onPluginMessage = (context: string, line: string) =>
    report({ kind: "note", level: "instruction", text: `${context}: ${line}` });
  const options = {
    allowInsecureTls,
    execPlugins,
    // Who says what he expects need not be told.
    ...(execPlugins === undefined && { onPluginStart }),
    onPluginMessage,
    timeoutMs,
    concurrency,
    ...(leaveOut && { leaveOut }),
  };
  return {
    cluster: createCluster(kubeconfig, context, options),
    defaultNamespace: kubeconfig.contexts.find(({ name }) => name === context)?.namespace ?? "default",
  };
}
