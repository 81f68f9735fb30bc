import type { IdSource } from "../new-id.ts";
import type { JobRecord } from "../world.ts";
import type { JobSettings } from "../world-options.ts";

/** The issuer and subject of each service's tokens, from the examples in its documentation. */
const services = {
  // https://docs.github.com/actions/reference/security/oidc
  github: {
    issuer: "https://token.actions.githubusercontent.com",
    subject: "repo:octo-org/octo-repo:ref:refs/heads/main",
  },
  // https://learn.microsoft.com/azure/devops/pipelines/release/configure-workload-identity
  "azure-pipelines": {
    issuer: "https://vstoken.dev.azure.com/11111111-2222-4333-8444-555555555555",
    subject: "sc://contoso/payments/registry-connection",
  },
  // https://docs.gitlab.com/ci/secrets/id_token_authentication/
  gitlab: {
    issuer: "https://gitlab.com",
    subject: "project_path:my-group/my-project:ref_type:branch:ref:main",
  },
} as const satisfies Record<JobRecord["runner"], { issuer: string; subject: string }>;

/** The job that options describe. */
export function newJob({ runner, tokenLifetime, ...settings }: JobSettings, ids: IdSource): JobRecord {
  return {
    ...services[runner],
    ...settings,
    runner,
    tokenLifetimeMs: tokenLifetime,
    serviceConnectionId: ids.guid("service connection"),
    requestToken: ids.secret("job"),
  };
}

/** The federated credential that an administrator registers for the job. */
export function credentialFor({ issuer, subject }: JobRecord) {
  return { name: "job", issuer, subject, audience: "api://AzureADTokenExchange" };
}
