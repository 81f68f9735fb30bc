import { describe, expect, test } from "vitest";
import { checkProxyVariables } from "../../src/cli/guard-environment.ts";

describe("the variables that name a proxy", () => {
  test.each([
    {},
    { HTTPS_PROXY: "" },
    { HTTPS_PROXY: "http://proxy.example:3128" },
    { https_proxy: "http://user:word@10.0.0.1" },
    { HTTPS_PROXY: "https://proxy.example", ALL_PROXY: "socks5://proxy.example" },
  ])("may be %j", (environment) => {
    expect(() => checkProxyVariables(environment)).not.toThrow();
  });

  test.each([
    { HTTPS_PROXY: "proxy.example:3128" },
    { https_proxy: "notaurl" },
    { HTTPS_PROXY: "", ALL_PROXY: "socks5://user:word@proxy.example" },
    { http_proxy: "http://" },
  ])("are refused by name and without their value: %j", (environment) => {
    const check = () => checkProxyVariables(environment);
    expect(check).toThrow(/_proxy is not the URL of an HTTP proxy$/i);
    expect(check).toThrow(expect.objectContaining({ code: "usage.proxy", exitCode: 2 }));
    expect(check).not.toThrow(/word|notaurl|3128/);
  });
});
