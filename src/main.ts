import { basename } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { HostProcess } from "./cli/command.ts";
import { enableCompileCache } from "./cli/compile-cache.ts";
import type { Connect, ConnectionRequest } from "./cli/connections.ts";
import { runProgram } from "./cli/program.ts";
import { checkProxyVariables } from "./cli/proxy-variables.ts";
import type { SetupPorts } from "./core/flows/setup-contract.ts";
import type { Report } from "./core/progress.ts";
import { refused } from "./domain/errors.ts";
import { exitCode } from "./domain/exit-code.ts";

/** Set by the build, from package.json. */
declare const __ACR_PULL_VERSION__: string;

/**
 * The program: a command line in, an exit code out. Never ends the process itself; only a second signal does.
 * @param process the process it runs in
 */
export async function main(process: HostProcess): Promise<number> {
  const unwritten: string[] = [];
  const onUnwritten = ({ code, name }: NodeJS.ErrnoException) => {
    // Whoever reads our output may stop early, as `head` does; the work goes on, as it does on a full disk.
    if (code !== "EPIPE") unwritten.push(code ?? name);
  };
  for (const stream of [process.stdout, process.stderr]) stream.on("error", onUnwritten);
  const [, script = "acr-pull", ...commandLine] = process.argv;
  const code = await runProgram(commandLine, process.env, {
    // kubectl runs its plugins by this name and is how the user typed it.
    name: basename(script).startsWith("kubectl-acr_pull") ? "kubectl acr-pull" : "acr-pull",
    version: __ACR_PULL_VERSION__,
    process,
    connect: connectWith(process),
    onStart: () => enableCompileCache(process.env, process.platform),
  });
  // A stream tells of a failed write only after its writer went on.
  await nextTurn();
  const [reason] = unwritten;
  if (reason === undefined || code !== exitCode.ok) return code;
  process.stderr.write(`error: The output could not be written (${reason}).\n`);
  return exitCode.failed;
}

/** Joins the clients to what the flows need; each is loaded when it is first asked for. */
function connectWith({ env, pid }: Pick<HostProcess, "env" | "pid">): Connect {
  return async (request, report, signal) => {
    checkProxyVariables(env);
    // The kubeconfig first: what is wrong with it is refused before any request.
    const [clusters, { PullClient }, { processIdentity }, { credentialsFile }] = await Promise.all([
      openClusters(request, env, report),
      import("./registry/pull-client.ts"),
      import("./cli/process-identity.ts"),
      import("./cli/credentials-file.ts"),
      request.azure.kind === "signed-in" ? import("./azure/azure.ts") : undefined,
    ]);
    const azure = await openAzure(request, env, report, signal);
    return {
      azure,
      clusters,
      pullProof: new PullClient(request.timeoutMs),
      clock: {
        now: () => new Date(),
        sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
      },
      process: processIdentity(pid),
      files: credentialsFile,
    };
  };
}

async function openAzure(
  { azure, cloud, timeoutMs }: ConnectionRequest,
  env: HostProcess["env"],
  report: Report,
  signal: AbortSignal,
): Promise<SetupPorts["azure"]> {
  if (azure.kind === "registry-only") {
    await checkHome(cloud, azure.loginServer, signal);
    return undefined;
  }
  const { openAzure } = await import("./azure/azure.ts");
  const onDeviceCode = ({ message }: { readonly message: string }) =>
    report({ kind: "note", level: "info", text: message });
  return await openAzure({ ...azure, cloud, env, timeoutMs, onDeviceCode }, signal);
}

/** A password typed for a registry must not go to a host that only looks like one. */
async function checkHome(cloudName: string, loginServer: string, signal: AbortSignal): Promise<void> {
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

async function openClusters(
  { kubernetes: { kubeconfig: file, contexts, allowInsecureTls }, timeoutMs }: ConnectionRequest,
  env: HostProcess["env"],
  report: Report,
): Promise<SetupPorts["clusters"]> {
  const [{ loadKubeconfig }, { createCluster }] = await Promise.all([
    import("./kubernetes/kubeconfig.ts"),
    import("./kubernetes/cluster-client.ts"),
  ]);
  const kubeconfig = await loadKubeconfig({ file, env });
  const chosen = contexts.length > 0 ? contexts : [kubeconfig.currentContext ?? ""];
  if (chosen.includes("")) {
    const names = kubeconfig.contexts.map(({ name }) => name).join(", ");
    throw refused(
      "kubernetes.no-current-context",
      names === "" ? "The kubeconfig has no contexts." : "The kubeconfig has no current context.",
      names === ""
        ? "Name another file with --kubeconfig, or have the tool that made the cluster write its context."
        : `Name one with --context: ${names}.`,
    );
  }
  const onPluginMessage = (context: string, line: string) =>
    report({ kind: "note", level: "info", text: `${context}: ${line}` });
  return chosen.map((context) => ({
    cluster: createCluster(kubeconfig, context, { allowInsecureTls, onPluginMessage, timeoutMs }),
    defaultNamespace: kubeconfig.contexts.find(({ name }) => name === context)?.namespace ?? "default",
  }));
}
