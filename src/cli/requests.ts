import type { AzureRequest, ClusterRequest } from "./connections.ts";
import type { AnswersOf } from "./options/option.ts";
import type { clusterOptions, leaveOutOptions, runOptions, signInOptions } from "./options/options.ts";

/** Answers that say which services a command speaks to, and how long it waits for them. */
export type ServiceAnswers = Pick<AnswersOf<typeof signInOptions>, "cloud" | "tenant" | "auth"> &
  Pick<AnswersOf<typeof clusterOptions>, "kubeconfig" | "context" | "allowInsecureTls" | "execPlugins"> &
  Pick<AnswersOf<typeof runOptions>, "timeout" | "concurrency"> &
  Partial<AnswersOf<typeof leaveOutOptions>>;

/** Which Azure, and as whom. */
export function azureRequest({ cloud, tenant, auth, timeout: timeoutMs }: ServiceAnswers): AzureRequest {
  return { cloud, tenant, auth, timeoutMs };
}

/** Which clusters. */
export function clusterRequest({
  kubeconfig,
  context,
  allowInsecureTls,
  execPlugins,
  timeout,
  concurrency,
  leaveOut = [],
}: ServiceAnswers): ClusterRequest {
  return {
    kubeconfig,
    contexts: context,
    allowInsecureTls,
    execPlugins,
    timeoutMs: timeout,
    concurrency,
    leaveOut,
  };
}
