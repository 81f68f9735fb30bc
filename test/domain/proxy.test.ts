import { describe, expect, test } from "vitest";
import { proxyFor } from "../../src/domain/proxy.ts";

const proxy = "http://proxy.example:3128";

function proxyOf(server: string, noProxy: string): string {
  return proxyFor(new URL(server), { HTTPS_PROXY: proxy, NO_PROXY: noProxy });
}

describe("the way to a server", () => {
  test.each([
    ["https://localhost:6443", ""],
    ["https://127.0.0.1:41259", ""],
    ["https://127.9.9.9", "elsewhere.example"],
    ["https://[::1]:6443", ""],
    ["https://10.1.2.3:443", "192.168.0.0/16, 10.0.0.0/8"],
    ["https://[fd00::1]:443", "fd00::/8"],
    ["https://10.1.2.3", "10.1.2.3"],
    ["https://api.team.corp.example", "corp.example"],
    ["https://api.team.corp.example", ".CORP.example"],
    ["https://corp.example", "corp.example"],
    ["https://anything.example", "*"],
    ["https://management.azure.com", "Azure.COM"],
    ["https://management.azure.com", "elsewhere.example *.AZURE.com:443"],
    ["https://[fd00::1]", "fd00::1"],
    ["https://[fd00::1]:8443", "[fd00::1]:8443"],
  ])("to %s leads past the proxy where NO_PROXY is %j", (server, noProxy) => {
    expect(proxyOf(server, noProxy)).toBe("");
  });

  test.each([
    ["https://api.example", ""],
    ["https://11.1.2.3", "10.0.0.0/8"],
    ["https://10.1.2.3", "10.0.0.0/33,10.0.0.0/,/8,10.0.0/8,10.0.0.0/x"],
    ["https://[fd00::1]", "10.0.0.0/8"],
    ["https://notcorp.example", "corp.example"],
    ["https://api.corp.example", "corp.example:6443"],
    ["https://localhost.example", ""],
  ])("to %s leads through the proxy where NO_PROXY is %j", (server, noProxy) => {
    expect(proxyOf(server, noProxy)).toBe(proxy);
  });
});
