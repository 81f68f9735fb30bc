import { bearerToken, signJwt } from "../entra/token.ts";
import type { Route, SandboxRequest, SandboxResponse } from "../service.ts";
import type { JobRecord, World } from "../world.ts";

/** The path where a GitHub job asks for its token. The URL that the job is given also has a query. */
export const githubPath = "/actions/idtoken";
/** The path where an Azure Pipelines job asks for its token. */
export const azurePipelinesPath = "/devops/oidctoken";

/** The audience of tokens from Azure Pipelines and GitLab, which is set before the job runs. */
const entraAudience = "api://AzureADTokenExchange";

/**
 * Routes that give the job its tokens, as the CI services do.
 * Sources: https://docs.github.com/actions/reference/security/oidc and AzurePipelinesCredential of `@azure/identity`
 */
export function jobTokenRoutes(world: World): Route[] {
  const { job } = world;
  if (!job) return [];
  const routes: Record<JobRecord["runner"], Route[]> = {
    github: [
      {
        method: "GET",
        pattern: new RegExp(`^${githubPath}$`),
        handle: (request) =>
          ifJobsToken(job, request, async () => {
            // GitHub's default is the repository owner's page.
            const audience = request.query.get("audience") ?? "https://github.com/octo-org";
            return { count: 1, value: await jobToken(world, job, audience) };
          }),
      },
    ],
    "azure-pipelines": [
      {
        method: "POST",
        pattern: new RegExp(`^${azurePipelinesPath}$`),
        handle: (request) =>
          request.query.get("serviceConnectionId") === job.serviceConnectionId &&
          request.query.has("api-version")
            ? ifJobsToken(job, request, async () => ({ oidcToken: await jobToken(world, job) }))
            : { status: 404, body: { message: "The service connection could not be found." } },
      },
    ],
    gitlab: [],
  };
  return routes[job.runner];
}

/** A token of the job. The sandbox does not check its signature. */
export function jobToken(world: World, job: JobRecord, audience = entraAudience): Promise<string> {
  const { issuer: iss, subject: sub, tokenLifetimeMs } = job;
  return signJwt(world, { iss, sub, aud: audience }, tokenLifetimeMs / 1000);
}

async function ifJobsToken(
  { requestToken }: JobRecord,
  request: SandboxRequest,
  answer: () => Promise<unknown>,
): Promise<SandboxResponse> {
  if (bearerToken(request) !== requestToken) {
    return { status: 401, body: { message: "Unauthorized" } };
  }
  return { status: 200, body: await answer() };
}
