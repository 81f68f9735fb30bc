import { beforeEach, describe, expect, test } from "vitest";
import { guardSecrets } from "../../src/cli/guard-environment.ts";
import { forgetSecrets, holdsSecret } from "../../src/domain/known-secrets.ts";

beforeEach(forgetSecrets);

describe("the environment of a run", () => {
  test("that leaves certificates unverified is refused, with what to do instead", () => {
    const check = () => guardSecrets({ NODE_TLS_REJECT_UNAUTHORIZED: "0" });
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
    expect(() => guardSecrets({ NODE_TLS_REJECT_UNAUTHORIZED: value })).not.toThrow();
  });

  test("holds secrets that nobody else may repeat either", () => {
    guardSecrets({
      AZURE_CLIENT_SECRET: "the-client-secret",
      HTTPS_PROXY: "http://u:proxy%2Fpassword@p.example",
    });
    expect(
      ["client-secret", "proxy/password", "proxy%2Fpassword"].filter((one) => !holdsSecret(one)),
    ).toEqual([]);
    expect(holdsSecret("http://u@p.example")).toBe(false);
  });
});
