import { beforeEach, describe, expect, test } from "vitest";
import { guardSecrets } from "../../src/cli/guard-environment.ts";
import { forgetSecrets, holdsSecret } from "../../src/domain/known-secrets.ts";

beforeEach(forgetSecrets);

describe("the environment of a run", () => {
  test("that leaves certificates unverified is refused, with what to do instead", () => {
    const check = () => guardSecrets({ env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
    expect(check).toThrow(/^NODE_TLS_REJECT_UNAUTHORIZED=0 /);
    expect(check).toThrow(
      expect.objectContaining({
        code: "usage.unverified-tls",
        exitCode: 2,
        hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
      }),
    );
  });

  test.each(["", "1", "false"])("may say NODE_TLS_REJECT_UNAUTHORIZED=%s, which changes nothing", (value) => {
    expect(guardSecrets({ env: { NODE_TLS_REJECT_UNAUTHORIZED: value } })).toEqual([]);
  });

  test.each([
    [{ NODE_DEBUG: "http" }, "NODE_DEBUG makes Node print requests"],
    [{ NODE_DEBUG: "fs,TLS" }, "NODE_DEBUG makes Node print requests"],
    [{ NODE_DEBUG: "h*" }, "NODE_DEBUG makes Node print requests"],
    [
      { NODE_OPTIONS: "--no-warnings --tls-keylog=/tmp/k" },
      "--tls-keylog makes Node write this run's secrets",
    ],
    [{ NODE_OPTIONS: "--report-on-signal" }, "--report-on-signal makes Node write this run's secrets"],
    [{ SSLKEYLOGFILE: "/tmp/k" }, "SSLKEYLOGFILE makes programs that acr-pull runs"],
    [
      { DEBUG: "*", https_proxy: "http://u:proxy-word@p.example" },
      "DEBUG makes the proxy agent print the proxy's password",
    ],
  ])("that has secrets shown is told of in one line: %j", (env, text) => {
    const [warning = "", ...more] = guardSecrets({ env });
    expect(warning).toContain(text);
    expect(warning).not.toMatch(/\n|proxy-word/);
    expect(more).toEqual([]);
  });

  test("is told of what Node was given on the command line too", () => {
    expect(guardSecrets({ env: {}, execArgv: ["--tls-keylog=/tmp/k"] })).toHaveLength(1);
  });

  test.each([
    { NODE_DEBUG: "fs,timer" },
    { NODE_DEBUG: "(" },
    { NODE_OPTIONS: "--max-old-space-size=100" },
    { DEBUG: "*" },
    { DEBUG: "*", https_proxy: "http://p.example" },
    { DEBUG: "express:*", https_proxy: "http://u:proxy-word@p.example" },
    { AZURE_LOG_LEVEL: "verbose" },
  ])("that shows none is not: %j", (env) => {
    expect(guardSecrets({ env })).toEqual([]);
  });

  test("holds secrets that nobody else may repeat either", () => {
    guardSecrets({
      env: { AZURE_CLIENT_SECRET: "the-client-secret", HTTPS_PROXY: "http://u:proxy%2Fpassword@p.example" },
    });
    expect(
      ["client-secret", "proxy/password", "proxy%2Fpassword"].filter((one) => !holdsSecret(one)),
    ).toEqual([]);
    expect(holdsSecret("http://u@p.example")).toBe(false);
  });
});
