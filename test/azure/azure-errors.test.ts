import { describe, expect, test } from "vitest";
import { azureError, type Area } from "../../src/azure/azure-errors.ts";
import { ServiceFailure } from "../../src/azure/service-failure.ts";
import { ActionableError } from "../../src/domain/errors.ts";
import { ExchangeError, type ExchangeFailure } from "../../src/domain/http-exchange.ts";

function refusal(status: number, body: unknown, headers: Record<string, string> = {}): ServiceFailure {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new ServiceFailure(status, new Headers(headers), text);
}

function meant(failure: unknown, area: Area): ActionableError {
  const error = azureError(failure, { doing: "do it", area });
  if (!(error instanceof ActionableError)) throw new Error("not an ActionableError");
  return error;
}

describe("a refusal", () => {
  test.each<[number, string, Area, string, number, boolean]>([
    [401, "InvalidAuthenticationToken", "roles", "azure.not-signed-in", 3, false],
    [401, "InvalidAuthenticationTokenTenant", "registries", "azure.wrong-tenant", 3, false],
    [403, "AuthorizationFailed", "registries", "azure.forbidden", 3, false],
    [403, "AuthorizationFailed", "roles", "roles.forbidden", 3, false],
    [403, "Authorization_RequestDenied", "directory", "directory.forbidden", 3, false],
    [403, "Directory_QuotaExceeded", "directory", "azure.limit", 3, false],
    [403, "RequestDisallowedByPolicy", "roles", "roles.policy", 3, false],
    [401, "RequestDisallowedByPolicy", "roles", "azure.mfa-required", 3, false],
    [409, "ScopeLocked", "roles", "roles.policy", 3, false],
    [400, "RoleAssignmentLimitExceeded", "roles", "azure.limit", 3, false],
    [404, "SubscriptionNotFound", "registries", "azure.no-subscription", 3, false],
    [404, "ResourceNotFound", "registries", "azure.not-found", 1, false],
    [404, "Request_ResourceNotFound", "directory", "directory.not-found", 1, true],
    [400, "CredentialInvalidLifetimeAsPerAppPolicy", "directory", "directory.password-lifetime", 3, false],
    [400, "CredentialTypeNotAllowedAsPerAppPolicy", "directory", "directory.passwords-forbidden", 3, false],
    [400, "ServiceTreeValueMissing", "directory", "directory.service-tree", 2, false],
    [409, "Directory_ConcurrencyViolation", "directory", "azure.failed", 1, true],
    [409, "Request_Conflict", "directory", "azure.failed", 1, true],
    [409, "Conflict", "roles", "azure.failed", 1, false],
    [429, "TooManyRequests", "directory", "azure.failed", 1, true],
    [500, "InternalServerError", "roles", "azure.failed", 1, true],
    [400, "Request_BadRequest", "directory", "azure.failed", 1, false],
    [302, "", "registries", "azure.failed", 1, false],
  ])("by %i %s in %s is %s", (status, code, area, expected, exitCode, retryable) => {
    const error = meant(refusal(status, { error: { code, message: "no" } }), area);
    expect(error).toMatchObject({ code: expected, exitCode, retryable, status });
    expect(error.message).toMatch(/^Could not do it: ./);
  });

  test("is told by the most special code it carries", () => {
    const failure = refusal(400, {
      error: {
        code: "Request_BadRequest",
        message: "no",
        details: [{ code: "CredentialInvalidLifetimeAsPerAppPolicy", message: "no" }],
      },
    });
    expect(meant(failure, "directory").code).toBe("directory.password-lifetime");
  });

  test.each(["request-id", "x-ms-request-id", "x-ms-correlation-request-id"])(
    "carries the service's %s",
    (name) => {
      expect(meant(refusal(500, {}, { [name]: "r-1" }), "roles").requestId).toBe("r-1");
    },
  );

  test.each(["r 1", "r:<1>", "r".repeat(65), "You sent=x"])("carries no %s for an id", (id) => {
    expect(meant(refusal(500, {}, { "request-id": id }), "roles").requestId).toBeUndefined();
  });

  test("has no code but one of the form of a code", () => {
    const details = [{ code: "Two words" }, { code: "a".repeat(62) }, { code: "eyJ-x" }, { code: "7000215" }];
    const { codes } = refusal(400, { error: { code: "Request_BadRequest", details } });
    expect(codes).toEqual(["Request_BadRequest"]);
  });

  test.each(["", "<html>Bad gateway</html>", "null", "[]", '"text"', '{"error":"text"}'])(
    "without a readable body (%j) is told by its status",
    (body) => {
      expect(meant(refusal(502, body), "registries")).toMatchObject({
        code: "azure.failed",
        retryable: true,
      });
    },
  );

  test("at the top of the body is understood too", () => {
    const error = meant(refusal(403, { code: "RequestDisallowedByPolicy", message: "no" }), "roles");
    expect(error.code).toBe("roles.policy");
  });
});

describe("a refusal by a policy of Azure", () => {
  const identifiers = `Policy identifiers: '[{"policyAssignment":{"name":"p1","id":"/providers/x"}}]'.`;
  const body = (additionalInfo: unknown) => ({
    error: {
      code: "RequestDisallowedByPolicy",
      message: `Resource 'r' was disallowed by policy. ${identifiers}`,
      additionalInfo,
    },
  });

  test("names the policy in place of its ids", () => {
    const violation = { policyAssignmentDisplayName: "No roles by hand", policyAssignmentName: "p1" };
    const info = [{ type: "PolicyViolation", info: violation }];
    expect(meant(refusal(403, body(info)), "roles").message).toBe(
      "Could not do it: Resource 'r' was disallowed by policy. Azure Policy: No roles by hand.",
    );
  });

  test.each([[undefined], [[]], [["text", null, { info: { policyAssignmentDisplayName: 7 } }]]])(
    "keeps the ids where there is no name: %j",
    (info) => {
      expect(meant(refusal(403, body(info)), "roles").message).toContain(identifiers);
    },
  );
});

test("a refusal by a condition on the caller's own role says what the condition has to allow", () => {
  const message = "The client does not have authorization or an ABAC condition not fulfilled to perform it.";
  const answer = refusal(403, { error: { code: "AuthorizationFailed", message } });
  const task = { doing: "do it", area: "roles", hintOnCondition: "Allow it." } as const;
  expect(azureError(answer, task)).toMatchObject({ code: "roles.forbidden", hint: "Allow it." });
  expect(
    azureError(refusal(403, { error: { code: "AuthorizationFailed", message: "no" } }), task),
  ).toMatchObject({
    code: "roles.forbidden",
    hint: expect.stringContaining("User Access Administrator"),
  });
});

test.each<[ExchangeFailure, string, boolean]>([
  ["no-connection", "azure.unreachable", true],
  ["broken-connection", "azure.unreachable", true],
  ["too-large", "azure.unreachable", false],
  ["timed-out", "azure.unreachable", true],
  ["untrusted-certificate", "azure.untrusted-certificate", false],
])("no answer by %s is %s", (failure, code, retryable) => {
  const error = meant(new ExchangeError(failure, undefined, "why"), "registries");
  expect(error).toMatchObject({ code, retryable, message: "Could not do it: why" });
});

test("a bug stays a bug", () => {
  const bug = new TypeError("x is not a function");
  expect(azureError(bug, { doing: "do it", area: "roles" })).toBe(bug);
});
