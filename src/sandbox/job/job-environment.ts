import type { Environment } from "../environment.ts";
import type { JobRecord, World } from "../world.ts";
import { azurePipelinesPath, githubPath, jobToken } from "./job-tokens.ts";

/** The variables that a CI service gives a job, and those that the documentation's examples set. */
export async function jobEnvironment(world: World, job: JobRecord): Promise<Environment> {
  const { azureUrl, tenantId, caller } = world;
  const names = { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: caller.appId };
  switch (job.runner) {
    case "github":
      return {
        ...names,
        CI: "true",
        GITHUB_ACTIONS: "true",
        ACTIONS_ID_TOKEN_REQUEST_URL: `${azureUrl}${githubPath}?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: job.requestToken,
      };
    case "azure-pipelines":
      return {
        TF_BUILD: "True",
        SYSTEM_OIDCREQUESTURI: `${azureUrl}${azurePipelinesPath}`,
        SYSTEM_ACCESSTOKEN: job.requestToken,
        AZURESUBSCRIPTION_TENANT_ID: tenantId,
        AZURESUBSCRIPTION_CLIENT_ID: caller.appId,
        AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: job.serviceConnectionId,
      };
    case "gitlab":
      // As the keyword `id_tokens` sets it. GitLab has no predefined variable for it.
      return { ...names, CI: "true", GITLAB_CI: "true", AZURE_ID_TOKEN: await jobToken(world, job) };
    default:
      return job.runner satisfies never;
  }
}
