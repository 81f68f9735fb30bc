import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { environmentInside, leakingVariables, shellLines, shellWord } from "../../src/sandbox/environment.ts";

const user = {
  PATH: "/usr/bin",
  HOME: "/home/ada",
  AZURE_CLIENT_ID: "mine",
  AZURE_FEDERATED_TOKEN_FILE: "/token",
  ACR_PULL_REGISTRY: "production",
  KUBECONFIG: "/home/ada/.kube/config",
  KUBERNETES_SERVICE_HOST: "10.0.0.1",
  UNSET: undefined,
};
const sandbox = {
  ACR_PULL_CLOUD: "https://localhost:1",
  AZURE_CLIENT_ID: "its",
  KUBECONFIG: "/tmp/kubeconfig",
};

describe("the environment inside the sandbox", () => {
  it("has the sandbox's variables, the user's others, and none that leads outside", () => {
    expect(environmentInside(user, sandbox, "/tmp/bin")).toEqual({
      ACR_PULL_CLOUD: "https://localhost:1",
      AZURE_CLIENT_ID: "its",
      KUBECONFIG: "/tmp/kubeconfig",
      HOME: "/home/ada",
      NO_PROXY: "localhost,127.0.0.1,::1",
      PATH: "/tmp/bin:/usr/bin",
    });
  });

  it.each([
    [{}, { NO_PROXY: "localhost,127.0.0.1,::1" }],
    [{ NO_PROXY: "a,localhost" }, { NO_PROXY: "a,localhost,127.0.0.1,::1" }],
    [{ no_proxy: "b" }, { NO_PROXY: "b,localhost,127.0.0.1,::1", no_proxy: "b,localhost,127.0.0.1,::1" }],
    [
      { NO_PROXY: "a", no_proxy: "b" },
      { NO_PROXY: "a,localhost,127.0.0.1,::1", no_proxy: "b,localhost,127.0.0.1,::1" },
    ],
  ])("keeps the proxy away from loopback when the user has %j", (own, expected) => {
    expect(environmentInside({ PATH: "x", ...own }, { NO_PROXY: "localhost" }, "/b")).toEqual({
      ...expected,
      PATH: "/b:x",
    });
  });

  it("names what leaks", () => {
    expect(leakingVariables(user)).toEqual([
      "ACR_PULL_REGISTRY",
      "AZURE_CLIENT_ID",
      "AZURE_FEDERATED_TOKEN_FILE",
      "KUBECONFIG",
      "KUBERNETES_SERVICE_HOST",
    ]);
  });
});

describe("the lines for a shell", () => {
  it("take away what leaks and set what the sandbox sets", () => {
    expect(shellLines(user, sandbox)).toEqual([
      "unset ACR_PULL_REGISTRY",
      "unset AZURE_FEDERATED_TOKEN_FILE",
      "unset KUBERNETES_SERVICE_HOST",
      "export ACR_PULL_CLOUD=https://localhost:1",
      "export AZURE_CLIENT_ID=its",
      "export KUBECONFIG=/tmp/kubeconfig",
      "export NO_PROXY=localhost,127.0.0.1,::1",
    ]);
  });

  it("hand any text to a real shell as it is", async () => {
    const words = fc.sample(fc.string({ unit: "binary" }), { numRuns: 200, seed: 1 }).filter(isArgument);
    const { stdout } = await promisify(execFile)("sh", [
      "-c",
      `for word in ${words.map(shellWord).join(" ")}; do printf '%s\\0' "$word"; done`,
    ]);
    expect(stdout.split("\0").slice(0, -1)).toEqual(words);
  });
});

/** An argument of a program cannot hold a NUL, and a lone surrogate does not come back from UTF-8. */
function isArgument(text: string): boolean {
  return !text.includes("\0") && Buffer.from(text).toString() === text;
}
