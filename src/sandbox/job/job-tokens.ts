import { bearerToken, signJwt } from "../entra/token.ts";
import type { Route, SandboxRequest, SandboxResponse } from "../service.ts";
import type { JobRecord, World } from "../world.ts";

/** Where a job of GitHub asks for its token; the query is part of the address that it is given. */
export const githubPath = "/actions/idtoken";
/** Where one of Azure Pipelines does. */
export const azurePipelinesPath = "/devops/oidctoken";

/** The audience that Azure Pipelines and GitLab are told beforehand. */
const entraAudience = "api://AzureADTokenExchange";

/**
 * Gives the job its tokens, as the CI services do.
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
          ifHis(job, request, async () => {
            // Without one GitHub names the owner's page.
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
            ? ifHis(job, request, async () => ({ oidcToken: await jobToken(world, job) }))
            : { status: 404, body: { message: "The service connection could not be found." } },
      },
    ],
    gitlab: [],
  };
  return routes[job.runner];
}

/** A token of the job; nobody here checks its signature. */
export function jobToken(world: World, job: JobRecord, audience = entraAudience): Promise<string> {
  const { issuer: iss, subject: sub, tokenLifetimeMs } = job;
  return signJwt(world, { iss, sub, aud: audience }, tokenLifetimeMs / 1000);
}

async function ifHis(
  { requestToken }: JobRecord,
  request: SandboxRequest,
  answer: () => Promise<unknown>,
): Promise<SandboxResponse> {
  if (bearerToken(request) !== requestToken) {
    return { status: 401, body: { message: "Unauthorized" } };
  }
  return { status: 200, body: await answer() };
}
