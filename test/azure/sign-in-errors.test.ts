import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { entraReason, signInError, type SignInAttempt } from "../../src/azure/sign-in-errors.ts";

describe("Entra's reason", () => {
  test.each([
    [
      "invalid_client: Error(s): 7000215 - Timestamp: 2026-01-01 00:00:00Z - Description: AADSTS7000215: Invalid client secret provided. Ensure the secret is right. - Correlation ID: 1 - Trace ID: 2",
      { number: 7_000_215, sentence: "AADSTS7000215: Invalid client secret provided." },
    ],
    [
      "AADSTS53003: Access has been blocked by Conditional Access policies. More.\r\nTrace ID: 1\r\nCorrelation ID: 2",
      {
        number: 53_003,
        sentence: "AADSTS53003: Access has been blocked by Conditional Access policies.",
      },
    ],
    [
      "AADSTS500011: The resource principal named https://a.example was not found Trace ID: 1",
      {
        number: 500_011,
        sentence: "AADSTS500011: The resource principal named https://a.example was not found",
      },
    ],
    ["AADSTS700016", { number: 700_016, sentence: "AADSTS700016" }],
  ])("in %j", (text, reason) => {
    expect(entraReason(text)).toEqual(reason);
  });

  test.each(["", "no number", "AADSTS: nothing"])("is not in %j", (text) => {
    expect(entraReason(text)).toBeUndefined();
  });
});

const attempt = (method: SignInAttempt["method"], env: SignInAttempt["env"] = {}): SignInAttempt => ({
  method,
  env,
  tenant: undefined,
  federationAudience: "api://AzureADTokenExchange",
});

describe("a failed sign-in", () => {
  test.each([
    ["AADSTS50076: Multi-factor.", "azure.conditional-access"],
    ["AADSTS53003: Blocked.", "azure.conditional-access"],
    ["AADSTS700016: Application not found.", "azure.wrong-tenant"],
    ["AADSTS90002: Tenant not found.", "azure.wrong-tenant"],
    ["AADSTS7000215: Invalid client secret provided.", "azure.not-signed-in"],
    ["AADSTS7000222: Expired.", "azure.not-signed-in"],
    ["something else", "azure.not-signed-in"],
  ])("by %j is %s, exit 3", (text, code) => {
    expect(signInError(text, attempt("environment"))).toMatchObject({ code, exitCode: 3 });
  });

  test("under Conditional Access says from which machine", () => {
    const error = signInError("AADSTS53003: Blocked.", attempt("cli"));
    expect(error.message).toContain(hostname());
  });

  const person = /managed device/;
  const workload = /policy for workload identities.*exclude the application/;
  test.each([
    ["cli", {}, person],
    ["browser", {}, person],
    ["environment", { AZURE_CLIENT_SECRET: "s" }, workload],
    ["environment", { AZURE_CLIENT_CERTIFICATE_PATH: "c" }, workload],
    ["workload-identity", {}, workload],
    ["github", {}, workload],
    ["azure-pipelines", {}, workload],
    ["managed-identity", {}, workload],
  ] as const)("under Conditional Access by %s with %j says who can change that", (method, env, hint) => {
    expect(signInError("AADSTS53003: Blocked.", attempt(method, env)).hint).toMatch(hint);
  });

  test.each([
    "AADSTS500011: The resource principal named x was not found.",
    "AADSTS90002: Tenant 't' not found.",
    "AADSTS900382: Confidential Client is not supported in Cross Cloud request.",
  ])("for %j says that another cloud may be meant", (text) => {
    expect(signInError(text, attempt("github")).hint).toContain("--cloud");
  });

  test("with the Azure CLI says which command fixes it", () => {
    const error = signInError("Please sign in.", { ...attempt("cli"), tenant: "contoso.example" });
    expect(error.hint).toContain("az login --tenant contoso.example");
    expect(error.hint).toContain("AZURE_CLIENT_ID");
  });

  test.each([
    [{ GITHUB_ACTIONS: "true" }, "id-token: write"],
    [{ TF_BUILD: "True" }, "SYSTEM_ACCESSTOKEN: $(System.AccessToken)"],
    [{ GITLAB_CI: "true" }, "AZURE_FEDERATED_TOKEN_FILE"],
  ])("with the Azure CLI in a job with %j says how the job signs in by itself", (env, hint) => {
    expect(signInError("Please sign in.", attempt("cli", env)).hint).toContain(hint);
  });
});
