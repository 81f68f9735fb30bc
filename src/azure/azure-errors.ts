import { ActionableError, type ErrorDetails } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { ExchangeError, type ExchangeFailure } from "../domain/http-exchange.ts";
import { ServiceFailure, versionRefusals } from "./service-failure.ts";

/** Which rights a request needs, and so what a 403 means. */
export type Area = "registries" | "roles" | "directory";

/** What was being done when it failed. */
interface Task {
  /** Continues `Could not`, as in `list the owners of the application`. */
  readonly doing: string;
  readonly area: Area;
  /** What to do if a condition on the caller's own role stands in the way. */
  readonly hintOnCondition?: string;
}

/**
 * Runs one task and turns its failure into an error that a person can act on.
 * @throws ActionableError; the signal's reason when it aborts
 */
export async function perform<T>(task: Task, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw azureError(error, task);
  }
}

/** The failure of a task as an error that a person can act on. Any other error is returned unchanged. */
export function azureError(error: unknown, { doing, area, hintOnCondition }: Task): unknown {
  if (error instanceof ExchangeError) {
    return new ActionableError(`Could not ${doing}: ${error.message}`, unanswered[error.failure], {
      cause: error,
    });
  }
  if (!(error instanceof ServiceFailure)) return error;
  const { because = error.message, hint, ...details } = meaningOf(error, area);
  const isLimited = error.status === 403 && /ABAC condition not fulfilled/i.test(error.whole);
  const { requestId, status } = error;
  return new ActionableError(
    `Could not ${doing}: ${because}`,
    { ...details, hint: (isLimited && hintOnCondition) || hint, requestId, status },
    { cause: error },
  );
}

const unreachable = {
  code: "azure.unreachable",
  hint: "Check the network, --cloud, and the proxy in HTTPS_PROXY.",
};
const unanswered: Readonly<Record<ExchangeFailure, ErrorDetails>> = {
  "no-connection": { ...unreachable, retryable: true },
  "broken-connection": { ...unreachable, retryable: true },
  "too-large": unreachable,
  "timed-out": { ...unreachable, hint: "Run the same command again.", retryable: true },
  "untrusted-certificate": {
    code: "azure.untrusted-certificate",
    hint: "A proxy that inspects TLS, or a private cloud, has its own certificate authority: name its certificate in NODE_EXTRA_CA_CERTS.",
    docs: "https://nodejs.org/api/cli.html#node_extra_ca_certsfile",
  },
};

interface Meaning extends Omit<ErrorDetails, "requestId" | "status"> {
  /** The reason, if the code says more than the service's own sentence. */
  readonly because?: string;
}

function meaningOf(failure: ServiceFailure, area: Area): Meaning {
  const { codes, status } = failure;
  if (codes.includes("RequestDisallowedByPolicy")) {
    return status === 401 ? multiFactorRequired : forbiddenByPolicy(failure);
  }
  const code = codes.findLast((one) => Object.hasOwn(byCode, one));
  const known = code === undefined ? undefined : byCode[code];
  if (known) return known;
  if (status === 401) return notAccepted;
  if (status === 403) return forbidden[area];
  if (status === 404) return area === "directory" ? unknownObject : notFound;
  if (status === 409 && area === "directory") return busy;
  if (status === 429) return throttled;
  return status === 408 || status >= 500 ? troubled : unexplained;
}

/** What a refusal of a sign-in without multi-factor authentication means. */
export const multiFactorRequired = {
  code: "azure.mfa-required",
  because: "Azure demands multi-factor authentication (MFA) of a person who changes something.",
  hint: "Sign in again with MFA: az logout, then az login.",
  docs: "https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication",
  exitCode: exitCode.notAllowed,
} as const;

function forbiddenByPolicy({ message, policies }: ServiceFailure): Meaning {
  // What follows are ids in JSON.
  const [sentence = message] = message.split(/ Policy identifiers?(?:\(s\))?:/);
  return {
    code: "roles.policy",
    because: policies.length === 0 ? message : `${sentence} Azure Policy: ${policies.join(", ")}.`,
    hint: "Ask the people who manage the policies of the subscription for an exemption.",
    docs: "https://learn.microsoft.com/azure/governance/policy/troubleshoot/general",
    exitCode: exitCode.notAllowed,
  };
}

const notAccepted: Meaning = {
  code: "azure.not-signed-in",
  hint: "The token was not accepted: sign in again, for example with az login.",
  exitCode: exitCode.notAllowed,
};

const forbidden: Readonly<Record<Area, Meaning>> = {
  registries: {
    code: "azure.forbidden",
    hint: "Ask for the role Reader on the registry or its subscription.",
    docs: "https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/general#reader",
    exitCode: exitCode.notAllowed,
  },
  roles: {
    code: "roles.forbidden",
    hint: "Owner, User Access Administrator or Role Based Access Control Administrator on the registry may do this. If you just got the role, sign in again.",
    docs: "https://learn.microsoft.com/azure/role-based-access-control/troubleshooting",
    exitCode: exitCode.notAllowed,
  },
  directory: {
    code: "directory.forbidden",
    hint: "A person has to own the application or be Application Administrator (to register one, Application Developer is enough). A pipeline's principal needs Application.ReadWrite.OwnedBy with admin consent, and has to own the application: az ad app owner add --id APP_ID --owner-object-id OBJECT_ID",
    docs: "https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference",
    exitCode: exitCode.notAllowed,
  },
};

const notFound: Meaning = {
  code: "azure.not-found",
  hint: "Check the subscription, the resource group and the name.",
};
const unknownObject: Meaning = {
  code: "directory.not-found",
  hint: "A new object may be unknown for a while.",
  retryable: true,
};
const busy: Meaning = {
  code: "azure.failed",
  because: "the directory was busy with another change of the same object.",
  hint: "Run the same command again.",
  retryable: true,
};
const throttled: Meaning = {
  code: "azure.failed",
  hint: "There were too many requests: wait a few minutes and run the same command again.",
  retryable: true,
};
const troubled: Meaning = {
  code: "azure.failed",
  hint: "The service has a problem: run the same command again later.",
  retryable: true,
};
const unexplained: Meaning = {
  code: "azure.failed",
  hint: "Check the request. If it is correct, the service's support can find the reason from the request id.",
};
const versionMissing: Meaning = {
  code: "azure.failed",
  hint: "The Resource Manager of this cloud or location has no API version that acr-pull supports: check --cloud and --subscription, and ask its operator which versions of Microsoft.ContainerRegistry exist.",
};

const passwordPolicyDocs = "https://learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy";

/** What the services' own codes mean. If no code is known, the status decides. */
const byCode: Readonly<Record<string, Meaning>> = {
  CredentialInvalidLifetimeAsPerAppPolicy: {
    code: "directory.password-lifetime",
    because: "the tenant's policy does not allow a password to live that long.",
    hint: "Use a shorter --expires-in.",
    docs: passwordPolicyDocs,
    exitCode: exitCode.notAllowed,
  },
  CredentialTypeNotAllowedAsPerAppPolicy: {
    code: "directory.passwords-forbidden",
    because: "the tenant's policy allows no passwords on applications.",
    hint: "Ask a tenant administrator to exempt this application.",
    docs: passwordPolicyDocs,
    exitCode: exitCode.notAllowed,
  },
  ServiceTreeValueMissing: {
    code: "directory.service-tree",
    because: "this tenant requires a service management reference for every application.",
    hint: "Name it with --service-management-reference.",
    docs: "https://aka.ms/service-management-reference-error",
    exitCode: exitCode.usage,
  },
  Directory_QuotaExceeded: {
    code: "azure.limit",
    because: "the caller or the tenant has reached its limit of directory objects.",
    hint: "Permanently delete applications that are no longer needed (deleted ones count for 30 days), or ask an Application Administrator to run this.",
    docs: "https://learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions",
    exitCode: exitCode.notAllowed,
  },
  RoleAssignmentLimitExceeded: {
    code: "azure.limit",
    because: "the subscription has reached its limit of role assignments.",
    hint: "Remove assignments that are no longer needed, starting with those of deleted identities.",
    docs: "https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits",
    exitCode: exitCode.notAllowed,
  },
  Directory_ConcurrencyViolation: busy,
  ScopeLocked: {
    code: "roles.policy",
    hint: "Ask an administrator to remove the lock or to make the change.",
    docs: "https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources",
    exitCode: exitCode.notAllowed,
  },
  InvalidAuthenticationTokenTenant: {
    code: "azure.wrong-tenant",
    because: "the subscription does not belong to the tenant that you are signed in to.",
    hint: "Name the subscription's tenant with --tenant, or sign in there: az login --tenant TENANT.",
    exitCode: exitCode.notAllowed,
  },
  ...Object.fromEntries(versionRefusals.map((code) => [code, versionMissing])),
  SubscriptionNotFound: {
    code: "azure.no-subscription",
    hint: "Check --subscription, and that the signed-in account may see it. If it is in another tenant, name that with --tenant.",
    exitCode: exitCode.notAllowed,
  },
};
