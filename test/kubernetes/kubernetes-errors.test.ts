import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ActionableError } from "../../src/domain/errors.ts";
import { ExchangeError } from "../../src/domain/http-exchange.ts";
import { inOneLine } from "../../src/domain/in-one-line.ts";
import { ApiStatusError, failedAttempt } from "../../src/kubernetes/api-status.ts";
import type { ApiRequest } from "../../src/kubernetes/api-request.ts";
import { kubernetesError } from "../../src/kubernetes/kubernetes-errors.ts";

const creating: ApiRequest = {
  context: "blue",
  verb: "create",
  resource: "secrets",
  namespace: "apps",
  name: "acr-secret",
};

function answered(code: number, reason: string, details: object = {}, message = "the server's sentence") {
  const body = JSON.stringify({ kind: "Status", status: "Failure", reason, message, code, details });
  return new ApiStatusError({ status: code, headers: { "audit-id": "audit-1" }, body: Buffer.from(body) });
}

function told(error: unknown, request = creating): ActionableError {
  const result = kubernetesError(error, request);
  if (!(result instanceof ActionableError)) throw new Error("is no ActionableError", { cause: result });
  return result;
}

describe("a refusal of the API server", () => {
  test.each([
    [401, "Unauthorized", {}, "kubernetes.unauthorized", 3, false],
    [403, "Forbidden", {}, "kubernetes.forbidden", 3, false],
    [403, "Forbidden", { causes: [{ reason: "NamespaceTerminating" }] }, "kubernetes.terminating", 3, false],
    [404, "NotFound", { kind: "namespaces", name: "apps" }, "kubernetes.namespace-not-found", 2, false],
    [404, "NotFound", { kind: "secrets" }, "kubernetes.not-found", 1, false],
    [409, "AlreadyExists", {}, "kubernetes.already-exists", 1, true],
    [409, "Conflict", {}, "kubernetes.conflict", 1, true],
    [422, "Invalid", { causes: [{ reason: "FieldValueInvalid" }] }, "kubernetes.invalid", 2, false],
    // Refused by a ValidatingAdmissionPolicy, and by a webhook that names no status.
    [422, "Invalid", { causes: [{ message: "no" }] }, "kubernetes.forbidden", 3, false],
    [400, "", {}, "kubernetes.forbidden", 3, false],
    [429, "TooManyRequests", {}, "kubernetes.busy", 1, true],
    [504, "Timeout", {}, "kubernetes.timed-out", 1, true],
    [500, "InternalError", {}, "kubernetes.failed", 1, true],
    [501, "NotImplemented", {}, "kubernetes.failed", 1, false],
    [400, "BadRequest", {}, "kubernetes.failed", 1, false],
  ] as const)("%i %s %j is %s", (code, reason, details, expected, exitCode, retryable) => {
    const error = told(answered(code, reason, details));
    expect(error).toMatchObject({ code: expected, exitCode, retryable, status: code, requestId: "audit-1" });
    expect(error.message).toContain("blue");
    expect(error.message).toContain(`The API server says: "the server's sentence"`);
  });

  test.each([
    ["3600", "1h"],
    ["0.2", "1s"],
    ["Thu, 01 Jan 2026 00:10:00 GMT", "10m"],
  ])("that names %s as the time to wait says so, for nobody waited that long", (retryAfter, duration) => {
    const headers = { "retry-after": retryAfter, date: "Thu, 01 Jan 2026 00:00:00 GMT" };
    const { message } = told(new ApiStatusError({ status: 429, headers, body: Buffer.alloc(0) }));
    expect(message).toContain(`It asks to wait ${duration}.`);
  });

  test.each(["0", "soon", undefined])(
    "that names no time to wait, but %j, says nothing of it",
    (retryAfter) => {
      const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
      const { message } = told(new ApiStatusError({ status: 429, headers, body: Buffer.alloc(0) }));
      expect(message).not.toContain("wait");
    },
  );

  test("is told by code and reason, whatever its sentence says", () => {
    fc.assert(
      fc.property(fc.string(), (message) => {
        expect(told(answered(409, "Conflict", {}, message)).code).toBe("kubernetes.conflict");
      }),
    );
  });

  const word = 'admission webhook "no.example" denied the request';
  const inWords =
    "secrets \"acr-secret\" is forbidden: ValidatingAdmissionPolicy 'no' with binding 'b' denied request: no";

  test.each([
    [
      "a webhook without a word",
      403,
      "",
      {},
      `${word} without explanation`,
      "the admission webhook no.example",
    ],
    ["a webhook", 401, "Unauthorized", {}, `${word}: no`, "the admission webhook no.example"],
    [
      "a webhook",
      403,
      "Forbidden",
      { causes: [{ reason: "x" }] },
      `${word}: no`,
      "the admission webhook no.example",
    ],
    ["a webhook", 404, "NotFound", { kind: "secrets" }, `${word}: no`, "the admission webhook no.example"],
    ["a webhook", 409, "AlreadyExists", {}, `${word}: no`, "the admission webhook no.example"],
    ["a webhook", 429, "", {}, `${word}: no`, "the admission webhook no.example"],
    [
      "a webhook that takes no rehearsals",
      400,
      "BadRequest",
      {},
      'admission webhook "no.example" does not support dry run',
      "the admission webhook no.example",
    ],
    [
      "a webhook of a strange name",
      400,
      "",
      {},
      'admission webhook "a\u001b[31m b" denied the request: no',
      "an admission webhook",
    ],
    ["a policy", 403, "Forbidden", { causes: [{}] }, inWords, "the ValidatingAdmissionPolicy no"],
    ["a policy", 413, "RequestEntityTooLarge", { causes: [{}] }, inWords, "the ValidatingAdmissionPolicy no"],
    [
      "policies",
      403,
      "Forbidden",
      { causes: [{}] },
      'secrets "acr-secret" is forbidden: admission request denied by policy',
      "an admission policy",
    ],
  ] as const)("by %s with %i %s is told as theirs", (_what, code, reason, details, message, by) => {
    const refusal = answered(code, reason, details, message);
    expect(told(refusal)).toMatchObject({ code: "kubernetes.forbidden", exitCode: 3, retryable: false });
    expect(told(refusal).hint).toContain(
      `The user has the right, but ${by} of the cluster denied the request`,
    );
    expect(failedAttempt(refusal)).toBeUndefined();
  });

  test("by a webhook that asks to wait is not waited for, and says nothing of it", () => {
    const body = JSON.stringify({ kind: "Status", message: `${word}: no`, code: 429 });
    const headers = { "retry-after": "100" };
    expect(told(new ApiStatusError({ status: 429, headers, body: Buffer.from(body) })).message).not.toContain(
      "wait",
    );
  });

  test("by a webhook that is itself in trouble is tried again, and told as trouble", () => {
    const trouble = answered(500, "", {}, `${word}: cannot reach its store`);
    expect(told(trouble)).toMatchObject({ code: "kubernetes.failed", retryable: true });
    expect(failedAttempt(trouble)).toMatchObject({ status: 500 });
  });

  test("in words that only look like a webhook's is told by its code", () => {
    const message = `secrets "admission webhook "x" denied the request" not found`;
    expect(told(answered(404, "NotFound", { kind: "secrets" }, message)).code).toBe("kubernetes.not-found");
  });

  test("to nobody is told as not signed in, and no right is advised to be given to nobody", () => {
    const message =
      'secrets is forbidden: User "system:anonymous" cannot create resource "secrets" in API group "" in the namespace "apps"';
    const error = told(answered(403, "Forbidden", { kind: "secrets" }, message));
    expect(error).toMatchObject({ code: "kubernetes.unauthorized", exitCode: 3, retryable: false });
    expect(error.hint).toContain("kubectl --context blue config view --minify");
    expect(error.hint).not.toContain("create role");
  });

  test("quotes a sentence as one line without control characters, and not without end", () => {
    const { message } = told(answered(403, "Forbidden", {}, `a\n\u001b[31mb${"c".repeat(5000)}`));
    expect(message).toContain(String.raw`"a\n\u001b[31mb`);
    expect(message.length).toBeLessThan(1000);
  });

  test.each([
    ["that is no Status", "<html>Bad gateway</html>"],
    ["that is another object", `{"kind":"Secret","message":"x","reason":"y"}`],
    ["that is null", "null"],
    ["whose details are of another form", `{"kind":"Status","details":{"causes":"none"},"message":7}`],
  ])("%s is told by its number", (_what, body) => {
    const error = told(new ApiStatusError({ status: 502, headers: {}, body: Buffer.from(body) }));
    expect(error).toMatchObject({ code: "kubernetes.failed", status: 502 });
    expect(error.message).not.toContain("says");
  });
});

describe("a missing right", () => {
  test.each([
    [
      creating,
      "kubectl --context blue create role acr-pull-secrets --namespace apps --verb=get,create,patch --resource=secrets",
    ],
    [
      { ...creating, verb: "list", namespace: undefined, name: undefined },
      "kubectl --context blue create clusterrole acr-pull-list-secrets --verb=list --resource=secrets",
    ],
    [
      { ...creating, verb: "patch", resource: "serviceaccounts" },
      "kubectl --context blue create role acr-pull-serviceaccounts --namespace apps --verb=get,patch --resource=serviceaccounts",
    ],
    [
      { ...creating, verb: "create", resource: "namespaces", namespace: undefined, name: "apps" },
      "kubectl --context blue create clusterrole acr-pull-namespaces --verb=get,create --resource=namespaces",
    ],
  ] as const)("comes with the command that grants it", (request, command) => {
    const { hint } = told(answered(403, "Forbidden"), request);
    expect(hint).toContain(`If the verb ${request.verb} on ${request.resource} is missing`);
    expect(hint).toContain(command);
  });

  test("is granted and bound by a role of its own, which no other right's command has created before", () => {
    const commands = (["get", "list", "delete"] as const).flatMap((verb) => {
      const { hint = "" } = told(answered(403, "Forbidden"), { ...creating, verb });
      return hint.match(/kubectl [^;]+?(?=;|\.$)/g) ?? [];
    });
    expect(commands.map((command) => command.split(" ").slice(3).join(" "))).toEqual([
      "create role acr-pull-secrets --namespace apps --verb=get,create,patch --resource=secrets",
      "create rolebinding acr-pull-secrets --namespace apps --role=acr-pull-secrets --user=USER",
      "create role acr-pull-list-secrets --namespace apps --verb=list --resource=secrets",
      "create rolebinding acr-pull-list-secrets --namespace apps --role=acr-pull-list-secrets --user=USER",
      "create role acr-pull-delete-secrets --namespace apps --verb=get,create,patch,delete --resource=secrets",
      "create rolebinding acr-pull-delete-secrets --namespace apps --role=acr-pull-delete-secrets --user=USER",
    ]);
  });

  test("is granted by a command that a shell reads as it was meant, whatever the context is called", () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      // A hint stays on one line, so a name that breaks it is not repeated as it is.
      .filter((text) => !text.includes("\0") && inOneLine(text) === text);
    fc.assert(
      fc.property(name, (context) => {
        const { hint = "" } = told(answered(403, "Forbidden"), { ...creating, context });
        const command = hint.slice(hint.indexOf("kubectl"), hint.indexOf("; and binds"));
        const printed = execFileSync("sh", ["-c", `kubectl() { printf '%s' "$2"; }\n${command}`]).toString();
        expect(printed).toBe(context);
      }),
      { numRuns: 40 },
    );
  });
});

describe("no answer", () => {
  test.each([
    ["no-connection", "ENOTFOUND", "kubernetes.unreachable", true],
    ["broken-connection", "ECONNRESET", "kubernetes.unreachable", true],
    ["untrusted-certificate", "SELF_SIGNED_CERT_IN_CHAIN", "kubernetes.untrusted-certificate", false],
    ["timed-out", undefined, "kubernetes.timed-out", true],
    ["too-large", undefined, "kubernetes.failed", false],
  ] as const)("by %s %s is %s", (failure, fault, code, retryable) => {
    const error = told(new ExchangeError(failure, fault, "why"));
    expect(error).toMatchObject({ code, retryable });
    expect(error.message).toContain("blue");
  });

  test("of another kind is a bug, and stays what it was", () => {
    const bug = new TypeError("bug");
    expect(kubernetesError(bug, creating)).toBe(bug);
  });
});
